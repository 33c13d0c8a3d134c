/** A solved frontier and its plans as columns for a screen: see model/bloatView.ts. */
import type { BloatColumns, ClassColumns, PlanColumns } from "../../model/bloatView";
import type { Frontier } from "./frontier";
import type { OptionClass } from "./options";
import { type PlannedFor, planFor } from "./planner";
import type { Problem } from "./problem";
import { effectiveEnergyJ } from "./realize";
import { Timeline } from "./timeline";

/** @param solveS what solving took, measured by the caller */
export function bloatColumns(frontier: Frontier, solveS: number): BloatColumns {
  const { problem, corners, cornerTicks } = frontier;
  const { ticksPerS, pipeline, count } = problem;
  const fastest = new Int32Array(count);
  const lanes = pipeline === undefined ? chains(problem) : pipeline.stage;
  const fastestFirst = Float64Array.from({ length: corners }, (_, k) => cornerTicks[corners - 1 - k]!);
  return {
    ...(problem.name === undefined ? {} : { name: problem.name }),
    operations: count,
    lanes: 1 + lanes.reduce((most, lane) => Math.max(most, lane), 0),
    lane: lanes.slice(),
    classOf: problem.classOf.slice(),
    classes: problem.classes.map(classColumns),
    ...(pipeline === undefined
      ? { ids: Array.from({ length: count }, (_, i) => problem.idOf(i)) }
      : {
          pipeline: {
            stages: pipeline.stageStart.length - 1,
            kind: pipeline.kind.slice(),
            microbatch: pipeline.microbatch.slice(),
            chunk: pipeline.chunk.slice(),
          },
        }),
    baseline: columnsOf(problem, {
      choice: fastest,
      deadline: frontier.minimumTicks,
      effectiveJ: effectiveEnergyJ(problem, fastest),
      optimal: false,
    }),
    cornerS: fastestFirst.map((ticks) => ticks / ticksPerS),
    cornerJ: fastestFirst.map((ticks) => frontier.energyAt(ticks)),
    minimumTimeS: frontier.minimumTicks / ticksPerS,
    minimumEnergyTimeS: frontier.cheapestTicks / ticksPerS,
    slowestUsefulTimeS: frontier.slowestTicks / ticksPerS,
    blockingPowerW: problem.blockingPowerW,
    waitingPowerW: problem.waitingPowerW,
    notes: problem.notes,
    solveS,
  };
}

/** A plan for a deadline, as columns. */
export function planColumns({ problem }: Frontier, plan: PlannedFor): PlanColumns {
  return columnsOf(problem, plan);
}

/** Plans of a table together take about this much memory (10 bytes an operation and plan), and are never fewer or more. */
const tableBytes = 16e6;
const plansInTable = { least: 32, most: 200 };
/** Operations looked at for all plans of the table together; from `manyOperations` on a plan is rounded and no more. */
const effortForTable = 5e6;
const manyOperations = 512;

/** Deadlines (ticks) for which a screen has a plan at hand, fastest first, evenly spread over the useful times. */
export function tableDeadlines({ problem, minimumTicks, slowestTicks }: Frontier): Float64Array {
  const fits = Math.floor(tableBytes / (10 * problem.count));
  const steps = Math.max(plansInTable.least, Math.min(plansInTable.most, fits));
  if (slowestTicks <= minimumTicks) return Float64Array.of(minimumTicks);
  return Float64Array.from({ length: steps }, (_, k) =>
    Math.floor(minimumTicks + (k / (steps - 1)) * (slowestTicks - minimumTicks)),
  );
}

/**
 * The best plans for some deadlines of the table, given the best for the one before: a plan keeps every later deadline
 * too, so that along the table no plan is worse than an earlier one.
 */
export function tablePlans(
  frontier: Frontier,
  deadlines: Float64Array,
  plans: number,
  before: PlannedFor | undefined,
): PlannedFor[] {
  const effort = frontier.problem.count > manyOperations ? 0 : effortForTable / plans;
  let best = before;
  return Array.from(deadlines, (deadline) => {
    const own = planFor(frontier, deadline, effort, false);
    best =
      best !== undefined && best.effectiveJ < own.effectiveJ
        ? { ...best, deadline, energyJ: best.effectiveJ + frontier.waitingJ(deadline), optimal: false }
        : own;
    return best;
  });
}

function columnsOf(
  problem: Problem,
  { choice, deadline, effectiveJ, optimal }: Pick<PlannedFor, "choice" | "deadline" | "effectiveJ" | "optimal">,
): PlanColumns {
  const { classes, classOf, ticksPerS } = problem;
  const timeline = new Timeline(
    problem,
    Float64Array.from(choice, (option, i) => classes[classOf[i]!]!.ticks[option]!),
  );
  const length = timeline.length();
  return {
    deadlineS: deadline / ticksPerS,
    iterationTimeS: length / ticksPerS,
    effectiveJ,
    option: Uint16Array.from(choice),
    startS: Float32Array.from(timeline.head, (ticks) => ticks / ticksPerS),
    slackS: Float32Array.from(choice, (_, i) => (length - timeline.through(i)) / ticksPerS),
    optimal,
  };
}

function classColumns({ options, effectiveJ }: OptionClass): ClassColumns {
  return {
    frequencyMhz: Float64Array.from(options, ({ frequencyMhz }) => frequencyMhz ?? Number.NaN),
    timeS: Float64Array.from(options, ({ timeS }) => timeS),
    energyJ: Float64Array.from(options, ({ energyJ }) => energyJ),
    effectiveJ: effectiveJ.slice(),
  };
}

/**
 * A graph's operations in chains: each goes on the chain of an operation that it waits for and that is that chain's
 * last, else begins one. Chains are numbered by their first operation.
 */
function chains({ count, order, before }: Problem): Int32Array {
  const lane = new Int32Array(count);
  const last: number[] = [];
  for (const i of order) {
    lane[i] = -1;
    for (let e = before.start[i]!; e < before.start[i + 1]! && lane[i] === -1; e++) {
      const other = before.list[e]!;
      if (last[lane[other]!] === other) lane[i] = lane[other]!;
    }
    if (lane[i] === -1) lane[i] = last.length;
    last[lane[i]!] = i;
  }
  return lane;
}
