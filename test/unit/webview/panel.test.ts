import { describe, expect, it } from "vitest";
import { formatEnergy } from "../../../src/model/format";
import type { Report } from "../../../src/model/report";
import { notes, sumPhases, tiles } from "../../../webview/run/numbers";
import { inseparable, phaseBars } from "../../../webview/run/phaseBars";
import { freshState, readState, stateFor } from "../../../webview/run/state";
import { findDrift } from "../../../webview/shared/chart/iterationStore";
import { pan, zoomAbout } from "../../../webview/shared/chart/zoom";
import { memoryHost } from "../../../webview/shared/host";
import { escapeXml } from "../../../webview/shared/picture";
import { makeRun, seeded } from "../../browser/makeRun";

const { report, view } = makeRun({ iterations: 60 });
const number = (of: Report, label: string) => tiles(of).find((tile) => tile.label === label)!;

describe("the numbers on top", () => {
  it("are those of the report, with the least certain source", () => {
    const mixed: Report = {
      ...report,
      devices: report.devices.map((device, i) => (i === 1 ? { ...device, source: "estimated" } : device)),
    };
    expect(number(report, "energy").source).toBe("measured");
    expect(number(mixed, "energy").source).toBe("estimated");
    const mean = number(report, "mean power");
    expect(Number(mean.number)).toBeCloseTo(report.energyJ! / report.run.durationS, 0);
  });

  it("say what bounds them where the run was too short", () => {
    const { energyJ: _, ...rest } = report;
    const short: Report = { ...rest, energyAtMostJ: 12.3, runAtLeastS: 4.2, phases: [] };
    expect(number(short, "energy")).toMatchObject({
      number: "≤ 13",
      unit: "J",
      reason: "too short to say; run at least 5 s",
    });
    expect(number(short, "mean power")).toMatchObject({ number: "–", reason: "too short to say; run at least 5 s" });
  });

  it("are not shown as numbers where the error is larger", () => {
    const doubtful: Report = { ...report, standardErrorJ: report.energyJ! * 2 };
    expect(number(doubtful, "energy").number).toBe("–");
    expect(number(doubtful, "energy").reason).toMatch(/^too short to say/);
  });

  it("say that there is no trace, not that there was no wait", () => {
    const untraced: Report = { ...report, phases: [], warnings: [{ code: "no-trace", message: "Not traced." }] };
    expect(number(untraced, "data wait")).toMatchObject({ number: "–", reason: "not traced" });
    const noWait: Report = { ...report, phases: report.phases.filter((row) => row.phase !== "data") };
    expect(number(noWait, "data wait")).toMatchObject({ number: "–", reason: "no wait for data was seen" });
  });
});

describe("energy by phase", () => {
  it("adds ranks and devices, errors as squares, and with the rest makes the total", () => {
    const rows = phaseBars(report, new Map());
    expect(rows.map((row) => row.id)).toEqual(["data", "forward", "backward", "optimizer", "other"]);
    expect(rows.reduce((sum, row) => sum + row.value, 0)).toBeCloseTo(report.energyJ!, 6);
    const own = report.phases.filter((row) => row.phase === "forward");
    expect(sumPhases(report)[1]!.standardErrorJ).toBeCloseTo(Math.hypot(...own.map((row) => row.standardErrorJ)), 9);
  });

  it("says once which phases cannot be told apart, and what they used together", () => {
    const twins: Report = {
      ...report,
      phases: report.phases.map((row) => ({
        ...row,
        ...(row.phase === "forward"
          ? { inseparableFrom: ["backward"] }
          : row.phase === "backward"
            ? { inseparableFrom: ["forward"] }
            : {}),
      })),
    };
    expect(inseparable(twins)).toHaveLength(1);
    const together = sumPhases(report).filter((sum) => ["forward", "backward"].includes(sum.phase));
    const sum = formatEnergy(together.reduce((total, one) => total + one.energyJ, 0));
    expect(inseparable(twins)[0]).toBe(
      `forward and backward cannot be told apart in this run; together they used ${sum}.`,
    );
  });
});

describe("notes on top", () => {
  it("put what went wrong before what is only said", () => {
    const warnings: Report["warnings"] = [
      { code: "estimate-only", message: "Estimated." },
      { code: "meter-lost", message: "Lost." },
      { code: "tracer-thinned", message: "Thinned." },
    ];
    expect(notes({ ...view, report: { ...report, warnings } }).map((note) => note.text)).toEqual([
      "Lost.",
      "Estimated.",
    ]);
  });

  it("say that a run was interrupted or failed, even before there is a report", () => {
    const { report: _, exitCode: __, ...bare } = view;
    expect(notes({ ...bare, state: "interrupted" })[0]?.text).toMatch(/interrupted/);
    expect(notes({ ...bare, exitCode: 3 })[0]?.text).toMatch(/exit code 3/);
    expect(notes({ ...bare, signal: "SIGKILL" })[0]?.text).toMatch(/SIGKILL/);
  });
});

describe("the trend over iterations", () => {
  const make = (slope: number, seed: number) => {
    const random = seeded(seed);
    return Float64Array.from({ length: 300 }, (_, i) => 10 + (slope * i) / 300 + (random() - 0.5));
  };
  it("is found where there is one", () => {
    const drift = findDrift(make(1, 1), new Uint8Array(300))!;
    expect(drift.last - drift.first).toBeCloseTo(1, 0);
  });
  it("is not found in noise", () => {
    const found = Array.from({ length: 100 }, (_, seed) => findDrift(make(0, seed + 1), new Uint8Array(300))).filter(
      Boolean,
    );
    expect(found).toHaveLength(0);
  });
  it("does not follow what is left out", () => {
    const values = make(0, 3).map((value, i) => (i > 150 ? value + 40 : value));
    expect(
      findDrift(
        values,
        Uint8Array.from(values, (value) => (value > 30 ? 2 : 0)),
      ),
    ).toBeUndefined();
    expect(findDrift(values, new Uint8Array(300))).toBeDefined();
  });
});

describe("zooming", () => {
  const all = { from: 0, to: 100 };
  it("keeps the place under the pointer", () => {
    const window = zoomAbout({ from: 20, to: 40 }, 25, 0.5, all, 1)!;
    expect(window).toEqual({ from: 22.5, to: 32.5 });
  });
  it("ends at the whole and at the narrowest window", () => {
    expect(zoomAbout({ from: 10, to: 90 }, 50, 2, all, 1)).toBeUndefined();
    const close = zoomAbout({ from: 10, to: 12 }, 11, 0.01, all, 1)!;
    expect(close.to - close.from).toBeCloseTo(1, 9);
  });
  it("moves without leaving the whole", () => {
    expect(pan({ from: 80, to: 95 }, 20, all)).toEqual({ from: 85, to: 100 });
  });
});

describe("what a panel keeps", () => {
  it("is read back, and nonsense is not", () => {
    const kept = { ...freshState, subject: "a", zoom: { from: 1, to: 2 }, tables: ["power"] };
    expect(readState(structuredClone(kept))).toEqual(kept);
    for (const nonsense of [undefined, null, 7, "x", { zoom: { from: 2, to: 1 }, tables: [1], hiddenDevices: "x" }]) {
      expect(readState(nonsense)).toEqual(freshState);
    }
  });
  it("goes to another run without the zoom", () => {
    const kept = { ...freshState, subject: "a", zoom: { from: 1, to: 2 }, quantity: "time" as const };
    expect(stateFor(kept, "a")).toBe(kept);
    expect(stateFor(kept, "b")).toEqual({ ...freshState, subject: "b", quantity: "time" });
  });
  it("is a copy in memory as it is in VS Code", () => {
    const host = memoryHost<unknown, unknown>();
    const state = { list: [1] };
    host.setState(state);
    state.list.push(2);
    expect(host.getState()).toEqual({ list: [1] });
  });
});

describe("text in a picture", () => {
  it("is no markup, and nothing that XML cannot hold", () => {
    expect(escapeXml(`<a href="x">&'`)).toBe("&lt;a href=&quot;x&quot;&gt;&amp;&apos;");
    expect(escapeXml("a\u0000b\ud800c")).toBe("a\ufffdb\ufffdc");
    expect(escapeXml("😀")).toBe("😀");
  });
});
