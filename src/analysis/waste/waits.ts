/**
 * Who waited for whom. The ranks of a group call its collectives in one order, so the same number is the same collective,
 * and each rank is held up from its call until the last one has come and the work is done. The shortest of these waits is
 * the collective's own cost; what a rank waits beyond it, it waits for the rank with the shortest: that one came last.
 * Durations alone are compared, so the ranks' clocks need not be the same.
 */
import type { TracedCollective } from "../../model/trace";
import type { Rank } from "../ranks";
import { type LoopTimes, segmentAt } from "./segments";

/** Those that hold everybody up until the last one has come. In a broadcast the sender waits for nobody. */
const symmetric = new Set([
  "all_reduce",
  "all_gather",
  "all_gather_into_tensor",
  "all_to_all",
  "all_to_all_single",
  "barrier",
  "monitored_barrier",
  "reduce_scatter",
  "reduce_scatter_tensor",
]);

/** One rank's wait in one collective inside of its main loop. */
export interface Wait {
  /** Place of the rank that waited, and of the one that came last (its own where it did). */
  readonly place: number;
  readonly last: number;
  /** As the rank counts its iterations. */
  readonly iteration: number;
  readonly startS: number;
  readonly ownS: number;
  readonly excessS: number;
}

/** @param times of the main loop of each rank; collectives outside of it, or that only one rank saw, are left out */
export function matchedWaits(ranks: readonly Rank[], times: readonly (LoopTimes | undefined)[]): Wait[] {
  interface Seen {
    readonly place: number;
    readonly collective: TracedCollective;
    readonly iteration: number | undefined;
  }
  const matched = new Map<string, Seen[]>();
  ranks.forEach(({ traces }, place) => {
    traces.forEach((trace, life) => {
      for (const collective of trace.collectives ?? []) {
        if (!symmetric.has(collective.operation)) continue;
        const iteration = iterationAt(times[place], collective.startS + collective.durationS / 2);
        const key = `${life} ${collective.group} ${collective.sequence}`;
        const seen = matched.get(key);
        if (seen === undefined) matched.set(key, [{ place, collective, iteration }]);
        else seen.push({ place, collective, iteration });
      }
    });
  });
  const waits: Wait[] = [];
  for (const seen of matched.values()) {
    if (seen.length < 2 || new Set(seen.map(({ collective }) => collective.operation)).size > 1) continue;
    const last = seen.reduce((a, b) => (b.collective.durationS < a.collective.durationS ? b : a));
    const ownS = last.collective.durationS;
    for (const { place, collective, iteration } of seen) {
      if (iteration === undefined) continue;
      const excessS = collective.durationS - ownS;
      waits.push({ place, last: last.place, iteration, startS: collective.startS, ownS, excessS });
    }
  }
  return waits;
}

function iterationAt(times: LoopTimes | undefined, timeS: number): number | undefined {
  if (times === undefined) return undefined;
  const at = segmentAt(times.startS, timeS);
  return at >= 0 && times.endS[at]! >= timeS ? times.iteration[at] : undefined;
}

/** Seconds of messages between stages of a pipeline in which a rank was held up: its spans that no collective explains. */
export function collectiveSeconds(ranks: readonly Rank[], times: readonly (LoopTimes | undefined)[]): Float64Array {
  return Float64Array.from(ranks, ({ traces }, place) =>
    traces.reduce(
      (sum, { collectives = [] }) =>
        collectives.reduce((total, { startS, durationS, group }) => {
          const inLoop = iterationAt(times[place], startS + durationS / 2) !== undefined;
          return inLoop && !group.includes(">") ? total + durationS : total;
        }, sum),
      0,
    ),
  );
}
