/** For a map of ranks and time: how much of each stretch of the run a rank waited for others. */
import type { RankWaiting } from "../../model/waste";
import type { Span } from "../attribution/timeline";
import type { Rank } from "../ranks";
import type { Wait } from "./waits";

const mostWindows = 60;
const shortestS = 1;

export function waitingOf(ranks: readonly Rank[], { fromS, toS }: Span, waits: readonly Wait[]): RankWaiting {
  const windowS = Math.max(shortestS, (toS - fromS) / mostWindows);
  const count = Math.max(1, Math.ceil((toS - fromS) / windowS));
  const shares = ranks.map(() => new Float64Array(count));
  for (const { place, startS, excessS } of waits) {
    // A wait reaches over windows: each gets its part.
    const endS = startS + excessS;
    const first = Math.floor((startS - fromS) / windowS);
    for (let window = Math.max(0, first); window < count && fromS + window * windowS < endS; window++) {
      const fromWindowS = fromS + window * windowS;
      const insideS = Math.min(endS, fromWindowS + windowS) - Math.max(startS, fromWindowS);
      shares[place]![window]! += Math.max(0, insideS) / windowS;
    }
  }
  return {
    startS: fromS,
    windowS,
    ranks: ranks.map(({ rank = 0 }, place) => ({
      rank,
      shares: Array.from(shares[place]!, (value) => Math.min(1, value)),
    })),
  };
}
