/**
 * Iterations of a loop: which of them count, how long one takes, and how much energy it uses.
 *
 * The first iterations compile, allocate and fill caches; now and then one writes a checkpoint. Neither is what another
 * thousand iterations will cost. What counts is told by robust measures (medians, and the median absolute deviation:
 * Huber & Ronchetti 2009, Robust Statistics, 5.1), so that one iteration of a minute moves nothing.
 */
import { type Answer, known, unknown } from "../model/answer";
import { formatDuration } from "../model/format";
import { fewestBlocks, iterationsAtLeastS, updatesABlock } from "./attribution/enough";
import { lowerBound } from "./attribution/readings";
import type { Stretch } from "./attribution/rows";
import { energyAt } from "./attribution/total";
import { type Drift, driftOf, settlingLength } from "./settling";

/** Iterations in order of time. */
export interface Iterations {
  /** Seconds, rising. */
  readonly startS: Float64Array;
  readonly durationS: Float64Array;
}

export const counted = 0;
export const warmUp = 1;
export const outlier = 2;
/** Before the machine was steady: see settling.ts. */
export const settling = 3;

export interface ClassifiedIterations {
  /** `counted`, `warmUp`, `outlier` or `settling`, one an iteration. */
  readonly kind: Uint8Array;
  readonly counted: number;
  readonly warmUp: number;
  readonly outliers: number;
  readonly settling: number;
  /** Mean of those counted; NaN where there are none. */
  readonly durationPerIterationS: number;
  /** By how much the counted ones grew longer from the first to the last, as a share; absent below 20 of them. */
  readonly drift?: Drift;
}

/** A normal distribution's standard deviation is this many median absolute deviations. */
const madToDeviation = 1.4826;
/** Slow at the start is warm-up for at most this share of the loop; what is slow for longer is how the loop is. */
const longestWarmUp = 0.25;
/** Warm-up is over when this many in a row are of the usual length. */
const settled = 3;
/** An outlier is far outside of the usual scatter, and half as long again at least: a loop may be very regular. */
const outlierDeviations = 8;
const outlierFactor = 1.5;
/** Longer iterations that come this often are a part of the loop: every eighth with the optimizer's step, say. */
const rare = 0.05;
/** Iterations whose median stands for what is usual at that time. */
const neighbours = 50;

export function classifyIterations({ durationS }: Iterations): ClassifiedIterations {
  const kind = new Uint8Array(durationS.length);
  const warm = warmUpLength(durationS);
  kind.fill(warmUp, 0, warm);
  const usualS = localMedians(durationS.subarray(warm));
  const excess = durationS.subarray(warm).map((value, k) => value / usualS[k]! - 1);
  const deviation = madToDeviation * median(excess.map(Math.abs));
  const limits = [
    Math.max(outlierDeviations * deviation, outlierFactor - 1),
    Math.max(2 * outlierDeviations * deviation, 3),
  ];
  // Where the lower limit makes too many into outliers, only what is several times as long is one.
  const limit = limits.find((share) => excess.filter((value) => value > share).length <= rare * excess.length);
  if (limit !== undefined) for (let k = 0; k < excess.length; k++) if (excess[k]! > limit) kind[warm + k] = outlier;
  const settlingCount = markSettling(durationS, kind);
  const used = durationS.filter((_, k) => kind[k] === counted);
  const drift = driftOf(used);
  return {
    kind,
    counted: used.length,
    warmUp: warm,
    outliers: kind.reduce((sum, one) => sum + (one === outlier ? 1 : 0), 0),
    settling: settlingCount,
    durationPerIterationS: used.length > 0 ? mean(used) : Number.NaN,
    ...(drift && { drift }),
  };
}

/** @returns how many of those that counted are marked */
function markSettling(durationS: Float64Array, kind: Uint8Array): number {
  const rows = [...kind.keys()].filter((k) => kind[k] === counted);
  const count = settlingLength(Float64Array.from(rows, (k) => durationS[k]!));
  for (const k of rows.slice(0, count)) kind[k] = settling;
  return count;
}

function warmUpLength(durationS: Float64Array): number {
  // Below four nothing says which of them is usual.
  if (durationS.length < settled + 1) return 0;
  const later = durationS.subarray(durationS.length >> 1);
  const usualS = median(later);
  const scatterS = madToDeviation * median(later.map((value) => Math.abs(value - usualS)));
  const slowS = usualS + Math.max(4 * scatterS, 0.1 * usualS);
  const most = Math.max(1, Math.floor(longestWarmUp * durationS.length));
  for (let from = 0; from <= most; from++) {
    let quick = 0;
    while (quick < settled && durationS[from + quick]! <= slowS) quick++;
    if (quick === settled) return from;
  }
  return 0;
}

/** The median of the block of neighbours that each is in: usual lengths may change in the course of a run. */
function localMedians(values: Float64Array): Float64Array {
  const result = new Float64Array(values.length);
  const blocks = Math.max(1, Math.round(values.length / neighbours));
  for (let block = 0; block < blocks; block++) {
    const from = Math.floor((block * values.length) / blocks);
    const to = Math.floor(((block + 1) * values.length) / blocks);
    result.fill(median(values.subarray(from, to)), from, to);
  }
  return result;
}

export interface IterationEnergy {
  readonly energyPerIterationJ: number;
  /** Of the mean, by how much blocks of iterations differ; the sensor's gain error is not in it. */
  readonly standardErrorJ: number;
  /** Iterations that it is the mean of. */
  readonly iterations: number;
}

const mostBlocks = 40;

/**
 * Energy of the mean counted iteration, from totals of blocks of neighbouring ones: an iteration shorter than the
 * meter's update has no reading of its own, a block of them has.
 * @param readings cumulative joules (`timedReadings`), seconds
 * @param lagS the meter's time minus the trace's
 * @returns unknown with the reason where the meter is too slow for so few iterations
 */
export function energyPerIteration(
  readings: Stretch,
  { startS, durationS }: Iterations,
  kind: Uint8Array,
  lagS = 0,
): Answer<IterationEnergy> {
  const covered = (k: number) =>
    startS[k]! + lagS >= readings.timeS[0]! &&
    startS[k]! + durationS[k]! + lagS <= readings.timeS[readings.timeS.length - 1]!;
  const usable: number[] = [];
  for (let k = 0; k < startS.length; k++) if (kind[k] === counted && covered(k)) usable.push(k);
  if (usable.length === 0) return unknown("No iteration lies between two readings of the meter.");
  const lastOne = usable[usable.length - 1]!;
  const spanS = startS[lastOne]! + durationS[lastOne]! - startS[usable[0]!]!;
  const updateS = typicalInterval(readings);
  const blocks = Math.min(mostBlocks, usable.length, Math.floor(spanS / (updatesABlock * updateS)));
  if (blocks < fewestBlocks) {
    return unknown(
      `The iterations take ${formatDuration(spanS)} together, too short for a meter that updates every ` +
        `${formatDuration(updateS)}: run at least ${formatDuration(iterationsAtLeastS(updateS))}.`,
    );
  }
  const energyJ = new Float64Array(blocks);
  const count = new Float64Array(blocks);
  // Iterations without a pause between them share the reading there, so the joules there are asked for once a run.
  let from = 0;
  for (let k = 0; k < usable.length; k++) {
    const block = Math.floor((k * blocks) / usable.length);
    const isLast = k + 1 === usable.length || Math.floor(((k + 1) * blocks) / usable.length) !== block;
    const next = usable[k + 1] ?? -1;
    const endS = startS[usable[k]!]! + durationS[usable[k]!]!;
    count[block]!++;
    const goesOn = next === usable[k]! + 1 && startS[next]! - endS < 0.01 * durationS[next]!;
    if (!isLast && goesOn) continue;
    const startJ = energyAt(readings, startS[usable[from]!]! + lagS).energyJ;
    // The tiny pause to the next iteration belongs to this one.
    energyJ[block]! += energyAt(readings, (goesOn ? startS[next]! : endS) + lagS).energyJ - startJ;
    from = k + 1;
  }
  const total = energyJ.reduce((sum, value) => sum + value, 0);
  const energyPerIterationJ = total / usable.length;
  // A ratio's standard error (Cochran 1977, Sampling Techniques, 6.4): blocks differ in length by an iteration.
  const squares = energyJ.reduce((sum, value, block) => sum + (value - energyPerIterationJ * count[block]!) ** 2, 0);
  const scatterJ = Math.sqrt((squares * blocks) / (blocks - 1)) / usable.length;
  const first = energyAt(readings, startS[usable[0]!]! + lagS).standardErrorJ;
  const last = energyAt(readings, startS[lastOne]! + durationS[lastOne]! + lagS).standardErrorJ;
  return known({
    energyPerIterationJ,
    standardErrorJ: Math.max(scatterJ, Math.hypot(first, last) / usable.length),
    iterations: usable.length,
  });
}

/** More of an iteration than this between readings, and its own energy is not known. */
const mostUnread = 0.5;

/** Joules of each iteration; NaN where the readings about it are too far apart to tell. */
export function iterationEnergies(readings: Stretch, { startS, durationS }: Iterations, lagS = 0): Float64Array {
  const { timeS, energyJ } = readings;
  return startS.map((value, k) => {
    const fromS = value + lagS;
    const toS = fromS + durationS[k]!;
    const first = lowerBound(timeS, fromS);
    const last = lowerBound(timeS, toS);
    if (first === 0 || last >= timeS.length) return Number.NaN;
    const unreadS = (timeS[first]! - timeS[first - 1]! + timeS[last]! - timeS[last - 1]!) / 2;
    if (unreadS > mostUnread * durationS[k]!) return Number.NaN;
    return between(timeS, energyJ, last, toS) - between(timeS, energyJ, first, fromS);
  });
}

function between(timeS: Float64Array, energyJ: Float64Array, next: number, atS: number): number {
  const share = (atS - timeS[next - 1]!) / (timeS[next]! - timeS[next - 1]!);
  return energyJ[next - 1]! + share * (energyJ[next]! - energyJ[next - 1]!);
}

function typicalInterval({ timeS }: Stretch): number {
  return median(timeS.subarray(1).map((value, k) => value - timeS[k]!));
}

/** NaN where there are none. */
export function median(values: Float64Array): number {
  if (values.length === 0) return Number.NaN;
  const sorted = Float64Array.from(values).sort();
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

function mean(values: Float64Array | readonly number[]): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
}
