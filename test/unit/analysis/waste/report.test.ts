import { describe, expect, it } from "vitest";
import { bloatShare, wasteHeadline, wasteReport } from "../../../../src/analysis/waste";
import type { Run } from "../../../../src/model/run";
import type { Trace } from "../../../../src/model/trace";
import type { WasteReport } from "../../../../src/model/waste";
import { random } from "../../../fixtures/simulation/random";
import { gpuDevice, manifestOf, packageDevice, traceHeader } from "../../store/everyRun";
import { columnsOf } from "../columns";

const phases = [
  { name: "data", meanS: 0.02, watts: 20 },
  { name: "forward", meanS: 0.03, watts: 60 },
  { name: "backward", meanS: 0.04, watts: 90 },
] as const;

interface Settings {
  /** What the phases draw, as a share of the above. */
  readonly powers?: number;
  readonly labels?: Record<string, string>;
  /** Whether the phases are a GPU's own spans, with the forward late by 10 ms of host time. */
  readonly device?: boolean;
}

/** Start-up, iterations with one stall and an evaluation in their midst, a tail: with the joules of each. */
function makeRun({ powers = 1, labels = {}, device = false }: Settings = {}) {
  const { between } = random(5);
  const steps: { atS: number; watts: number }[] = [];
  const trueJ: Record<string, number> = {};
  const spans = { phase: [] as number[], startS: [] as number[], durationS: [] as number[] };
  const own = { phase: [] as number[], startS: [] as number[], durationS: [] as number[] };
  const iterations = {
    loop: [] as number[],
    iteration: [] as number[],
    startS: [] as number[],
    durationS: [] as number[],
  };
  let nowS = 0;
  const pass = (name: string, durationS: number, watts: number, phase?: number) => {
    steps.push({ atS: nowS, watts });
    trueJ[name] = (trueJ[name] ?? 0) + watts * durationS;
    if (phase !== undefined) {
      for (const list of device && phase > 0 ? [spans, own] : [spans]) {
        list.phase.push(phase);
        list.startS.push(nowS);
        list.durationS.push(durationS);
      }
    }
    nowS += durationS;
  };
  pass("start-up", 2, 40);
  for (let k = 0; k < 90; k++) {
    const fromS = nowS;
    phases.forEach(({ name, meanS, watts }, phase) => {
      if (device && phase === 1) pass("host", 0.01, 25);
      pass(name, meanS * between(0.6, 1.4), watts * powers, phase);
    });
    pass(device ? "host" : "work", 0.006, device ? 25 : 30);
    if (k === 60) pass("stall", 1, 35);
    iterations.loop.push(0);
    iterations.iteration.push(k);
    iterations.startS.push(fromS);
    iterations.durationS.push(nowS - fromS);
    if (k === 30) {
      for (let batch = 0; batch < 5; batch++) {
        iterations.loop.push(1);
        iterations.iteration.push(batch);
        iterations.startS.push(nowS);
        iterations.durationS.push(0.2);
        pass("evaluation", 0.2, 70, 1);
      }
    }
  }
  pass("tail", 1.5, 15);
  steps.push({ atS: nowS, watts: 12 });
  const times = Array.from({ length: Math.ceil((nowS + 0.2) * 200) }, (_, k) => k / 200 - 0.1);
  const energyAt = (timeS: number) =>
    steps.reduce((sum, { atS, watts }, k) => {
      const untilS = Math.min(timeS, steps[k + 1]?.atS ?? Number.POSITIVE_INFINITY);
      return sum + Math.max(0, untilS - atS) * watts;
    }, 0);
  const columns = {
    ...columnsOf(
      times,
      times.map(() => 0),
    ),
    energyJ: Float64Array.from(times, energyAt),
  };
  columns.timeErrorS.fill(0.0005);
  const columnar = (list: typeof spans) => ({
    phase: Uint8Array.from(list.phase),
    iteration: new Int32Array(list.phase.length).fill(0),
    startS: Float64Array.from(list.startS),
    durationS: Float64Array.from(list.durationS),
    line: new Int32Array(list.phase.length),
    path: new Uint16Array(list.phase.length),
  });
  const trace: Trace = {
    header: traceHeader as Trace["header"],
    loops: [
      { id: 0, path: "/p/train.py", line: 10, endLine: 20, kind: "training" },
      { id: 1, path: "/p/train.py", line: 30, endLine: 40, kind: "evaluation" },
    ],
    phaseNames: phases.map(({ name }) => name),
    paths: ["/p/train.py"],
    spans: columnar(spans),
    ...(device && {
      deviceSpans: {
        ...columnar(own),
        device: new Uint8Array(own.phase.length),
        loop: new Int32Array(own.phase.length),
      },
    }),
    iterations: {
      loop: Uint16Array.from(iterations.loop),
      iteration: Int32Array.from(iterations.iteration),
      startS: Float64Array.from(iterations.startS),
      durationS: Float64Array.from(iterations.durationS),
    },
    counters: [],
    aggregates: [],
    notes: [],
  };
  const one = device ? { ...gpuDevice, updatePeriodS: 0.001 } : packageDevice;
  const manifest = manifestOf({ devices: [one] });
  const run: Run = {
    path: "/p/.wattline/runs/a",
    manifest: { ...manifest, end: { ...manifest.end!, timeS: nowS } },
    state: "finished",
    labels,
    durationS: nowS,
    samples: new Map([[one.id, columns]]),
    traces: [trace],
    faults: [],
  };
  return { run, trueJ, totalJ: Object.values(trueJ).reduce((sum, value) => sum + value, 0) };
}

function told(run: Run, others: readonly Run[] = []): WasteReport {
  const answer = wasteReport(run, { others });
  if (!answer.known) throw new Error(answer.reason);
  return answer.value;
}

const sumOf = ({ parts }: WasteReport) => parts.reduce((sum, { energyJ }) => sum + energyJ, 0);

describe("the waste of a run", () => {
  const made = makeRun();
  const waste = told(made.run);
  const part = (id: string) => waste.parts.find((one) => one.id === id);

  it("has every joule in one part", () => {
    expect(sumOf(waste) / waste.energyJ).toBeCloseTo(1, 12);
    expect(Math.abs(waste.energyJ / made.totalJ - 1)).toBeLessThan(0.005);
    expect(new Set(waste.parts.map(({ id }) => id)).size).toBe(waste.parts.length);
    const durations = waste.parts.reduce((sum, { durationS }) => sum + durationS, 0);
    expect(durations).toBeCloseTo(waste.run.durationS, 3);
  });

  it.each([
    ["forward", "useful"],
    ["backward", "useful"],
    ["data", "intrinsic"],
    ["stall", "outside"],
    ["start-up", "outside"],
    ["evaluation", "outside"],
    ["tail", "outside"],
  ])("gives %s its energy, as %s", (id, kind) => {
    expect(part(id)!.kind).toBe(kind);
    expect(Math.abs(part(id)!.energyJ / made.trueJ[id]! - 1)).toBeLessThan(0.06);
    expect(part(id)!.remedy === undefined).toBe(kind === "useful");
  });

  it("says in a sentence what was lost, and what would tell more", () => {
    const share = made.trueJ.data! / made.totalJ;
    expect(bloatShare(waste)).toBeCloseTo(share, 2);
    expect(wasteHeadline(waste)).toMatch(
      /^\d+(\.\d)? % of this run's energy bought no speed: .*waiting for data\. Another \d+ % was outside/,
    );
    expect(waste.notes.join(" ")).toMatch(/--label clock=/);
    expect(waste.stragglers).toEqual([]);
  });

  it("knows from a run at another clock, as fast, what the clocks cost, and takes it out of useful work", () => {
    const [high, low] = [makeRun({ labels: { clock: "1410" } }), makeRun({ labels: { clock: "1200" }, powers: 0.8 })];
    const swept = told(high.run, [low.run]);
    const clocks = swept.parts.find(({ id }) => id === "clocks")!;
    const usefulJ = made.trueJ.forward! + made.trueJ.backward!;
    expect(Math.abs(clocks.energyJ / (0.2 * usefulJ) - 1)).toBeLessThan(0.1);
    expect(clocks).toMatchObject({ kind: "intrinsic", name: "clock=1410 where clock=1200 is as fast" });
    expect(sumOf(swept) / swept.energyJ).toBeCloseTo(1, 12);
    const backwards = told(low.run, [high.run]);
    expect(backwards.parts.some(({ id }) => id === "clocks")).toBe(false);
    expect(backwards.notes.join(" ")).toMatch(/None of the 1 other runs/);
  });

  it("takes a GPU's own time line where there is one, and finds it waiting for the host", () => {
    const gpu = makeRun({ device: true });
    const own = told(gpu.run);
    for (const id of ["forward", "backward", "data", "host"]) {
      const one = own.parts.find((each) => each.id === id)!;
      expect(Math.abs(one.energyJ / gpu.trueJ[id]! - 1), id).toBeLessThan(0.08);
    }
    expect(sumOf(own) / own.energyJ).toBeCloseTo(1, 12);
  });

  it("says that there was no loop where nothing was traced", () => {
    const bare = told({ ...made.run, traces: [] });
    expect(bare.parts).toMatchObject([{ kind: "useful", energyJ: bare.energyJ }]);
    expect(bare.notes).toEqual(["No training loop was traced in this run.", expect.stringMatching(/lower clocks/)]);
  });

  it("says why where nothing was measured", () => {
    const answer = wasteReport({ ...made.run, samples: new Map() });
    expect(answer).toMatchObject({ known: false, reason: expect.stringMatching(/package-0/) });
  });
});
