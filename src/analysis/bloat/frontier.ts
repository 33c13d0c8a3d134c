/**
 * The whole time-energy frontier of a problem: solved once, then any time on it is a look-up.
 */

import { ParametricFlow } from "./flow";
import { networkOf } from "./network";
import type { Problem } from "./problem";
import type { RoomHistory } from "./roomLog";

export interface SolveOptions {
  /** Told now and then how far the solver is, 0 to 1. */
  readonly progress?: (share: number) => void;
  /** Asked now and then; true ends the solver. */
  readonly cancelled?: () => boolean;
}

export class Frontier {
  constructor(
    readonly problem: Problem,
    /** Iteration times of the corners in ticks, slowest first; the first is the slowest useful time. */
    readonly cornerTicks: Float64Array,
    /** Least sum of effective energies (J) at each corner. */
    readonly cornerEffectiveJ: Float64Array,
    /** J a tick: what one tick less costs on the way from corner k to k + 1. */
    readonly slope: Float64Array,
    private readonly history: RoomHistory,
  ) {}

  get corners(): number {
    return this.cornerTicks.length;
  }

  /** Changes of operations' durations that were kept: what the frontier's memory is made of. */
  get changes(): number {
    return this.history.size;
  }

  get slowestTicks(): number {
    return this.cornerTicks[0]!;
  }

  get minimumTicks(): number {
    return this.cornerTicks[this.corners - 1]!;
  }

  /** Where the iteration's energy is least; the fastest such time. */
  get cheapestTicks(): number {
    // Energy with waiting is effective energy + waiting power × time: it falls while a tick costs less than it saves.
    const waiting = this.problem.waitingPowerW / this.problem.ticksPerS;
    let k = 0;
    while (k < this.slope.length && this.slope[k]! <= waiting) k++;
    return this.cornerTicks[k]!;
  }

  /** The frontier's energy (J, waiting included) for an iteration of `ticks`: no plan is below. O(log corners). */
  energyAt(ticks: number): number {
    const { cornerTicks, cornerEffectiveJ, slope } = this;
    // The first corner that is at most as slow.
    let low = 0;
    let high = cornerTicks.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (cornerTicks[middle]! <= ticks) high = middle;
      else low = middle + 1;
    }
    const beyond = low > 0 ? (cornerTicks[low]! - ticks) * slope[low - 1]! : 0;
    return cornerEffectiveJ[low]! + beyond + this.waitingJ(ticks);
  }

  waitingJ(ticks: number): number {
    return (this.problem.waitingPowerW * ticks) / this.problem.ticksPerS;
  }

  /**
   * Durations (ticks) of all operations in the relaxed plan for an iteration of `ticks`, each within its options' range,
   * mostly at an option and else between two. O(operations × log of their changes).
   */
  durationsAt(ticks: number): Float64Array {
    const { classOf, classes, count } = this.problem;
    const drop = this.slowestTicks - Math.min(Math.max(ticks, this.minimumTicks), this.slowestTicks);
    const durations = new Float64Array(count);
    for (let i = 0; i < count; i++) {
      const own = classes[classOf[i]!]!.ticks;
      durations[i] = Math.min(Math.max(this.history.roomAt(i, drop), own[0]!), own[own.length - 1]!);
    }
    return durations;
  }
}

/** @returns undefined where it was cancelled */
export function solveFrontier(problem: Problem, options: SolveOptions = {}): Frontier | undefined {
  const network = networkOf(problem);
  const solver = new ParametricFlow(network);
  const whole = solver.slowestTicks - fastestTicks(problem);
  const end = solver.run(Infinity, (drop) => {
    options.progress?.(whole > 0 ? drop / whole : 1);
    return options.cancelled?.() ?? false;
  });
  if (end === "stopped") return undefined;
  const corners = solver.cornerDrop.length;
  const drops = Float64Array.from([...solver.cornerDrop, solver.drop]);
  const slope = Float64Array.from(solver.cornerFlow, (flow) => flow / network.flowScale);
  const effectiveJ = new Float64Array(corners + 1);
  let sum = 0;
  for (let i = 0; i < problem.count; i++) sum += problem.classes[problem.classOf[i]!]!.effectiveJ.at(-1)!;
  effectiveJ[0] = sum;
  for (let k = 0; k < corners; k++) effectiveJ[k + 1] = effectiveJ[k]! + slope[k]! * (drops[k + 1]! - drops[k]!);
  const ticks = drops.map((drop) => solver.slowestTicks - drop);
  options.progress?.(1);
  return new Frontier(problem, ticks, effectiveJ, slope, solver.log.history());
}

/** Longest path with every operation at its fastest. */
export function fastestTicks({ count, order, before, classOf, classes }: Problem): number {
  const end = new Float64Array(count);
  let longest = 0;
  for (const i of order) {
    let start = 0;
    for (let e = before.start[i]!; e < before.start[i + 1]!; e++) start = Math.max(start, end[before.list[e]!]!);
    end[i] = start + classes[classOf[i]!]!.ticks[0]!;
    longest = Math.max(longest, end[i]!);
  }
  return longest;
}
