/**
 * From the relaxed plan to one that exists.
 *
 * The relaxed plan puts an operation between two options now and then, and finding the best plan of given options is
 * NP-hard (De et al. 1997). Several starts are rounded from the frontier; the time that rounding freed is spent where it
 * saves the most joules a second; an exchange search then speeds one operation up where that lets others save more. The
 * deadline holds at every moment: an operation is only slowed within its slack, which leaves every path within the
 * deadline, and speeding up makes no path longer.
 */
import type { Frontier } from "./frontier";
import { optionWithin } from "./options";
import type { Problem } from "./problem";
import { RateHeap } from "./rateHeap";
import { Timeline } from "./timeline";

/** One option an operation: index into its class. */
export type Choice = Int32Array;

export interface Realized {
  readonly choice: Choice;
  /** Longest path, ticks. */
  readonly ticks: number;
  /** Sum of effective energies, J. */
  readonly effectiveJ: number;
}

/** How far between two options an operation is rounded to the slower one; 1: only when it is there. */
const thresholds = [1, 0.75, 0.5];

/**
 * A plan of existing options for `deadline` (ticks, at least the minimum time).
 *
 * @param effort operations that the search may look at: 0 rounds, spends the slack and is done
 */
export function realize(frontier: Frontier, deadline: number, effort: number): Realized {
  const { problem } = frontier;
  const plans: PlanInProgress[] = [];
  for (const threshold of effort > 0 ? thresholds : [1]) {
    const start = rounded(frontier, deadline, threshold);
    if (start === undefined) continue;
    const plan = new PlanInProgress(problem, start, deadline);
    plan.spend(start.keys());
    plans.push(plan);
  }
  // The most promising first: where the effort does not reach for all, it goes there.
  const energyJ = ({ choice }: PlanInProgress) => effectiveEnergyJ(problem, choice);
  plans.sort((a, b) => energyJ(a) - energyJ(b));
  let left = effort;
  for (const plan of plans) {
    const before = plan.timeline.visits;
    plan.exchange(left);
    left -= plan.timeline.visits - before;
  }
  const best = plans.reduce((least, plan) => (energyJ(plan) < energyJ(least) ? plan : least));
  return { choice: best.choice, ticks: best.timeline.length(), effectiveJ: energyJ(best) };
}

export function effectiveEnergyJ({ classes, classOf }: Problem, choice: Choice): number {
  let sum = 0;
  for (let i = 0; i < choice.length; i++) sum += classes[classOf[i]!]!.effectiveJ[choice[i]!]!;
  return sum;
}

/**
 * The frontier's plan at some time, rounded. To the next faster option it keeps any deadline that the relaxed plan keeps;
 * otherwise the slowest time is sought whose rounded plan does.
 * @returns undefined where none does
 */
function rounded(frontier: Frontier, deadline: number, threshold: number): Choice | undefined {
  const { problem } = frontier;
  if (threshold === 1) return roundAt(frontier, deadline, 1);
  let best: Choice | undefined;
  let [low, high] = [frontier.minimumTicks, frontier.slowestTicks];
  for (let step = 0; step < 20; step++) {
    const middle = step === 0 ? low : (low + high) / 2;
    const choice = roundAt(frontier, middle, threshold);
    if (new Timeline(problem, ticksOf(problem, choice)).length() <= deadline) {
      best = choice;
      low = middle;
    } else if (step === 0) return undefined;
    else high = middle;
  }
  return best;
}

function roundAt(frontier: Frontier, ticks: number, threshold: number): Choice {
  const { classes, classOf } = frontier.problem;
  const durations = frontier.durationsAt(ticks);
  return Int32Array.from(durations, (duration, i) => {
    const own = classes[classOf[i]!]!.ticks;
    const option = optionWithin(classes[classOf[i]!]!, duration);
    if (option + 1 === own.length) return option;
    const share = (duration - own[option]!) / (own[option + 1]! - own[option]!);
    return share >= threshold ? option + 1 : option;
  });
}

function ticksOf({ classes, classOf }: Problem, choice: Choice): Float64Array {
  return Float64Array.from(choice, (option, i) => classes[classOf[i]!]!.ticks[option]!);
}

/** Options by which one operation is sped up at once, at most. */
const longestStep = 3;

class PlanInProgress {
  readonly timeline: Timeline;

  /** @param choice a plan that keeps the deadline; changed in place */
  constructor(
    private readonly problem: Problem,
    readonly choice: Choice,
    private readonly deadline: number,
  ) {
    this.timeline = new Timeline(problem, ticksOf(problem, choice));
  }

  /** Slows operations of `candidates` while any fits its slack, most joules a second first. @returns J saved */
  spend(candidates: Iterable<number>): number {
    const heap = new RateHeap();
    for (const i of candidates) this.offer(i, heap);
    let savedJ = 0;
    while (heap.size > 0) {
      const i = heap.pop();
      // Slack only shrinks here: what was offered may no longer fit, and what still does may be worth less than another's.
      const { option, rate } = this.bestSlower(i);
      if (option >= 0 && rate >= heap.topRate) {
        savedJ += this.effectiveJ(i, this.choice[i]!) - this.effectiveJ(i, option);
        this.choose(i, option);
      }
      this.offer(i, heap);
    }
    return savedJ;
  }

  /**
   * Speeds up one operation at a time by a few options and spends what that frees; kept where more is saved than it
   * cost. Goes round until a whole round saves nothing, or `effort` is used up.
   */
  exchange(effort: number): void {
    const { choice, timeline } = this;
    const limit = timeline.visits + effort;
    const count = choice.length;
    for (let i = 0, idle = 0; idle < count && timeline.visits < limit; i = (i + 1) % count) {
      idle++;
      for (let step = 1; step <= Math.min(longestStep, choice[i]!); step++) {
        if (this.tryFaster(i, step)) idle = 0;
      }
    }
  }

  private tryFaster(i: number, step: number): boolean {
    const { choice, timeline } = this;
    const at = choice[i]!;
    const costJ = this.effectiveJ(i, at - step) - this.effectiveJ(i, at);
    timeline.mark();
    this.choose(i, at - step);
    const freed = timeline.changed();
    freed.delete(i);
    const before = Array.from(freed, (j) => choice[j]!);
    // The margin keeps two plans of equal energy from changing places for ever.
    if (this.spend(freed) > costJ * (1 + 1e-9)) {
      timeline.keep();
      return true;
    }
    timeline.revert();
    let k = 0;
    for (const j of freed) choice[j] = before[k++]!;
    choice[i] = at;
    return false;
  }

  private offer(i: number, heap: RateHeap): void {
    const { option, rate } = this.bestSlower(i);
    if (option >= 0) heap.push(i, rate);
  }

  /** The slower option within the slack that saves most joules a tick; -1 where there is none. */
  private bestSlower(i: number): { option: number; rate: number } {
    const { ticks, effectiveJ } = this.problem.classes[this.problem.classOf[i]!]!;
    const at = this.choice[i]!;
    const latest = ticks[at]! + this.deadline - this.timeline.through(i);
    let option = -1;
    let rate = 0;
    for (let k = at + 1; k < ticks.length && ticks[k]! <= latest; k++) {
      const own = (effectiveJ[at]! - effectiveJ[k]!) / (ticks[k]! - ticks[at]!);
      if (own > rate) {
        option = k;
        rate = own;
      }
    }
    return { option, rate };
  }

  private effectiveJ(i: number, option: number): number {
    return this.problem.classes[this.problem.classOf[i]!]!.effectiveJ[option]!;
  }

  private choose(i: number, option: number): void {
    this.choice[i] = option;
    this.timeline.set(i, this.problem.classes[this.problem.classOf[i]!]!.ticks[option]!);
  }
}
