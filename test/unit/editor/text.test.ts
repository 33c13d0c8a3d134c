import { describe, expect, it } from "vitest";
import type { LiveTotals } from "../../../src/analysis/liveTotals";
import { worthALens } from "../../../src/editor/codeLens/worthALens";
import { endSentence, runContext, runDescription, runIcon, runTooltip } from "../../../src/editor/runs/text";
import { plain } from "../../../src/editor/shared/markdown";
import { spokenText, statusText, statusTooltip } from "../../../src/editor/statusBar/text";
import type { Device } from "../../../src/model/device";
import type { Loop } from "../../../src/source/loop";
import type { RunListing } from "../../../src/store/runs";

const cpu: Device = { id: "rapl:0", kind: "cpu", name: "package-0", meter: "rapl", source: "measured", counted: true };
const core: Device = { ...cpu, id: "rapl:0:0", name: "core", counted: false, partOf: "rapl:0" };

const measured: LiveTotals = { powerW: 41.2, source: "measured", devices: [{ device: cpu, powerW: 41.2 }] };

describe("the status bar", () => {
  it("shows watts at rest, watts and joules in a run", () => {
    expect(statusText(measured)).toBe("$(zap) 41 W");
    expect(statusText({ ...measured, powerW: 62.7, energyJ: 1243 })).toBe("$(zap) 63 W · 1.24 kJ");
  });

  it("marks an estimate", () => {
    expect(statusText({ ...measured, source: "estimated" })).toBe("$(zap) ~41 W");
    expect(spokenText({ ...measured, source: "estimated" }, false)).toBe("Wattline: about 41 W");
  });

  it("shows a dash where nothing is known, never zero", () => {
    expect(statusText(undefined)).toBe("$(zap) –");
    expect(statusText({ devices: [] })).toBe("$(zap) –");
    expect(spokenText(undefined, false)).toBe("Wattline: power not known");
  });

  it("keeps small and large powers readable", () => {
    expect(statusText({ ...measured, powerW: 4.26 })).toBe("$(zap) 4.3 W");
    expect(statusText({ ...measured, powerW: 2412 })).toBe("$(zap) 2.41 kW");
  });

  it("lists each device with its source in the tooltip, and a way to the meters", () => {
    const totals: LiveTotals = { ...measured, devices: [...measured.devices, { device: core }] };
    const text = statusTooltip(totals, undefined);
    expect(text).toContain("| package\\-0 | 41.2 W | ● measured |");
    expect(text).toContain("| core (part of another) | – | ● measured |");
    expect(text).toContain("command:wattline.showMeters");
    expect(statusTooltip(undefined, undefined)).toContain("Nothing is read right now.");
  });

  it("shows joules so far by device in a run", () => {
    const totals: LiveTotals = { ...measured, energyJ: 1243, devices: [{ device: cpu, powerW: 41.2, energyJ: 1243 }] };
    expect(statusTooltip(totals, { script: "train" })).toContain("| package\\-0 | 41.2 W | 1.24 kJ | ● measured |");
  });

  it("shows a device's name as text, whatever is in it", () => {
    const hostile = { ...cpu, name: "[click](command:evil) | <img src=x> $(bug)\n# a" };
    const text = statusTooltip({ ...measured, devices: [{ device: hostile, powerW: 1 }] }, undefined);
    expect(text).not.toMatch(/[^\\]\]\(command:evil|[^\\]<img|[^\\]\$\(bug/);
    expect(plain("a|b")).toBe("a\\|b");
  });
});

const finished: RunListing = {
  path: "/w/.wattline/runs/a",
  id: "2026-11-24T12-04-31-train",
  script: "train",
  labels: {},
  state: "finished",
  startedAt: "2026-11-24T12:04:31.000Z",
  durationS: 31.2,
  energyJ: 1243,
  source: "measured",
  exitCode: 0,
  bytes: 120_000,
};
const now = new Date("2026-11-24T13:00:00Z");

describe("an entry of the Runs view", () => {
  it("says energy, duration and label", () => {
    expect(runDescription(finished, now)).toBe("1.24 kJ · 31.2 s");
    expect(runDescription({ ...finished, labels: { name: "bf16", lr: "1e-3" } }, now)).toBe(
      "1.24 kJ · 31.2 s · bf16 · lr=1e-3",
    );
    expect(runDescription({ ...finished, source: "estimated" }, now)).toBe("~1.24 kJ · 31.2 s");
  });

  it("marks runs that go on, were interrupted, failed or cannot be read", () => {
    const { durationS: _, energyJ: __, ...bare } = finished;
    expect(runDescription({ ...bare, state: "running" }, now)).toBe("live");
    expect(runDescription({ ...finished, state: "interrupted" }, now)).toBe("interrupted · 1.24 kJ · 31.2 s");
    expect(runDescription({ ...finished, fault: "It is not JSON." }, now)).toBe("cannot be read");
    expect(runContext({ ...finished, state: "running" })).toBe("run.live");
    expect(runContext({ ...finished, fault: "It is not JSON." })).toBe("run.faulty");
    expect(runIcon({ ...finished, exitCode: 1 }).icon).toBe("warning");
    expect(runTooltip({ ...finished, exitCode: 1 }, now)).toContain("exit code 1");
  });

  it("says when a run began where nothing else is known of it", () => {
    const { durationS: _, energyJ: __, ...bare } = finished;
    expect(runDescription(bare, now)).toMatch(/\d\d:\d\d$/);
  });

  it("has one sentence for the end of a run", () => {
    expect(endSentence(finished)).toBe("train used 1.24 kJ in 31.2 s.");
    expect(endSentence({ ...finished, source: "estimated" })).toBe("train used about 1.24 kJ in 31.2 s.");
    expect(endSentence({ ...finished, exitCode: 1 })).toBe(
      "train ended with exit code 1 after 31.2 s. It used 1.24 kJ.",
    );
    const { energyJ: _, ...unknown } = finished;
    expect(endSentence(unknown)).toBe("train ended after 31.2 s.");
  });
});

describe("loops that are worth a CodeLens", () => {
  const loop = (line: number, kind: Loop["kind"], level: Loop["level"]): Loop => ({
    line,
    endLine: line + 5,
    kind,
    level,
    framework: "pytorch",
    confidence: 1,
    evidence: [],
  });

  it("are those whose iterations are steps, not the epochs around them nor evaluation", () => {
    const loops = [
      loop(1, "training", "epoch"),
      loop(2, "training", "batch"),
      loop(9, "evaluation", "batch"),
      loop(20, "training", "call"),
    ];
    expect(worthALens(loops).map(({ line }) => line)).toEqual([2, 20]);
  });

  it("are inference loops in a file that trains nothing", () => {
    expect(worthALens([loop(3, "inference", "batch")]).map(({ line }) => line)).toEqual([3]);
    expect(worthALens([loop(3, "inference", "batch"), loop(9, "training", "batch")]).map(({ line }) => line)).toEqual([
      9,
    ]);
  });
});
