/** Cumulative energy readings of one device, made fit for use: in order, finite, never falling, in stretches. */
import { type MeterClock, meterClock } from "./meterClock";
import type { Stretch } from "./rows";
import type { Span } from "./timeline";

export type { Span };

export interface Readings {
  /** Seconds; when each reading became true lies in `timeS ± timeErrorS`. */
  readonly timeS: Float64Array;
  readonly timeErrorS: Float64Array;
  /** Cumulative joules; NaN where a row has no energy: it is left out. */
  readonly energyJ: Float64Array;
}

/** Readings with what is known of their times. */
export interface TimedReadings extends Stretch {
  readonly updatePeriodS?: number;
}

/** Leaves out what has no value or stands before its predecessor, and finds the meter's own clock. */
export function timedReadings(readings: Readings): TimedReadings {
  const { timeS, halfS, energyJ } = usable(readings);
  const clock: MeterClock = meterClock({ timeS, halfS });
  // One of them may be off by a whole update: a few intervals of double length are better.
  const sure = [...timeS.keys()].filter((k) => Number.isFinite(clock.spreadS[k]!));
  return {
    timeS: Float64Array.from(sure, (k) => clock.timeS[k]!),
    spreadS: Float64Array.from(sure, (k) => clock.spreadS[k]!),
    energyJ: Float64Array.from(sure, (k) => energyJ[k]!),
    ...(clock.periodS !== undefined && { updatePeriodS: clock.periodS }),
  };
}

/** The same with the times as they were seen, which costs next to nothing and does for a total. */
export function plainReadings(readings: Readings): Stretch {
  const { timeS, halfS, energyJ } = usable(readings);
  return { timeS, spreadS: halfS.map((half) => half / Math.sqrt(3)), energyJ };
}

/** In order of time, finite, never falling. */
function usable({ timeS, timeErrorS, energyJ }: Readings) {
  const keep: number[] = [];
  let latestS = Number.NEGATIVE_INFINITY;
  let mostJ = Number.NEGATIVE_INFINITY;
  for (let k = 0; k < timeS.length; k++) {
    if (!Number.isFinite(timeS[k]! + energyJ[k]!) || timeS[k]! <= latestS || energyJ[k]! < mostJ) continue;
    latestS = timeS[k]!;
    mostJ = energyJ[k]!;
    keep.push(k);
  }
  return {
    timeS: Float64Array.from(keep, (k) => timeS[k]!),
    halfS: Float64Array.from(keep, (k) => (Number.isFinite(timeErrorS[k]!) ? Math.max(0, timeErrorS[k]!) : 0)),
    energyJ: Float64Array.from(keep, (k) => energyJ[k]!),
  };
}

/** The readings of a span, in stretches of at least one interval; no interval of a stretch reaches into a hole. */
export function stretchesOf(readings: Stretch, span: Span, holes: readonly Span[]): Stretch[] {
  const { timeS } = readings;
  const stretches: Stretch[] = [];
  let from = lowerBound(timeS, span.fromS);
  const until = lowerBound(timeS, span.toS);
  const sorted = [...holes].sort((a, b) => a.fromS - b.fromS);
  const add = (to: number) => {
    if (to - from >= 2) stretches.push(part(readings, from, to));
  };
  for (const hole of sorted) {
    // The last reading that is not inside of the hole, and the first one after it.
    const end = Math.min(until, upperBound(timeS, hole.fromS));
    if (hole.toS <= (timeS[from] ?? Number.POSITIVE_INFINITY) || end <= from) {
      from = Math.max(from, Math.min(until, lowerBound(timeS, hole.toS)));
      continue;
    }
    add(end);
    from = Math.max(from, lowerBound(timeS, hole.toS));
  }
  add(until);
  return stretches;
}

const blockLength = 200;

/**
 * Blocks of neighbouring intervals from all over the run, with about `most` intervals in all: enough to learn what the
 * whole run shares. Where some are much sharper than others (bursts of polls), those.
 */
export function someOf(stretches: readonly Stretch[], most: number): readonly Stretch[] {
  const count = stretches.reduce((sum, { timeS }) => sum + timeS.length - 1, 0);
  if (count <= most) return stretches;
  const blocks: Stretch[] = [];
  for (const stretch of stretches) {
    for (let from = 0; from + 1 < stretch.timeS.length; from += blockLength) {
      blocks.push(part(stretch, from, Math.min(stretch.timeS.length, from + blockLength + 1)));
    }
  }
  const coarseness = blocks.map(coarsenessOf);
  const limit = 2 * Math.min(...coarseness);
  const sharp = blocks.filter((_, k) => coarseness[k]! <= limit);
  const wanted = Math.max(1, Math.min(sharp.length, Math.round(most / blockLength)));
  return Array.from({ length: wanted }, (_, k) => sharp[Math.floor(((k + 0.5) * sharp.length) / wanted)]!);
}

/** Seconds: long intervals tell less, and badly known bounds spoil short ones. */
function coarsenessOf({ timeS, spreadS }: Stretch): number {
  const lengthS = (timeS[timeS.length - 1]! - timeS[0]!) / (timeS.length - 1);
  return lengthS + (10 * spreadS.reduce((sum, value) => sum + value, 0)) / spreadS.length;
}

function part({ timeS, spreadS, energyJ }: Stretch, from: number, to: number): Stretch {
  return { timeS: timeS.subarray(from, to), spreadS: spreadS.subarray(from, to), energyJ: energyJ.subarray(from, to) };
}

/** The first index whose value is not below. */
export function lowerBound(sorted: Float64Array, value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The first index whose value is above. */
export function upperBound(sorted: Float64Array, value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}
