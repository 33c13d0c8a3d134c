/** The answer of `wattline bloat FILE`: from a solved frontier to `wattline.bloat/1`. */
import { type Answer, known, unknown } from "../../model/answer";
import { type BloatReport, bloatSchemaName, type FrontierPoint, type Plan, type StageWaiting } from "../../model/bloat";
import type { Frontier } from "./frontier";
import { roundOff } from "./options";
import { type PlannedFor, planFor } from "./planner";
import { effectiveEnergyJ } from "./realize";
import { Timeline } from "./timeline";

export interface Question {
  /** The plan's deadline; the minimum time where absent. */
  readonly atS?: number;
  readonly stragglerS?: number;
  /** Corners of the frontier that are given a plan that exists, at most. */
  readonly realizedPoints?: number;
}

/** Times are often copied with six digits: what falls short of the minimum time by less than this share is that time. */
const copied = 1e-6;
/** Corners that get a plan: `most`, fewer where operations are many, never under `least`. */
const realizedPoints = { most: 200, least: 20, operations: 120_000 };
/** Operations looked at for all realized points together: about half a second. */
const effortForPoints = 10e6;
/** From here on a point gets its rounding and nothing more. */
const manyOperations = 4096;

/**
 * @param elapsedS what solving the frontier took, measured by the caller
 * @returns unknown, with the reason, where a time is asked for that cannot be had
 */
export function bloatReport(frontier: Frontier, question: Question, elapsedS: number): Answer<BloatReport> {
  const { problem, minimumTicks, slowestTicks } = frontier;
  const seconds = (ticks: number) => ticks / problem.ticksPerS;
  const minimumTimeS = seconds(minimumTicks);
  for (const [name, timeS] of [["--at", question.atS] as const, ["--straggler", question.stragglerS] as const]) {
    if (timeS === undefined) continue;
    if (Number.isFinite(timeS) && timeS >= minimumTimeS * (1 - copied)) continue;
    return unknown(`${name} ${timeS} s is less than the minimum time, ${minimumTimeS} s: no plan is as fast`);
  }
  const deadline = question.atS === undefined ? minimumTicks : wholeTicks(question.atS, problem.ticksPerS);
  const baselineJ = baselineEnergyJ(frontier);
  const fastest = planFor(frontier, minimumTicks);
  const plan = deadline <= minimumTicks ? fastest : planFor(frontier, deadline);
  const intrinsicJ = baselineJ - fastest.energyJ;
  return known({
    schema: bloatSchemaName,
    ...(problem.name === undefined ? {} : { name: problem.name }),
    operations: problem.count,
    minimumTimeS,
    minimumEnergyTimeS: seconds(frontier.cheapestTicks),
    slowestUsefulTimeS: seconds(slowestTicks),
    baseline: { iterationTimeS: minimumTimeS, energyJ: baselineJ },
    intrinsic: { energyJ: intrinsicJ, share: shareOf(intrinsicJ, baselineJ) },
    ...extrinsicOf(frontier, question.stragglerS, baselineJ, intrinsicJ, plan),
    frontier: pointsOf(frontier, question.realizedPoints ?? Number.POSITIVE_INFINITY, fastest),
    plan: planOf(frontier, plan),
    ...stagesOf(frontier, plan),
    notes: problem.notes,
    solver: { steps: frontier.corners - 1, elapsedS },
  });
}

/** With every operation at its fastest: J of an iteration of the minimum time. */
export function baselineEnergyJ(frontier: Frontier): number {
  const fastest = new Int32Array(frontier.problem.count);
  return effectiveEnergyJ(frontier.problem, fastest) + frontier.waitingJ(frontier.minimumTicks);
}

/** Down to a whole tick, but for what multiplication itself adds. */
function wholeTicks(timeS: number, ticksPerS: number): number {
  const ticks = timeS * ticksPerS;
  const nearest = Math.round(ticks);
  return Math.abs(ticks - nearest) <= ticks * roundOff ? nearest : Math.floor(ticks);
}

function shareOf(part: number, whole: number): number {
  return whole > 0 ? part / whole : 0;
}

function extrinsicOf(
  frontier: Frontier,
  stragglerS: number | undefined,
  baselineJ: number,
  intrinsicJ: number,
  plan: PlannedFor,
): Pick<BloatReport, "extrinsic"> {
  if (stragglerS === undefined) return {};
  const ticks = Math.max(wholeTicks(stragglerS, frontier.problem.ticksPerS), frontier.minimumTicks);
  const best = ticks === plan.deadline ? plan : planFor(frontier, ticks);
  const forcedJ = baselineJ + frontier.waitingJ(ticks - frontier.minimumTicks);
  const energyJ = forcedJ - best.energyJ;
  return {
    extrinsic: {
      stragglerTimeS: ticks / frontier.problem.ticksPerS,
      energyJ,
      share: shareOf(energyJ, forcedJ),
      beyondIntrinsicJ: energyJ - intrinsicJ,
    },
  };
}

/** All corners, fastest first, and for some of them, evenly spread, a plan that exists. */
function pointsOf(frontier: Frontier, atMost: number, fastest: PlannedFor): FrontierPoint[] {
  const { problem, corners, cornerTicks } = frontier;
  const { most, least, operations } = realizedPoints;
  const given = new Set<number>();
  const points = Math.min(atMost, corners, most, Math.max(least, Math.round(operations / problem.count)));
  for (let k = 0; k < points; k++) given.add(Math.round((k * (corners - 1)) / Math.max(1, points - 1)));
  const effort = problem.count > manyOperations ? 0 : effortForPoints / Math.max(1, points);
  let best = fastest;
  return Array.from({ length: corners }, (_, k) => {
    const ticks = cornerTicks[corners - 1 - k]!;
    const point = { iterationTimeS: ticks / problem.ticksPerS, energyJ: frontier.energyAt(ticks) };
    if (!given.has(k)) return point;
    // A plan for less time keeps this time as well, and may be better than what is found here.
    const own = k === 0 ? fastest : planFor(frontier, ticks, effort);
    if (own.effectiveJ < best.effectiveJ) best = own;
    return {
      ...point,
      realizedTimeS: best.ticks / problem.ticksPerS,
      realizedEnergyJ: best.effectiveJ + frontier.waitingJ(ticks),
    };
  });
}

function planOf(frontier: Frontier, { choice, deadline, ticks, energyJ, optimal }: PlannedFor): Plan {
  const { problem } = frontier;
  const { classes, classOf, ticksPerS } = problem;
  const timeline = new Timeline(
    problem,
    Float64Array.from(choice, (option, i) => classes[classOf[i]!]!.ticks[option]!),
  );
  return {
    deadlineS: deadline / ticksPerS,
    iterationTimeS: ticks / ticksPerS,
    energyJ,
    lowerBoundJ: Math.min(frontier.energyAt(deadline), energyJ),
    optimal,
    operations: Array.from(choice, (option, i) => {
      const own = classes[classOf[i]!]!.options[option]!;
      const fastest = classes[classOf[i]!]!.options[0]!;
      return {
        id: problem.idOf(i),
        ...(own.frequencyMhz === undefined ? {} : { frequencyMhz: own.frequencyMhz }),
        timeS: own.timeS,
        energyJ: own.energyJ,
        slackS: (deadline - timeline.through(i)) / ticksPerS,
        startS: timeline.head[i]! / ticksPerS,
        baselineTimeS: fastest.timeS,
        baselineEnergyJ: fastest.energyJ,
        ...(fastest.frequencyMhz === undefined ? {} : { baselineFrequencyMhz: fastest.frequencyMhz }),
      };
    }),
  };
}

function stagesOf({ problem, minimumTicks }: Frontier, plan: PlannedFor): Pick<BloatReport, "stages"> {
  const { pipeline, classes, classOf, ticksPerS, blockingPowerW } = problem;
  if (pipeline === undefined) return {};
  const stages: StageWaiting[] = [];
  for (let stage = 0; stage + 1 < pipeline.stageStart.length; stage++) {
    let [baselineBusy, planBusy] = [0, 0];
    for (let i = pipeline.stageStart[stage]!; i < pipeline.stageStart[stage + 1]!; i++) {
      const { ticks } = classes[classOf[i]!]!;
      baselineBusy += ticks[0]!;
      planBusy += ticks[plan.choice[i]!]!;
    }
    const baselineWaitingS = (minimumTicks - baselineBusy) / ticksPerS;
    const planWaitingS = (plan.deadline - planBusy) / ticksPerS;
    stages.push({
      stage,
      baselineWaitingS,
      baselineWaitingEnergyJ: baselineWaitingS * blockingPowerW,
      planWaitingS,
      planWaitingEnergyJ: planWaitingS * blockingPowerW,
    });
  }
  return { stages };
}
