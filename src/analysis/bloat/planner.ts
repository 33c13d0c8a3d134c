/** The best plan that can be had for a deadline: proved where the operations are few, searched for where they are many. */
import { mostOperationsExactly, searchExactly } from "./exact";
import type { Frontier } from "./frontier";
import { type Realized, realize } from "./realize";

export interface PlannedFor extends Realized {
  /** Ticks; at least the minimum time. */
  readonly deadline: number;
  /** The whole iteration's energy, J, with waiting until the deadline. */
  readonly energyJ: number;
  readonly optimal: boolean;
}

/** Operations looked at for one plan: some tenths of a second, as much as a person waits for without asking. */
export const fullEffort = 10e6;
const mostNodes = 20_000;

/**
 * @param deadline ticks; anything below the minimum time is taken for the minimum time
 * @param effort operations that the search may look at; 0 for a plan in a moment
 * @param prove search a few operations to the end
 */
export function planFor(frontier: Frontier, deadline: number, effort = fullEffort, prove = effort > 0): PlannedFor {
  const { problem } = frontier;
  const until = Math.max(deadline, frontier.minimumTicks);
  const found = realize(frontier, until, effort);
  const proved =
    prove && problem.count <= mostOperationsExactly
      ? searchExactly(problem, until, found, mostNodes)
      : { ...found, optimal: false };
  const energyJ = proved.effectiveJ + frontier.waitingJ(until);
  // Reaching the bound is a proof too.
  const optimal = proved.optimal || energyJ <= frontier.energyAt(until) * (1 + 1e-9);
  return { ...proved, deadline: until, energyJ, optimal };
}
