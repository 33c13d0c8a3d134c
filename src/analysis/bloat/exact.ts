/**
 * The best plan of given options, proved, for a few operations: branch and bound over the frontier's own relaxation.
 *
 * A node allows each operation a run of its options, fastest to slowest. The relaxation over the hulls of these runs
 * bounds every plan in it from below; where it puts an operation between two options, one child keeps those up to the
 * faster, the other those from the slower on. No plan is in neither, none in both, and every branch takes an option away:
 * the search is complete and ends. The relaxation's flow prices time, and an option whose price exceeds what is left
 * between bound and best plan cannot be in a better one: it is taken out too (reduced cost fixing).
 */
import { ParametricFlow } from "./flow";
import { type Network, type Skeleton, skeletonOf, withHulls } from "./network";
import { hullCorners, optionWithin } from "./options";
import type { Problem } from "./problem";
import type { Choice, Realized } from "./realize";
import { Timeline } from "./timeline";

export interface Proved extends Realized {
  /** False where the search was cut short: the plan is the best found, and nothing is proved. */
  readonly optimal: boolean;
}

/** Above this the search is not tried: its time doubles or so with each operation more. */
export const mostOperationsExactly = 24;

/** Two plans that differ by less than this share of their energy are as good. */
const tolerance = 1e-9;

/** Options that a node allows: operation `i` from `first[i]` to `last[i]`. */
interface Node {
  readonly first: Int32Array;
  readonly last: Int32Array;
}

interface Relaxed {
  readonly effectiveJ: number;
  /** Each operation's cost on its hull, J. */
  readonly costJ: Float64Array;
  readonly durations: Float64Array;
  /** What a tick of each operation is worth, J. */
  readonly price: Float64Array;
}

/**
 * @param incumbent a plan that keeps the deadline
 * @param mostNodes the search ends unproved after so many
 */
export function searchExactly(problem: Problem, deadline: number, incumbent: Realized, mostNodes: number): Proved {
  const skeleton = skeletonOf(problem);
  const { classOf, classes, count } = problem;
  let best = incumbent;
  const stack: Node[] = [{ first: new Int32Array(count), last: classOf.map((c) => classes[c]!.ticks.length - 1) }];
  for (let nodes = 0; stack.length > 0; nodes++) {
    if (nodes === mostNodes) return { ...best, optimal: false };
    const node = stack.pop()!;
    const relaxed = relax(problem, skeleton, node, deadline);
    if (relaxed === undefined) continue;
    const room = best.effectiveJ - relaxed.effectiveJ - tolerance * scaleJ(best);
    if (room <= 0) continue;
    if (!tighten(problem, node, relaxed, room)) continue;
    const choice = Int32Array.from(relaxed.durations, (ticks, i) => optionWithin(classes[classOf[i]!]!, ticks));
    const rounded = planOf(problem, choice);
    if (rounded.ticks <= deadline && rounded.effectiveJ < best.effectiveJ) best = rounded;
    const split = mostUndecided(problem, choice, relaxed, node);
    if (split < 0) continue;
    const at = choice[split]!;
    const faster = { first: node.first.slice(), last: node.last.with(split, at) };
    const slower = { first: node.first.with(split, at + 1), last: node.last.slice() };
    const own = classes[classOf[split]!]!.ticks;
    const nearFaster = relaxed.durations[split]! - own[at]! <= own[at + 1]! - relaxed.durations[split]!;
    // The last one pushed is searched first.
    for (const child of nearFaster ? [slower, faster] : [faster, slower]) {
      if (child.first[split]! <= child.last[split]!) stack.push(child);
    }
  }
  return { ...best, optimal: true };
}

function scaleJ({ effectiveJ }: Realized): number {
  return Math.max(Math.abs(effectiveJ), Number.MIN_VALUE);
}

function planOf(problem: Problem, choice: Choice): Realized {
  const { classes, classOf } = problem;
  const ticks = Float64Array.from(choice, (option, i) => classes[classOf[i]!]!.ticks[option]!);
  let effectiveJ = 0;
  for (let i = 0; i < choice.length; i++) effectiveJ += classes[classOf[i]!]!.effectiveJ[choice[i]!]!;
  return { choice, ticks: new Timeline(problem, ticks).length(), effectiveJ };
}

/** @returns undefined where no plan of these options keeps the deadline */
function relax(problem: Problem, skeleton: Skeleton, { first, last }: Node, deadline: number): Relaxed | undefined {
  const { classes, classOf } = problem;
  const choices = Array.from(classOf, (c, i) => ({
    options: classes[c]!,
    corners: hullCorners(classes[c]!, first[i]!, last[i]!),
  }));
  const network: Network = withHulls(skeleton, choices, Int32Array.from(classOf.keys()));
  const solver = new ParametricFlow(network);
  const slowest = solver.slowestTicks;
  if (slowest > deadline && solver.run(slowest - deadline, () => false) === "fastest") {
    if (slowest - solver.drop > deadline) return undefined;
  }
  const durations = solver.rooms();
  const costJ = new Float64Array(choices.length);
  for (const [i, { options, corners }] of choices.entries()) {
    const { ticks } = options;
    durations[i] = Math.min(Math.max(durations[i]!, ticks[first[i]!]!), ticks[last[i]!]!);
    let k = 0;
    while (k + 2 < corners.length && ticks[corners[k + 1]!]! <= durations[i]!) k++;
    const [a, b] = [corners[k]!, corners[Math.min(k + 1, corners.length - 1)]!];
    const share = a === b ? 0 : (durations[i]! - ticks[a]!) / (ticks[b]! - ticks[a]!);
    costJ[i] = options.effectiveJ[a]! + share * (options.effectiveJ[b]! - options.effectiveJ[a]!);
  }
  const price = solver.flow.slice(0, problem.count).map((flow) => flow / network.flowScale);
  return { effectiveJ: costJ.reduce((sum, own) => sum + own, 0), costJ, durations, price };
}

/**
 * Takes options off both ends of each run that cost more than `room` above the relaxed plan: at these prices of time
 * (energy + price × time) each is that much worse than what the relaxed plan does, whatever the others do.
 * @returns false where nothing is left
 */
function tighten({ classes, classOf }: Problem, node: Node, { price }: Relaxed, room: number): boolean {
  for (const [i, c] of classOf.entries()) {
    const { ticks, effectiveJ } = classes[c]!;
    const priced = (k: number) => effectiveJ[k]! + price[i]! * ticks[k]!;
    let least = Infinity;
    for (let k = node.first[i]!; k <= node.last[i]!; k++) least = Math.min(least, priced(k));
    while (node.first[i]! <= node.last[i]! && priced(node.first[i]!) > least + room) node.first[i]!++;
    while (node.last[i]! >= node.first[i]! && priced(node.last[i]!) > least + room) node.last[i]!--;
    if (node.first[i]! > node.last[i]!) return false;
  }
  return true;
}

/**
 * The operation whose place between two options matters most, or one that is at an option above its hull; -1 where the
 * relaxed plan exists as it is.
 */
function mostUndecided(
  { classes, classOf }: Problem,
  choice: Choice,
  { durations, price, costJ }: Relaxed,
  { last }: Node,
): number {
  let most = -1;
  let mostJ = -1;
  for (const [i, c] of classOf.entries()) {
    const { ticks, effectiveJ } = classes[c]!;
    const at = choice[i]!;
    if (at >= last[i]! || (durations[i] === ticks[at] && costJ[i]! >= effectiveJ[at]!)) continue;
    const matters = Math.min(durations[i]! - ticks[at]!, ticks[at + 1]! - durations[i]!) * price[i]!;
    if (matters > mostJ) [most, mostJ] = [i, matters];
  }
  return most;
}
