/**
 * The profile of a pipeline from runs of it: the order of the operations from the trace, their times from their spans,
 * their energies from what the stage's rank draws in that pass, a run a clock. What a stage draws while it waits is the
 * blocking power.
 */
import { type Answer, known, unknown } from "../../model/answer";
import {
  type BloatProfile,
  type ClockOption,
  type GraphOperation,
  type PipelineProfile,
  schedules,
} from "../../model/bloat";
import type { Run } from "../../model/run";
import type { TracedOperation } from "../../model/trace";
import { expandPipeline, kindLetters } from "../bloat/pipeline";
import { median } from "../iterations";
import { report } from "../report";

/** Of one run. */
interface Profiled {
  readonly frequencyMhz?: number;
  readonly shape: Shape;
  /** Ids of each stage's operations in its order, of the iteration that stands for all. */
  readonly order: readonly (readonly string[])[];
  /** By id: seconds and joules. */
  readonly options: ReadonlyMap<string, { readonly timeS: number; readonly energyJ: number }>;
  readonly blockingPowerW: number;
}

interface Shape {
  readonly stages: number;
  readonly microbatches: number;
  readonly chunks: number;
}

/** @param runs of one program, labelled `clock=…` where they were made at several */
export function pipelineOfRuns(runs: readonly Run[]): Answer<BloatProfile> {
  const profiled: Profiled[] = [];
  for (const run of runs) {
    const one = profile(run);
    if (!one.known) return unknown(`${run.manifest.id}: ${one.reason}`);
    profiled.push(one.value);
  }
  const [first] = profiled;
  if (first === undefined) return unknown("There is no run.");
  const odd = profiled.findIndex(({ order }) => JSON.stringify(order) !== JSON.stringify(first.order));
  if (odd >= 0) return unknown(`${runs[odd]!.manifest.id} runs its operations in another order than the first run.`);
  const clocks = profiled.map(({ frequencyMhz }) => frequencyMhz);
  if (profiled.length > 1 && (clocks.includes(undefined) || new Set(clocks).size < clocks.length)) {
    return unknown("Several runs need a label of their own each: `wattline run --label clock=1410 …`, in MHz.");
  }
  const name = runs[0]!.manifest.id;
  return known(asPipeline(name, first.shape, profiled) ?? asGraph(name, first, profiled));
}

function profile(run: Run): Answer<Profiled> {
  const operations = run.traces.flatMap((trace) =>
    (trace.operations ?? []).map((operation) => ({ ...operation, rank: trace.header.rank })),
  );
  if (operations.length === 0) {
    return unknown("it has no operations of a pipeline (torch.distributed.pipelining) in its traces.");
  }
  const most = (of: (one: TracedOperation) => number) =>
    operations.reduce((high, one) => Math.max(high, of(one)), 0) + 1;
  const shape = {
    stages: most(({ stage }) => stage),
    microbatches: most((o) => o.microbatch),
    chunks: most((o) => o.chunk),
  };
  const expected = 2 * shape.stages * shape.microbatches * shape.chunks;
  if (expected > 1_000_000) return unknown("its pipeline has more than a million operations an iteration.");
  const whole = wholeIterations(operations, expected);
  if (whole.length === 0) return unknown("no iteration of it has every operation of every stage.");
  // Without the first, which infers shapes and allocates.
  const used = new Set(whole.length > 2 ? whole.slice(1) : whole);
  const chosen = operations.filter(({ iteration }) => used.has(iteration));
  const powers = powersOf(run);
  const times = new Map<string, number[]>();
  const rankOf = new Map<string, number>();
  for (const one of chosen) {
    const id = idOf(one);
    times.set(id, [...(times.get(id) ?? []), one.durationS]);
    rankOf.set(id, one.rank);
  }
  const options = new Map<string, { timeS: number; energyJ: number }>();
  for (const [id, durations] of times) {
    const powerW = powers.of(rankOf.get(id)!, id.startsWith("F") ? "forward" : "backward");
    if (powerW === undefined) return unknown("the energy of its forwards and backwards is not known, rank by rank.");
    const timeS = median(Float64Array.from(durations));
    options.set(id, { timeS, energyJ: powerW * timeS });
  }
  const middle = whole[whole.length >> 1]!;
  const order = Array.from({ length: shape.stages }, (_, stage) => {
    const own = chosen.filter((one) => one.stage === stage && one.iteration === middle);
    const rank = Math.min(...own.map((one) => one.rank));
    return own
      .filter((one) => one.rank === rank)
      .sort((a, b) => a.startS - b.startS)
      .map(idOf);
  });
  const frequencyMhz = Number(run.labels.clock ?? run.labels.clock_mhz);
  return known({
    shape,
    order,
    options,
    blockingPowerW: powers.blockingW,
    ...(frequencyMhz > 0 && { frequencyMhz }),
  });
}

/** Numbers of the iterations in which all operations were traced, in order. */
function wholeIterations(operations: readonly TracedOperation[], expected: number): number[] {
  const seen = new Map<number, Set<string>>();
  for (const one of operations) {
    if (one.iteration < 0) continue;
    const ids = seen.get(one.iteration) ?? new Set();
    seen.set(one.iteration, ids.add(idOf(one)));
  }
  return [...seen]
    .filter(([, ids]) => ids.size === expected)
    .map(([iteration]) => iteration)
    .sort((a, b) => a - b);
}

const idOf = ({ pass, stage, microbatch, chunk }: TracedOperation) =>
  `${pass === "forward" ? "F" : "B"}${stage}.${microbatch}.${chunk}`;

function powersOf(run: Run) {
  const { phases } = report(run);
  const row = (rank: number, phase: string) => phases.find((one) => one.phase === phase && one.rank === rank);
  const waiting = phases.filter(({ phase }) => phase === "communication");
  const seconds = waiting.reduce((sum, { durationS }) => sum + durationS, 0);
  const joules = waiting.reduce((sum, { energyJ }) => sum + energyJ, 0);
  return {
    of: (rank: number, phase: string) => row(rank, phase)?.averagePowerW,
    blockingW: seconds > 0 ? joules / seconds : 0,
  };
}

/** Where every stage runs its operations as one of the schedules says; undefined where none fits. */
function asPipeline(name: string, shape: Shape, profiled: readonly Profiled[]): PipelineProfile | undefined {
  const list = (letter: "F" | "B") =>
    Array.from({ length: shape.stages }, (_, stage) => profiled.map((one) => stageOption(one, letter, stage)));
  const common = {
    kind: "pipeline" as const,
    name,
    stages: shape.stages,
    microbatches: shape.microbatches,
    blockingPowerW: mean(profiled.map(({ blockingPowerW }) => blockingPowerW)),
    forward: list("F"),
    backward: list("B"),
  };
  for (const schedule of schedules) {
    if ((schedule === "interleaved") !== shape.chunks > 1) continue;
    const candidate = { ...common, schedule, ...(shape.chunks > 1 && { chunks: shape.chunks }) };
    if (shape.chunks > 1 && shape.microbatches % shape.stages !== 0) continue;
    const { stage, kind, microbatch, chunk, stageStart } = expandPipeline(candidate);
    const fits = profiled[0]!.order.every((ids, s) =>
      ids.every((id, k) => {
        const at = stageStart[s]! + k;
        return id === `${kindLetters[kind[at]!]}${stage[at]}.${microbatch[at]}.${chunk[at]}`;
      }),
    );
    if (fits) return candidate;
  }
  return undefined;
}

/** A whole stage of one run: its chunks together, the mean over the microbatches. */
function stageOption({ options, shape, frequencyMhz }: Profiled, letter: "F" | "B", stage: number): ClockOption {
  let timeS = 0;
  let energyJ = 0;
  for (let chunk = 0; chunk < shape.chunks; chunk++) {
    for (let microbatch = 0; microbatch < shape.microbatches; microbatch++) {
      const option = options.get(`${letter}${stage}.${microbatch}.${chunk}`)!;
      timeS += option.timeS / shape.microbatches;
      energyJ += option.energyJ / shape.microbatches;
    }
  }
  return { ...(frequencyMhz !== undefined && { frequencyMhz }), timeS, energyJ };
}

/** Any order: each operation after the one before it on its stage, and after the one whose result it takes. */
function asGraph(name: string, { order, shape }: Profiled, profiled: readonly Profiled[]): BloatProfile {
  const { stages, chunks } = shape;
  const operations = order.flatMap((ids) =>
    ids.map((id, k): GraphOperation => {
      const [stage, microbatch, chunk] = id.slice(1).split(".").map(Number) as [number, number, number];
      const place = chunk * stages + stage;
      const at = (letter: string, v: number) => `${letter}${v % stages}.${microbatch}.${Math.floor(v / stages)}`;
      const after = k > 0 ? [ids[k - 1]!] : [];
      if (id.startsWith("F") && place > 0) after.push(at("F", place - 1));
      if (id.startsWith("B")) after.push(place === stages * chunks - 1 ? at("F", place) : at("B", place + 1));
      const options = profiled.map(({ options: byId, frequencyMhz }) => ({
        ...(frequencyMhz !== undefined && { frequencyMhz }),
        ...byId.get(id)!,
      }));
      return { id, options, after: [...new Set(after)] };
    }),
  );
  return { kind: "graph", name, operations };
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
