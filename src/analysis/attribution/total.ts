/** Energy between two times, straight from the readings of a cumulative counter. */
import { type Answer, known, unknown } from "../../model/answer";
import { formatDuration } from "../../model/format";
import { lowerBound } from "./readings";
import type { Stretch } from "./rows";
import type { Span } from "./timeline";

export interface Total {
  readonly energyJ: number;
  /** Of the two ends, which lie between readings or beyond them. The sensor's own error is not in it. */
  readonly standardErrorJ: number;
  readonly meanPowerW: number;
}

/**
 * Between two readings power may be anything; so much of the mean power is what phases of one machine differ by (0.7 of
 * it as a prior, less over several phases). With 0.6 two standard errors cover 95 % of seeded runs with bursts.
 */
const unevenShare = 0.6;
/** More than this of the time beyond the readings, and nothing is said. */
const mostUnseen = 0.2;
/** Readings that a total needs inside of its time: each end is off by half an interval at most. */
const fewestReadings = 4;

/**
 * @param readings cumulative joules in order of time, seconds on the clock of the span
 * @param holes spans whose energy is in no reading (integrated power with nothing read): their time is left out of the
 * mean power
 * @param seenBehindS seconds behind the last reading whose mean power is known all the same (a sensor that averages)
 * @returns unknown with the reason where the readings do not cover the span
 */
export function totalEnergy(
  readings: Stretch,
  { fromS, toS }: Span,
  holes: readonly Span[] = [],
  seenBehindS = 0,
): Answer<Total> {
  const { timeS } = readings;
  const inside = lowerBound(timeS, toS) - lowerBound(timeS, fromS);
  if (!(toS > fromS)) return unknown("The run has no duration.");
  if (inside < fewestReadings) {
    return unknown(`Only ${inside} readings of the meter lie in ${formatDuration(toS - fromS)}: too short to say.`);
  }
  const unseenS = Math.max(0, timeS[0]! - fromS) + Math.max(0, toS - timeS[timeS.length - 1]!);
  if (unseenS > mostUnseen * (toS - fromS)) {
    return unknown(`The meter's readings cover all but ${formatDuration(unseenS)} of ${formatDuration(toS - fromS)}.`);
  }
  const start = energyAt(readings, fromS);
  const end = energyAt(readings, toS, seenBehindS);
  const energyJ = Math.max(0, end.energyJ - start.energyJ);
  const observedS = toS - fromS - holesIn(holes, fromS, toS);
  return known({
    energyJ,
    standardErrorJ: Math.hypot(start.standardErrorJ, end.standardErrorJ),
    meanPowerW: observedS > 0 ? energyJ / observedS : 0,
  });
}

/** At most this was used: the difference of the readings around the span; undefined where one is missing. */
export function energyAtMost({ timeS, energyJ }: Stretch, { fromS, toS }: Span): number | undefined {
  let before = -1;
  let after = -1;
  for (let k = 0; k < timeS.length; k++) {
    if (timeS[k]! <= fromS) before = k;
    if (timeS[k]! >= toS && after < 0) after = k;
  }
  return before < 0 || after < 0 ? undefined : energyJ[after]! - energyJ[before]!;
}

export function holesIn(holes: readonly Span[], fromS: number, toS: number): number {
  return holes.reduce((sum, hole) => sum + Math.max(0, Math.min(toS, hole.toS) - Math.max(fromS, hole.fromS)), 0);
}

/** Cumulative joules at a time, a straight line between two readings and beyond the last; with its standard error. */
export function energyAt(
  { timeS, spreadS, energyJ }: Stretch,
  atS: number,
  seenBehindS = 0,
): { readonly energyJ: number; readonly standardErrorJ: number } {
  const last = timeS.length - 1;
  const next = lowerBound(timeS, atS);
  if (next === 0 || next > last) {
    const edge = next === 0 ? 0 : last;
    const powerW = powerNear(timeS, energyJ, edge, Math.abs(atS - timeS[edge]!));
    const beyondJ = (atS - timeS[edge]!) * powerW;
    const guessedS = Math.max(0, Math.abs(atS - timeS[edge]!) - (edge === last ? seenBehindS : 0));
    const error = Math.hypot(unevenShare * guessedS * powerW, spreadS[edge]! * powerW);
    return { energyJ: energyJ[edge]! + beyondJ, standardErrorJ: error };
  }
  const lengthS = timeS[next]! - timeS[next - 1]!;
  const share = (atS - timeS[next - 1]!) / lengthS;
  const spentJ = energyJ[next]! - energyJ[next - 1]!;
  const timing = Math.hypot((1 - share) * spreadS[next - 1]!, share * spreadS[next]!) / lengthS;
  return {
    energyJ: energyJ[next - 1]! + share * spentJ,
    standardErrorJ: spentJ * Math.hypot(unevenShare * 2 * share * (1 - share), timing),
  };
}

/** Mean power over the readings next to one end of them: over ten times what is to be guessed, a tenth of a second at least. */
function powerNear(timeS: Float64Array, energyJ: Float64Array, edge: number, beyondS: number): number {
  const step = edge === 0 ? 1 : -1;
  let other = edge + step;
  while (timeS[other + step] !== undefined && Math.abs(timeS[other]! - timeS[edge]!) < Math.max(0.1, 10 * beyondS))
    other += step;
  const lengthS = timeS[other]! - timeS[edge]!;
  return lengthS === 0 || !Number.isFinite(lengthS) ? 0 : (energyJ[other]! - energyJ[edge]!) / lengthS;
}
