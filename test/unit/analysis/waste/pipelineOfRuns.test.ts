import { describe, expect, it } from "vitest";
import { bloatReport, problemOf, solveFrontier } from "../../../../src/analysis/bloat";
import { expandPipeline } from "../../../../src/analysis/bloat/pipeline";
import { pipelineOfRuns, wasteReport } from "../../../../src/analysis/waste";
import type { PipelineProfile, Schedule } from "../../../../src/model/bloat";
import type { Run } from "../../../../src/model/run";
import type { Trace, TracedOperation } from "../../../../src/model/trace";
import { random } from "../../../fixtures/simulation/random";
import { manifestOf, packageDevice, traceHeader } from "../../store/everyRun";
import { columnsOf } from "../columns";

const stages = 2;
const microbatches = 4;
const baseW = 6;
/** Above it, of a stage. */
const watts = { forward: 20, backward: 32, waiting: 8, other: 5 };
const iterations = 60;

interface Settings {
  readonly schedule?: Schedule;
  readonly chunks?: number;
  /** MHz of 1000: times are longer and powers less. */
  readonly clock?: number;
  /** Takes the first two operations of stage 0 the other way round. */
  readonly odd?: boolean;
}

/** Two stages run a schedule; each operation as soon as what it waits for is there. */
function pipelineRun({ schedule = "1f1b", chunks = 1, clock = 1000, odd = false }: Settings = {}): Run {
  const one = [{ timeS: 1, energyJ: 1 }];
  const lists = Array.from({ length: stages }, () => one);
  const shape = { kind: "pipeline" as const, stages, microbatches, schedule, chunks, blockingPowerW: 1 };
  const graph = expandPipeline({ ...shape, forward: lists, backward: lists });
  const { between } = random(clock + chunks);
  const slow = 1000 / clock;
  const changes: { atS: number; watts: number }[] = [{ atS: -1, watts: baseW }];
  const traces = Array.from({ length: stages }, () => ({
    spans: { phase: [] as number[], startS: [] as number[], durationS: [] as number[] },
    operations: [] as TracedOperation[],
    iterations: { startS: [] as number[], durationS: [] as number[] },
  }));
  let nowS = 0.5;
  for (let iteration = 0; iteration < iterations; iteration++) {
    const endS = new Float64Array(graph.stage.length);
    const readyS = new Float64Array(stages).fill(nowS);
    const durationS = Float64Array.from(graph.stage, (stage, k) => {
      const base = graph.kind[k] === 0 ? 0.01 : 0.02;
      return (base * slow * (stage === 1 ? 1.5 : 1) * between(0.9, 1.1)) / chunks;
    });
    const done = new Uint8Array(graph.stage.length);
    const next = Array.from({ length: stages }, (_, stage) => graph.stageStart[stage]!);
    for (let left = graph.stage.length; left > 0; ) {
      for (let stage = 0; stage < stages; stage++) {
        const k = next[stage]!;
        if (k >= graph.stageStart[stage + 1]!) continue;
        const before = [...graph.from.keys()].filter((edge) => graph.to[edge] === k).map((edge) => graph.from[edge]!);
        if (before.some((other) => done[other] === 0)) continue;
        const trace = traces[stage]!;
        const startS = Math.max(readyS[stage]!, ...before.map((other) => endS[other]!));
        const isForward = graph.kind[k] === 0;
        if (startS > readyS[stage]!) {
          changes.push({ atS: readyS[stage]!, watts: watts.waiting }, { atS: startS, watts: -watts.waiting });
          push(trace.spans, 2, readyS[stage]!, startS - readyS[stage]!);
        }
        endS[k] = startS + durationS[k]!;
        const own = (isForward ? watts.forward : watts.backward) / slow ** 2;
        changes.push({ atS: startS, watts: own }, { atS: endS[k]!, watts: -own });
        push(trace.spans, isForward ? 0 : 1, startS, durationS[k]!);
        trace.operations.push({
          pass: isForward ? "forward" : "backward",
          stage,
          microbatch: graph.microbatch[k]!,
          chunk: graph.chunk[k]!,
          iteration,
          startS,
          durationS: durationS[k]!,
        });
        readyS[stage] = endS[k]!;
        done[k] = 1;
        next[stage] = k + 1;
        left--;
      }
    }
    const allS = Math.max(...readyS) + 0.003;
    traces.forEach((trace, stage) => {
      // The optimizer and the rest, up to the common end.
      changes.push({ atS: readyS[stage]!, watts: watts.other }, { atS: allS, watts: -watts.other });
      trace.iterations.startS.push(nowS);
      trace.iterations.durationS.push(allS - nowS);
      if (odd && stage === 0) swap(trace.operations, trace.operations.length - 2 * microbatches * chunks);
    });
    nowS = allS;
  }
  return runOf(traces, changes, nowS + 0.5, clock);
}

function push(
  list: { phase: number[]; startS: number[]; durationS: number[] },
  phase: number,
  startS: number,
  durationS: number,
) {
  list.phase.push(phase);
  list.startS.push(startS);
  list.durationS.push(durationS);
}

/** Exchanges the microbatches of two neighbouring forwards. */
function swap(list: TracedOperation[], at: number): void {
  const [a, b] = [list[at]!, list[at + 1]!];
  list[at] = { ...a, microbatch: b.microbatch, pass: b.pass };
  list[at + 1] = { ...b, microbatch: a.microbatch, pass: a.pass };
}

function runOf(
  traces: readonly {
    spans: Parameters<typeof push>[0];
    operations: TracedOperation[];
    iterations: { startS: number[]; durationS: number[] };
  }[],
  changes: { atS: number; watts: number }[],
  endS: number,
  clock: number,
): Run {
  const sorted = changes.sort((a, b) => a.atS - b.atS);
  const times = Array.from({ length: Math.ceil((endS + 0.1) * 250) }, (_, k) => k / 250 - 0.05);
  let [at, powerW, joules, lastS] = [0, 0, 0, -1];
  const energyJ = times.map((timeS) => {
    for (; at < sorted.length && sorted[at]!.atS <= timeS; at++) {
      joules += powerW * (sorted[at]!.atS - lastS);
      lastS = sorted[at]!.atS;
      powerW += sorted[at]!.watts;
    }
    joules += powerW * (timeS - lastS);
    lastS = timeS;
    return joules;
  });
  const columns = {
    ...columnsOf(
      times,
      times.map(() => 0),
    ),
    energyJ: Float64Array.from(energyJ),
  };
  columns.timeErrorS.fill(0.0003);
  const manifest = manifestOf({ id: `clock-${clock}`, devices: [packageDevice] });
  return {
    path: `/p/.wattline/runs/clock-${clock}`,
    manifest: { ...manifest, end: { ...manifest.end!, timeS: endS } },
    state: "finished",
    labels: { clock: String(clock) },
    durationS: endS,
    samples: new Map([[packageDevice.id, columns]]),
    traces: traces.map(({ spans, operations, iterations: own }, rank): Trace => {
      const zero = () => new Int32Array(spans.phase.length);
      return {
        header: { ...traceHeader, rank, pid: 77 + rank, worldSize: stages } as Trace["header"],
        loops: [{ id: 0, path: "/p/train.py", line: 10, endLine: 20, kind: "training" }],
        phaseNames: ["forward", "backward", "communication"],
        paths: ["/p/train.py"],
        spans: {
          phase: Uint8Array.from(spans.phase),
          iteration: zero(),
          startS: Float64Array.from(spans.startS),
          durationS: Float64Array.from(spans.durationS),
          line: zero(),
          path: new Uint16Array(spans.phase.length),
        },
        iterations: {
          loop: new Uint16Array(iterations),
          iteration: Int32Array.from({ length: iterations }, (_, k) => k),
          startS: Float64Array.from(own.startS),
          durationS: Float64Array.from(own.durationS),
        },
        counters: [],
        aggregates: [],
        notes: [],
        operations,
      };
    }),
    faults: [],
  };
}

function profileOf(runs: readonly Run[]) {
  const answer = pipelineOfRuns(runs);
  if (!answer.known) throw new Error(answer.reason);
  return answer.value;
}

describe("a pipeline that was traced", () => {
  it("becomes a profile with its schedule, and several clocks become options", () => {
    const profile = profileOf([pipelineRun(), pipelineRun({ clock: 700 })]) as PipelineProfile;
    expect(profile).toMatchObject({ kind: "pipeline", stages: 2, microbatches: 4, schedule: "1f1b" });
    // Half of the base belongs to each of the two.
    expect(Math.abs(profile.blockingPowerW / (watts.waiting + baseW / 2) - 1)).toBeLessThan(0.15);
    [profile.forward, profile.backward].forEach((lists, pass) => {
      lists.forEach((options, stage) => {
        expect(options.map(({ frequencyMhz }) => frequencyMhz)).toEqual([1000, 700]);
        const expectedS = [0.01, 0.02][pass]! * [1, 1.5][stage]!;
        expect(Math.abs(options[0]!.timeS / expectedS - 1)).toBeLessThan(0.03);
        expect(Math.abs(options[1]!.timeS / options[0]!.timeS - 1000 / 700)).toBeLessThan(0.05);
        const ownW = [watts.forward, watts.backward][pass]! + baseW / 2;
        expect(Math.abs(options[0]!.energyJ / (ownW * expectedS) - 1)).toBeLessThan(0.1);
      });
    });
    // Stage 0 has less to do, so at the fastest clocks it hurries in order to wait.
    const problem = problemOf(profile);
    if (!problem.known) throw new Error(problem.reason);
    const report = bloatReport(solveFrontier(problem.value)!, {}, 0);
    if (!report.known) throw new Error(report.reason);
    expect(report.value.intrinsic.energyJ).toBeGreaterThan(0);
  });

  it("is recognised where it is interleaved", () => {
    expect(profileOf([pipelineRun({ schedule: "interleaved", chunks: 2 })])).toMatchObject({
      kind: "pipeline",
      schedule: "interleaved",
      chunks: 2,
    });
    expect(profileOf([pipelineRun({ schedule: "gpipe" })])).toMatchObject({ kind: "pipeline", schedule: "gpipe" });
  });

  it("is a graph where its order is none of the schedules'", () => {
    const profile = profileOf([pipelineRun({ schedule: "gpipe", odd: true })]);
    if (profile.kind !== "graph") throw new Error("a pipeline");
    expect(profile.operations).toHaveLength(2 * stages * microbatches);
    const byId = new Map(profile.operations.map((one) => [one.id, one]));
    expect(byId.get("F0.0.0")!.after).toEqual(["F0.1.0"]);
    expect(byId.get("F1.2.0")!.after.slice().sort()).toEqual(["F0.2.0", "F1.1.0"]);
    expect(byId.get("B1.0.0")!.after).toContain("F1.0.0");
    expect(byId.get("B0.0.0")!.after).toContain("B1.0.0");
    expect(problemOf(profile).known).toBe(true);
  });

  it("has its waits told as bubbles", () => {
    const answer = wasteReport(pipelineRun());
    if (!answer.known) throw new Error(answer.reason);
    const bubble = answer.value.parts.find(({ id }) => id === "bubble")!;
    expect(bubble.kind).toBe("intrinsic");
    expect(Math.abs(bubble.energyJ / (bubble.durationS * (watts.waiting + baseW / 2)) - 1)).toBeLessThan(0.15);
    expect(answer.value.parts.some(({ id }) => id === "communication")).toBe(false);
  });

  it("is of one node where its ranks ran on two: each folder's energy is that of its own rank", () => {
    const run = pipelineRun();
    const node = (place: number) => ({ ...run, traces: [run.traces[place]!] });
    const [first] = [wasteReport(node(0), { others: [node(1)] })];
    if (!first.known) throw new Error(first.reason);
    expect(first.value.run.ranks).toBe(1);
    expect(first.value.waiting!.ranks.map(({ rank }) => rank)).toEqual([0, 1]);
  });

  it("is refused with a reason: two runs at one clock, another order, no operations", () => {
    const [run, other] = [pipelineRun(), pipelineRun({ schedule: "gpipe", clock: 700 })];
    expect(pipelineOfRuns([run, run])).toMatchObject({ known: false, reason: expect.stringMatching(/--label clock=/) });
    expect(pipelineOfRuns([run, other])).toMatchObject({
      known: false,
      reason: expect.stringMatching(/clock-700.*another order/),
    });
    const bare = { ...run, traces: run.traces.map(({ operations, ...trace }) => trace) };
    expect(pipelineOfRuns([bare])).toMatchObject({ known: false, reason: expect.stringMatching(/no operations/) });
  });
});
