/**
 * A second opinion on plans, sharing nothing with src/analysis/bloat: operations by name, stages that work off their
 * lists one step at a time, plain arithmetic in seconds.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { BloatProfile, ClockOption, PipelineProfile } from "../../../../src/model/bloat";

export interface GoldenRow {
  readonly timeS: number;
  readonly lowerBoundJ: number;
  readonly authorsJ?: number;
  readonly optimumJ?: number;
}

export type Golden = BloatProfile & {
  readonly name: string;
  readonly expected: {
    readonly operations: number;
    readonly dependencies: number;
    readonly baseline: { readonly timeS: number; readonly energyJ: number };
    readonly slowestUsefulTimeS: number;
    readonly authors?: { readonly steps: number; readonly solverTimeS: number };
    readonly at: readonly GoldenRow[];
    readonly intrinsicBloatShareAtMost?: number;
  };
};

/** The cases of test/fixtures/bloat. */
export function goldenCases(folder = join(process.cwd(), "test/fixtures/bloat")): Golden[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith(".json"))
    .map((name) => JSON.parse(readFileSync(join(folder, name), "utf8")) as Golden);
}

export interface Task {
  readonly id: string;
  readonly stage: number;
  readonly options: readonly ClockOption[];
  readonly after: readonly string[];
}

/** Every operation with its options (a chunk's share) and all that it waits for, each stage in its order. */
export function tasksOf(profile: BloatProfile): Task[] {
  if (profile.kind === "graph") return profile.operations.map((operation) => ({ ...operation, stage: 0 }));
  const { stages, microbatches: M, schedule, chunks = 1 } = profile;
  const lists = Array.from({ length: stages }, (_, s) => orderOf(schedule, stages, M, chunks, s));
  const last = stages * chunks - 1;
  return lists.flatMap((list, s) =>
    list.map(([letter, m, c], k): Task => {
      const v = c * stages + s;
      const name = (l: string, virtual: number) => `${l}${virtual % stages}.${m}.${Math.floor(virtual / stages)}`;
      const after = k > 0 ? [idOf(list[k - 1]!, s)] : [];
      if (letter === "F" && v > 0) after.push(name("F", v - 1));
      if (letter === "B") after.push(v === last ? name("F", v) : name("B", v + 1));
      const options = (letter === "F" ? profile.forward : profile.backward)[s]!;
      const share = options.map((o) => ({ ...o, timeS: o.timeS / chunks, energyJ: o.energyJ / chunks }));
      return { id: idOf([letter, m, c], s), stage: s, options: share, after };
    }),
  );
}

type Step = readonly ["F" | "B", number, number];

function idOf([letter, m, c]: Step, s: number): string {
  return `${letter}${s}.${m}.${c}`;
}

function orderOf(schedule: PipelineProfile["schedule"], N: number, M: number, C: number, s: number): Step[] {
  const forwards: Step[] = [];
  const backwards: Step[] = [];
  for (let k = 0; k < M * C; k++) {
    const group = schedule === "interleaved" ? N : 1;
    const m = schedule === "interleaved" ? Math.floor(k / (N * C)) * N + (k % N) : k;
    const c = schedule === "interleaved" ? Math.floor((k % (group * C)) / group) : 0;
    forwards.push(["F", m, c]);
    backwards.push(["B", m, schedule === "interleaved" ? C - 1 - c : 0]);
  }
  let warmUp = M * C;
  if (schedule === "1f1b") warmUp = Math.min(N - s - 1, M);
  if (schedule === "interleaved") warmUp = Math.min(2 * (N - s - 1) + (C - 1) * N, M * C);
  const order = forwards.splice(0, warmUp);
  while (forwards.length > 0) order.push(forwards.shift()!, backwards.shift()!);
  return [...order, ...backwards];
}

/** Ends of all operations when each starts as soon as all before it have ended, by repeated passes. */
export function simulate(tasks: readonly Task[], timeOf: (task: Task, index: number) => number): Map<string, number> {
  const ends = new Map<string, number>();
  let waiting = tasks.map((task, index) => ({ task, index }));
  while (waiting.length > 0) {
    const left = waiting.filter(({ task, index }) => {
      if (task.after.some((id) => !ends.has(id))) return true;
      const start = task.after.reduce((latest, id) => Math.max(latest, ends.get(id)!), 0);
      ends.set(task.id, start + timeOf(task, index));
      return false;
    });
    if (left.length === waiting.length) throw new Error(`nothing can start: ${left[0]!.task.id}`);
    waiting = left;
  }
  return ends;
}

export function lengthOf(tasks: readonly Task[], timeOf: (task: Task, index: number) => number): number {
  return Math.max(...simulate(tasks, timeOf).values());
}

export function blockingPowerOf(profile: BloatProfile): number {
  return profile.kind === "pipeline" ? profile.blockingPowerW : 0;
}

export function waitingPowerOf(profile: BloatProfile): number {
  return profile.kind === "pipeline" ? profile.blockingPowerW * profile.stages : 0;
}

export interface Checked {
  readonly iterationTimeS: number;
  /** With waiting until the deadline. */
  readonly energyJ: number;
}

/** Time and energy of a plan from its ids, times and energies alone. @throws when it uses an option that is not there */
export function check(
  profile: BloatProfile,
  planned: readonly { readonly id: string; readonly timeS: number; readonly energyJ: number }[],
  deadlineS: number,
): Checked {
  const tasks = tasksOf(profile);
  const byId = new Map(planned.map((operation) => [operation.id, operation]));
  if (byId.size !== tasks.length) throw new Error(`${byId.size} operations planned of ${tasks.length}`);
  let effectiveJ = 0;
  for (const task of tasks) {
    const { timeS, energyJ } = byId.get(task.id)!;
    if (!task.options.some((option) => option.timeS === timeS && option.energyJ === energyJ)) {
      throw new Error(`${task.id} has no option of ${timeS} s and ${energyJ} J`);
    }
    effectiveJ += energyJ - blockingPowerOf(profile) * timeS;
  }
  return {
    iterationTimeS: lengthOf(tasks, ({ id }) => byId.get(id)!.timeS),
    energyJ: effectiveJ + waitingPowerOf(profile) * deadlineS,
  };
}
