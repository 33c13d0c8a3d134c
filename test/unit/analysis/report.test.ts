import { describe, expect, it } from "vitest";
import { headline } from "../../../src/analysis/headline";
import { loopSummary } from "../../../src/analysis/loopSummary";
import { report } from "../../../src/analysis/report";
import { indicatorsText } from "../../../src/cli/indicatorsText";
import { reportTable } from "../../../src/cli/reportTable";
import type { Calibration } from "../../../src/model/calibration";
import type { Manifest } from "../../../src/model/manifest";
import type { Run } from "../../../src/model/run";
import type { SampleColumns } from "../../../src/model/sample";
import type { LayerMeasure, Trace } from "../../../src/model/trace";
import { gpuDevice, manifestOf, packageDevice, traceHeader } from "../store/everyRun";
import { columnsOf } from "./columns";

/** Seconds and watts of each phase of the made-up loop; the rest of an iteration is `other`. */
const phases = [
  { name: "data", meanS: 0.02, watts: 20 },
  { name: "forward", meanS: 0.03, watts: 60 },
  { name: "backward", meanS: 0.04, watts: 90 },
] as const;
const otherS = 0.005;
const otherW = 30;
const idleW = 10;

interface Made {
  readonly run: Run;
  readonly trueJ: Readonly<Record<string, number>>;
  readonly totalJ: number;
}

/** Uniform in 0..1, the same sequence in every test. */
function random(seed: number) {
  let state = seed;
  return () => {
    state = (state * 1664525 + 1013904223) % 2 ** 32;
    return state / 2 ** 32;
  };
}

/** A run of `iterations` with a counter of a millisecond, read a hundred times a second. */
function makeRun(iterations: number, more: { devices?: Manifest["devices"]; traced?: boolean } = {}): Made {
  const next = random(7);
  const steps: { startS: number; watts: number }[] = [{ startS: -1, watts: idleW }];
  const spans = { phase: [] as number[], iteration: [] as number[], startS: [] as number[], durationS: [] as number[] };
  const rows = { iteration: [] as number[], startS: [] as number[], durationS: [] as number[] };
  const trueJ: Record<string, number> = {};
  let atS = 0.5;
  for (let iteration = 0; iteration < iterations; iteration++) {
    const beganS = atS;
    phases.forEach(({ name, meanS, watts }, column) => {
      const durationS = meanS * (0.5 + next());
      steps.push({ startS: atS, watts });
      spans.phase.push(column);
      spans.iteration.push(iteration);
      spans.startS.push(atS);
      spans.durationS.push(durationS);
      trueJ[name] = (trueJ[name] ?? 0) + watts * durationS;
      atS += durationS;
    });
    steps.push({ startS: atS, watts: otherW });
    atS += otherS;
    rows.iteration.push(iteration);
    rows.startS.push(beganS);
    rows.durationS.push(atS - beganS);
  }
  steps.push({ startS: atS, watts: idleW });
  const endS = atS + 0.5;
  const energyAt = (timeS: number) =>
    steps.reduce((sum, step, index) => {
      const untilS = Math.min(timeS, steps[index + 1]?.startS ?? Number.POSITIVE_INFINITY);
      return sum + Math.max(0, untilS - step.startS) * step.watts;
    }, 0);
  const devices = more.devices ?? [packageDevice];
  const trace: Trace = {
    header: traceHeader as Trace["header"],
    loops: [{ id: 0, path: "/p/train.py", line: 10, endLine: 20, kind: "training" }],
    phaseNames: phases.map(({ name }) => name),
    paths: ["/p/train.py"],
    spans: {
      phase: Uint8Array.from(spans.phase),
      iteration: Int32Array.from(spans.iteration),
      startS: Float64Array.from(spans.startS),
      durationS: Float64Array.from(spans.durationS),
      line: Int32Array.from(spans.phase, (column) => 11 + column),
      path: new Uint16Array(spans.phase.length),
    },
    iterations: {
      loop: new Uint16Array(iterations),
      iteration: Int32Array.from(rows.iteration),
      startS: Float64Array.from(rows.startS),
      durationS: Float64Array.from(rows.durationS),
    },
    counters: [
      { name: "samples", timeS: 1, value: 100 },
      { name: "samples", timeS: 2, value: 420 },
      { name: "parameters", timeS: 1, value: 12_345 },
    ],
    aggregates: [],
    notes: [],
    overhead: { calls: 100, seconds: 0.001 * iterations },
  };
  const samples = new Map<string, SampleColumns>(
    devices.map((device) => [device.id, countedEvery(0.01, endS, energyAt)]),
  );
  const manifest = manifestOf({
    devices,
    child: { pid: 7, startS: 0 },
    end: { ...manifestOf().end!, timeS: endS },
  });
  const run: Run = {
    path: "/p/.wattline/runs/r",
    manifest,
    state: "finished",
    labels: {},
    durationS: endS,
    samples,
    traces: more.traced === false ? [] : [trace],
    faults: [],
  };
  return { run, trueJ, totalJ: energyAt(endS) - energyAt(0) };
}

function countedEvery(stepS: number, endS: number, energyAt: (timeS: number) => number): SampleColumns {
  const times: number[] = [];
  for (let timeS = -0.1; timeS < endS + 0.1; timeS += stepS) times.push(timeS);
  const columns = columnsOf(
    times,
    times.map(() => 0),
  );
  return {
    ...columns,
    energyJ: Float64Array.from(times, energyAt),
    timeErrorS: new Float64Array(times.length).fill(0.0005),
  };
}

const changed = (run: Run, manifest: Partial<Manifest>): Run => ({
  ...run,
  manifest: { ...run.manifest, ...manifest },
});

describe("the report of a run", () => {
  const made = makeRun(200);
  const told = report(made.run);

  it("has the energy that was used, and rows and other add up to it", () => {
    expect(Math.abs(told.energyJ! / made.totalJ - 1)).toBeLessThan(0.002);
    const parts = told.phases.reduce((sum, { energyJ }) => sum + energyJ, told.other.energyJ!);
    expect(parts).toBeCloseTo(told.energyJ!, 6);
    const durations = told.phases.reduce((sum, { durationS }) => sum + durationS, told.other.durationS);
    expect(durations).toBeCloseTo(told.run.durationS, 6);
  });

  it("finds the energy of each phase", () => {
    for (const row of told.phases) {
      expect(Math.abs(row.energyJ / made.trueJ[row.phase]! - 1), row.phase).toBeLessThan(0.05);
      expect(row.spans).toBe(200);
    }
    expect(told.phases.map(({ phase }) => phase)).toEqual(["data", "forward", "backward"]);
  });

  it("has the iterations of the main loop with their energy", () => {
    const perIterationJ =
      (Object.values(made.trueJ).reduce((sum, joules) => sum + joules, 0) + 200 * otherS * otherW) / 200;
    expect(told.iterations.count).toBe(200);
    expect(told.iterations.loop).toEqual({ path: "/p/train.py", line: 10, endLine: 20 });
    expect(Math.abs(told.iterations.energyPerIterationJ! / perIterationJ - 1)).toBeLessThan(0.05);
    expect(told.self.addedTimePerIterationS).toBeCloseTo(0.001, 9);
  });

  it("has the indicators that the trace gives", () => {
    expect(told.indicators).toMatchObject({ samplesPerS: 320, parameters: 12_345 });
    const perIteration = 320 * told.iterations.durationPerIterationS!;
    expect(told.indicators!.energyPerSampleJ).toBeCloseTo(told.iterations.energyPerIterationJ! / perIteration, 9);
  });

  it("takes a GPU's phases from the GPU's own time line: the host had asked for them long before", () => {
    const { run, trueJ } = makeRun(200, { devices: [gpuDevice] });
    const [trace] = run.traces;
    const { spans } = trace!;
    const count = spans.phase.length;
    const deviceSpans = { ...spans, device: new Uint8Array(count), loop: new Int32Array(count) };
    // The host is done with each phase in a tenth of its time.
    const host = { ...spans, durationS: spans.durationS.map((value) => value / 10) };
    const devices = [{ index: 0, kind: "cuda", name: gpuDevice.name, uuid: "GPU-1" }];
    const asked = report({ ...run, traces: [{ ...trace!, spans: host, deviceSpans, devices }] }).phases;
    for (const { phase, energyJ, durationS } of asked) {
      expect(Math.abs(energyJ / trueJ[phase]! - 1)).toBeLessThan(0.05);
      expect(durationS).toBeCloseTo(
        spans.durationS.reduce((sum, value, k) => sum + (trace!.phaseNames[spans.phase[k]!] === phase ? value : 0), 0),
        6,
      );
    }
    expect(asked.length).toBe(3);
    // Of another GPU's time line nothing is taken.
    const other = [{ ...devices[0]!, uuid: "GPU-7" }];
    const two = { ...run, manifest: { ...run.manifest, devices: [gpuDevice, { ...gpuDevice, id: "nvml:GPU-2" }] } };
    const samples = new Map([...run.samples, ["nvml:GPU-2", run.samples.get(gpuDevice.id)!]]);
    const wrong = report({ ...two, samples, traces: [{ ...trace!, spans: host, deviceSpans, devices: other }] }).phases;
    for (const { durationS } of wrong) expect(durationS).toBeLessThan(2);
  });

  it("leaves iterations in which layers were measured out of what one takes, and counts them", () => {
    const { run } = makeRun(200);
    const [trace] = run.traces;
    const sampled = Uint8Array.from({ length: 200 }, (_, k) => ([50, 51, 120].includes(k) ? 1 : 0));
    const durationS = trace!.iterations.durationS.map((value, k) => (sampled[k] === 1 ? value * 100 : value));
    const measured = { ...trace!, iterations: { ...trace!.iterations, durationS, sampled } };
    const found = report({ ...run, traces: [measured] }).iterations;
    expect(found.count).toBe(200);
    expect(found.excluded).toMatchObject({ outliers: 0, layerTable: 3 });
    expect(found.durationPerIterationS).toBeLessThan(told.iterations.durationPerIterationS! * 1.02);
    expect(told.iterations.excluded).not.toHaveProperty("layerTable");
  });

  /** The same run with iterations of these lengths, one after the other. */
  function withDurations(duration: (k: number) => number): Run {
    const { run } = makeRun(200);
    const [trace] = run.traces;
    const durationS = Float64Array.from({ length: 200 }, (_, k) => duration(k));
    let nowS = 0.5;
    const startS = durationS.map((value) => (nowS += value) - value);
    return { ...run, traces: [{ ...trace!, iterations: { ...trace!.iterations, durationS, startS } }] };
  }

  it("leaves out the iterations before the machine was steady, says so, and counts them", () => {
    const found = report(withDurations((k) => 0.08 * (1 - 0.15 * Math.max(0, 1 - k / 50))));
    const { settling } = found.iterations.excluded;
    expect(settling).toBeGreaterThan(20);
    expect(found.iterations.durationPerIterationS).toBeCloseTo(0.08, 3);
    expect(found.iterations).not.toHaveProperty("drift");
    const [warning] = found.warnings.filter(({ code }) => code === "iterations-drift");
    expect(warning!.message).toContain(
      `The first ${settling} iterations after warm-up came before the machine was steady`,
    );
    expect(reportTable(found)).toContain(`left out: ${settling} until the machine was steady`);
    expect(told.iterations.excluded).not.toHaveProperty("settling");
  });

  it("says by how much a loop drifts that never becomes steady", () => {
    const found = report(withDurations((k) => 0.08 * (1 + (0.2 * k) / 200)));
    expect(found.iterations.excluded).not.toHaveProperty("settling");
    expect(found.iterations.drift!.share).toBeCloseTo(0.18, 2);
    const [warning] = found.warnings.filter(({ code }) => code === "iterations-drift");
    expect(warning!.message).toMatch(/grew 18 % longer over the run and did not become steady/);
    expect(told.iterations).not.toHaveProperty("drift");
  });

  /** As a meter of `every` readings in place of one would have seen it. */
  function slower(run: Run, every: number): Run {
    const columns = run.samples.get(packageDevice.id)!;
    const few = Object.fromEntries(
      Object.entries(columns).map(([name, column]) => [
        name,
        (column as Float64Array).filter((_, row) => row % every === 0),
      ]),
    ) as unknown as SampleColumns;
    const device = { ...packageDevice, updatePeriodS: every / 100 };
    return { ...changed(run, { devices: [device] }), samples: new Map([[device.id, few]]) };
  }

  /** Work whose power nobody can foresee: each interval between readings has up to half more or less. */
  function restless(run: Run): Run {
    const columns = run.samples.get(packageDevice.id)!;
    const next = random(3);
    let joules = columns.energyJ[0]!;
    const energyJ = columns.energyJ.map((value, row) => {
      if (row > 0) joules += (value - columns.energyJ[row - 1]!) * (0.5 + next());
      return joules;
    });
    return { ...run, samples: new Map([[packageDevice.id, { ...columns, energyJ }]]) };
  }

  it("says that a meter is too slow for phases and for iterations, and how long a run would do", () => {
    const uncertain = report(restless(slower(makeRun(400).run, 20))).warnings.find(
      ({ code }) => code === "phases-uncertain",
    );
    expect(uncertain!.message).toMatch(
      /^The meter is slow for the energy of .*±\d+ %.*: about \d+ min of such a run would make/,
    );
    expect(told.warnings.map(({ code }) => code)).not.toContain("phases-uncertain");
    const blind = report(slower(makeRun(200).run, 90));
    expect(blind.iterations).not.toHaveProperty("energyPerIterationJ");
    const unknown = blind.warnings.find(({ code }) => code === "iterations-unknown");
    expect(unknown!.message).toMatch(
      /together, too short for a meter that updates every \d+ ms: run at least 36\.0 s\.$/,
    );
  });

  it("says what share of the machine's peak the model's FLOPs reach, where both are known", () => {
    const { run } = makeRun(200);
    const [trace] = run.traces;
    const counters = [...trace!.counters, { name: "flops_per_iteration", timeS: 2, value: 3e9 }];
    const layer = { layer: 0, pass: "forward", iteration: 8, calls: 1, timeS: 0.01, inputBytes: 1, outputBytes: 1 };
    const measures = [
      { ...layer, flops: 1e9, dtype: "float32", inputShape: [], outputShape: [] } as LayerMeasure,
      { ...layer, flops: 1e8, dtype: "bfloat16", inputShape: [], outputShape: [] } as LayerMeasure,
    ];
    const traces = [{ ...trace!, counters, layers: [], layerMeasures: measures }];
    const unknown = report({ ...run, traces }).indicators!;
    expect(unknown.flopsPerIteration).toBe(3e9);
    expect(unknown).not.toHaveProperty("modelFlopsUtilization");
    const device = { name: "Xeon", kind: "cpu", bandwidthBytesPerS: 1e10, repeats: 5, spread: 0.01 } as const;
    const calibration: Calibration = {
      schema: "wattline.calibration/1",
      at: "2026-11-25T00:00:00.000Z",
      machine: { host: "h", torch: "2", python: "3" },
      devices: [
        { ...device, dtype: "fp32", peakFlopsPerS: 1e11 },
        { ...device, dtype: "bf16", peakFlopsPerS: 2e11 },
      ],
    };
    const known = report({ ...run, traces, manifest: { ...run.manifest, calibration } });
    // Mixed precision is held against its fastest numbers; two ranks on one processor share it.
    const { durationPerIterationS } = known.iterations;
    expect(known.indicators!.modelFlopsUtilization).toBeCloseTo(3e9 / durationPerIterationS! / 2e11, 9);
    expect(known.indicators!.peakSource).toBe("calibrated");
    const two = report({ ...run, traces: [...traces, ...traces], manifest: { ...run.manifest, calibration } });
    expect(two.indicators!.flopsPerIteration).toBe(6e9);
    expect(two.indicators!.modelFlopsUtilization).toBeCloseTo(6e9 / durationPerIterationS! / 2e11, 9);
    expect(indicatorsText(known.indicators)).toMatch(
      /^320 samples\/s, 12\.3 k parameters, 3\.00 GFLOP an iteration \(.* of the measured peak\), /,
    );
    expect(indicatorsText(unknown)).not.toContain("peak)");
    expect(indicatorsText(undefined)).toBe("");
  });

  it("counts neither parts nor what contains others", () => {
    const core = { ...packageDevice, id: "core", name: "core", counted: false, partOf: packageDevice.id };
    const { run, totalJ } = makeRun(60, { devices: [packageDevice, core] });
    const { energyJ, devices } = report(run);
    expect(Math.abs(energyJ! / totalJ - 1)).toBeLessThan(0.005);
    expect(devices.map(({ counted }) => counted)).toEqual([true, false]);
    const two = report(makeRun(60, { devices: [packageDevice, gpuDevice] }).run);
    expect(Math.abs(two.energyJ! / (2 * totalJ) - 1)).toBeLessThan(0.005);
  });

  it("of a run too short for its meter gives a bound and says how long would do", () => {
    const { run } = makeRun(200);
    const columns = run.samples.get(packageDevice.id)!;
    // A meter of one reading a second, and a command of a third of one.
    const keep = (_: number, row: number) => row % 100 === 0;
    const few = Object.fromEntries(
      Object.entries(columns).map(([name, column]) => [name, (column as Float64Array).filter(keep)]),
    ) as unknown as SampleColumns;
    const device = { ...packageDevice, updatePeriodS: 1 };
    const short: Run = {
      ...changed(run, { devices: [device], child: { pid: 7, startS: 2 } }),
      durationS: 2.3,
      samples: new Map([[device.id, few]]),
      traces: [],
    };
    const { energyJ, energyAtMostJ, runAtLeastS, warnings, phases: rows } = report(short);
    expect(energyJ).toBeUndefined();
    expect(energyAtMostJ).toBeGreaterThan(5);
    expect(runAtLeastS).toBeGreaterThanOrEqual(10);
    expect(rows).toEqual([]);
    expect(warnings.find(({ code }) => code === "too-short")!.message).toMatch(/too short.*run at least/);
  });

  it("without a trace says so, and still has the whole", () => {
    const { run, totalJ } = makeRun(100, { traced: false });
    const { energyJ, phases: rows, other, warnings, iterations } = report(run);
    expect(Math.abs(energyJ! / totalJ - 1)).toBeLessThan(0.005);
    expect(rows).toEqual([]);
    expect(other.energyJ).toBe(energyJ);
    expect(iterations.count).toBe(0);
    expect(warnings.map(({ code }) => code)).toEqual(["no-trace"]);
  });

  it("warns of estimates, lost meters, interruptions and what the tracer noted", () => {
    const { run } = makeRun(100);
    const estimate = { ...packageDevice, meter: "estimate", source: "estimated" as const };
    const lost = [{ device: packageDevice.id, fromS: 1, toS: 3, reason: "It went away." }];
    const [trace] = run.traces;
    const troubled: Run = {
      ...changed(run, { devices: [estimate], end: { ...run.manifest.end!, lost } }),
      state: "interrupted",
      traces: [{ ...trace!, notes: [{ code: "tracer-hook-off", message: "A hook is off." }] }],
    };
    const { warnings, devices } = report(troubled);
    const codes = warnings.map(({ code }) => code);
    for (const code of ["estimate-only", "meter-lost", "interrupted", "tracer-hook-off"]) expect(codes).toContain(code);
    expect(devices[0]!.lost).toEqual([{ fromS: 1, toS: 3, reason: "It went away." }]);
  });

  it("of a run without any device has no energy, and no number that means nothing", () => {
    const { run } = makeRun(10);
    const told = report(changed(run, { devices: [] }));
    expect(told.energyJ).toBeUndefined();
    expect(told.phases).toEqual([]);
    expect(JSON.stringify(told)).not.toMatch(/null|NaN/);
  });

  it("depends on the folder alone", () => {
    expect(report(makeRun(50).run)).toEqual(report(makeRun(50).run));
  });
});

describe("the sentence on top", () => {
  it("says what was spent waiting, and leads to the line", () => {
    const { run } = makeRun(200);
    const { text, path, line } = headline(report(run), run)!;
    expect(text).toMatch(/^\d+(\.\d)? % of the energy was spent waiting for data: [\d.,]+ of [\d.,]+ k?J\.$/);
    expect({ path, line }).toEqual({ path: "/p/train.py", line: 11 });
  });

  it("says so when nothing is wrong, and when nothing can be said", () => {
    const { run } = makeRun(100, { traced: false });
    expect(headline(report(run), run)!.text).toMatch(/^The run used .* in .*\.$/);
    const nothing = changed(run, { devices: [] });
    expect(headline(report(nothing), nothing)).toBeUndefined();
  });
});

describe("the line above a loop", () => {
  it("has energy, power and wait, and leaves out what is not known", () => {
    const parts = loopSummary(report(makeRun(200).run));
    expect(parts[0]).toMatch(/^[\d.]+ J\/iter$/);
    expect(parts[1]).toMatch(/^[\d.]+ W$/);
    expect(parts[2]).toMatch(/^data wait [\d.]+ %$/);
    expect(loopSummary(report(makeRun(100, { traced: false }).run))).toHaveLength(1);
  });
});
