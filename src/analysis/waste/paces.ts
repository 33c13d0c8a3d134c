/** Which ranks hold the others up, by time alone: for runs of which no energy is known, such as imported traces. */
import type { Run } from "../../model/run";
import { ranksOf } from "../ranks";
import { loopTimes } from "./segments";
import { type Pace, pacesOf } from "./stragglers";
import { matchedWaits } from "./waits";

export interface RankPace extends Pace {
  readonly rank: number;
  /** Seconds that the others, together, waited for it. */
  readonly waitingOfOthersS: number;
}

/** The ranks that the others waited for, the worst first; none where there is one rank, or no collective that all saw. */
export function rankPaces(run: Run): RankPace[] {
  const ranks = ranksOf(run);
  if (ranks.length < 2) return [];
  const times = ranks.map(loopTimes);
  const waits = matchedWaits(ranks, times);
  const paces = pacesOf(times, waits);
  return ranks
    .map(({ rank = 0 }, place) => {
      const waitingOfOthersS = waits.reduce((sum, { last, excessS }) => (last === place ? sum + excessS : sum), 0);
      return { rank, ...paces[place]!, waitingOfOthersS };
    })
    .filter(({ waitingOfOthersS }) => waitingOfOthersS > 0)
    .sort((a, b) => b.waitingOfOthersS - a.waitingOfOthersS);
}
