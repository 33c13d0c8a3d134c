/**
 * When a meter really published, from the spans of time in which each change was seen.
 *
 * A poll every 10 ms knows the moment of a change to 10 ms. But a meter publishes nearly regularly, so the spans, folded
 * by its period, overlap in a window that shrinks with every change: after fifty it is a fraction of a millisecond. The
 * meter's phase (its next moment modulo the period) is followed through the run as a hidden Markov chain on a circle of
 * bins (Rabiner 1989, Proc. IEEE 77, 257): it wanders a little from update to update, and each update jitters about it.
 * How much of either is found from the readings. Forwards and backwards: O(readings × bins).
 *
 * A meter faster than the polls, or not regular, keeps the spans that it has.
 */
import { type Moments, periodOf, sharpHalf } from "./period";

export interface MeterClock {
  /**
   * Seconds, one a reading, and the standard deviation of each. NaN: it cannot be told which of two updates was seen,
   * because the poll fell together with one and the poll before it was long ago; such a reading is to be left out.
   */
  readonly timeS: Float64Array;
  readonly spreadS: Float64Array;
  /** Undefined where no regularity was found or none was needed. */
  readonly periodS?: number;
  readonly jitterS?: number;
}

/** Bins a span: its edges are then known to a twelfth of a span's half width. */
const binsASpan = 24;
const mostBins = 400;
/** A poll that lied (a process stopped between reading and looking at the clock) must not end the chain. */
const lie = 1e-3;
/** Enough to learn jitter and wander from. */
const learnFrom = 600;
/** As shares of a span's width. More jitter than half of it, and nothing would be won. */
const jitters = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32];
const wanders = [0.0005, 0.002, 0.008, 0.03, 0.1];

export function meterClock({ timeS, halfS }: Moments): MeterClock {
  const asSeen: MeterClock = { timeS, spreadS: halfS.map((half) => half / Math.sqrt(3)) };
  const widthS = 2 * sharpHalf(halfS);
  const periodS = timeS.length > 0 && widthS > 0 ? periodOf({ timeS, halfS }) : undefined;
  if (periodS === undefined || widthS < periodS / 200) return asSeen;
  const bins = Math.max(24, Math.min(mostBins, Math.round((binsASpan * periodS) / Math.min(widthS, periodS))));
  const learned = Math.min(learnFrom, timeS.length);
  const circle = (jitter: number, wander: number) =>
    new Circle({ timeS, halfS }, periodS, bins, jitter * widthS, wander * widthS);
  const likeliest = (shares: readonly number[], of: (share: number) => Circle) =>
    shares
      .map((share) => ({ share, value: of(share).forwards(learned) }))
      .reduce((a, b) => (b.value > a.value ? b : a));
  let jitter = 0.04;
  let wander = 0.002;
  for (let round = 0; round < 2; round++) {
    wander = likeliest(wanders, (share) => circle(jitter, share)).share;
    jitter = likeliest(jitters, (share) => circle(share, wander)).share;
  }
  const chosen = circle(jitter, wander);
  const irregular = new Circle({ timeS, halfS }, periodS, bins, periodS, 0);
  return chosen.forwards(learned) > irregular.forwards(learned) ? chosen.moments() : asSeen;
}

class Circle {
  private readonly binS: number;
  /** What is likely before a reading is looked at; readings × bins once all are walked through. */
  private readonly kernels = new Map<number, Float64Array>();

  constructor(
    private readonly seen: Moments,
    private readonly periodS: number,
    private readonly bins: number,
    private readonly jitterS: number,
    private readonly wanderS: number,
  ) {
    this.binS = periodS / bins;
  }

  /** @returns the log likelihood of the first `count` readings; with `keep` the filtered distributions go there */
  forwards(count: number, keep?: Float32Array): number {
    const { bins, seen } = this;
    let now = new Float64Array(bins).fill(1 / bins);
    let next = new Float64Array(bins);
    let likelihood = 0;
    for (let k = 0; k < count; k++) {
      if (k > 0) {
        this.wander(now, next, seen.timeS[k]! - seen.timeS[k - 1]!);
        [now, next] = [next, now];
      }
      likelihood += Math.log(this.look(now, k));
      if (keep) for (let bin = 0, at = k * bins; bin < bins; bin++, at++) keep[at] = now[bin]!;
    }
    return likelihood;
  }

  moments(): MeterClock {
    const { bins, seen, binS } = this;
    const count = seen.timeS.length;
    const filtered = new Float32Array(count * bins);
    this.forwards(count, filtered);
    const timeS = new Float64Array(count);
    const spreadS = new Float64Array(count);
    let later = new Float64Array(bins).fill(1);
    let next = new Float64Array(bins);
    const both = new Float64Array(bins);
    for (let k = count - 1; k >= 0; k--) {
      let sum = 0;
      for (let bin = 0; bin < bins; bin++) sum += both[bin] = filtered[k * bins + bin]! * later[bin]!;
      const { mean, variance } = this.fromCentre(both, sum, k);
      const scatter = Math.sqrt(variance + this.jitterS ** 2 + binS ** 2 / 12);
      const { shift, deviation } = within(mean, scatter, seen.halfS[k]!);
      timeS[k] = seen.timeS[k]! + shift;
      spreadS[k] = this.isAmbiguous(mean, 4 * scatter + 2 * binS, seen.halfS[k]!) ? Number.NaN : deviation;
      if (k > 0) {
        this.look(later, k);
        this.wander(later, next, seen.timeS[k]! - seen.timeS[k - 1]!);
        [later, next] = [next, later];
      }
    }
    // The chain looks at each reading by itself; two may not change places.
    for (let k = 1; k < count; k++) if (timeS[k]! < timeS[k - 1]!) timeS[k] = timeS[k - 1]!;
    return { timeS, spreadS, periodS: this.periodS, jitterS: this.jitterS };
  }

  /** Whether the last update before the poll may be either of two; times from the middle of the span, `marginS` either way. */
  private isAmbiguous(meanS: number, marginS: number, halfS: number): boolean {
    const latestS = meanS + this.periodS * Math.floor((halfS + marginS - meanS) / this.periodS);
    return latestS > halfS - marginS && latestS - this.periodS > -halfS - marginS;
  }

  /** Multiplies by the likelihood of reading k and makes the sum 1. @returns the sum before */
  private look(of: Float64Array, k: number): number {
    const { bins, binS, periodS, seen } = this;
    const halfS = seen.halfS[k]!;
    const softS = Math.sqrt(this.jitterS ** 2 + binS ** 2 / 12) / 1.702;
    const centre = this.binOf(seen.timeS[k]!);
    let sum = 0;
    for (let bin = 0; bin < bins; bin++) {
      let away = Math.abs(bin + 0.5 - centre);
      if (away > bins / 2) away = bins - away;
      const beyondS = away * binS - halfS;
      // A normal distribution's integral over the span, its edges by the logistic approximation (to 1 %).
      const inside =
        2 * halfS >= periodS || beyondS < -5 * softS
          ? 1
          : beyondS > 5 * softS
            ? 0
            : 1 / (1 + Math.exp(beyondS / softS));
      sum += of[bin] = of[bin]! * (lie + inside);
    }
    for (let bin = 0; bin < bins; bin++) of[bin]! /= sum;
    return sum;
  }

  /** The phase wanders on between two readings. */
  private wander(from: Float64Array, to: Float64Array, lengthS: number): void {
    const { bins } = this;
    const updates = Math.max(1, Math.round(lengthS / this.periodS));
    const kernel = this.kernel(updates);
    const radius = (kernel.length - 1) / 2;
    to.fill(0);
    for (let bin = 0; bin < bins; bin++) {
      const mass = from[bin]!;
      if (mass < 1e-12) continue;
      for (let k = -radius; k <= radius; k++) {
        let at = bin + k;
        if (at < 0) at += bins;
        else if (at >= bins) at -= bins;
        to[at]! += mass * kernel[k + radius]!;
      }
    }
  }

  private kernel(updates: number): Float64Array {
    let kernel = this.kernels.get(updates);
    if (kernel === undefined) {
      const variance = (updates * this.wanderS ** 2) / this.binS ** 2;
      const radius = Math.min(Math.floor(this.bins / 2) - 1, Math.max(1, Math.ceil(3 * Math.sqrt(variance))));
      kernel = new Float64Array(2 * radius + 1);
      // Less than a bin of wandering: three bins with the right variance.
      if (radius === 1) kernel.set([variance / 2, 1 - Math.min(1, variance), variance / 2]);
      else for (let k = -radius; k <= radius; k++) kernel[k + radius] = Math.exp((-k * k) / (2 * variance));
      const sum = kernel.reduce((total, value) => total + value, 0);
      for (let k = 0; k < kernel.length; k++) kernel[k]! /= sum;
      this.kernels.set(updates, kernel);
    }
    return kernel;
  }

  private binOf(timeS: number): number {
    const turns = (timeS - this.seen.timeS[0]!) / this.periodS;
    return (turns - Math.floor(turns)) * this.bins;
  }

  /** Mean and variance of a distribution of phases, in seconds from the middle of reading k's span. */
  private fromCentre(of: Float64Array, sum: number, k: number): { mean: number; variance: number } {
    const { bins, binS, periodS, seen } = this;
    const centre = this.binOf(seen.timeS[k]!);
    // Where the span is longer than the period it holds several moments, and the value read is that of the last.
    const lateS = 2 * seen.halfS[k]! >= periodS ? seen.halfS[k]! - periodS / 2 : 0;
    const late = lateS / binS;
    let mean = 0;
    let square = 0;
    for (let bin = 0; bin < bins; bin++) {
      let away = bin + 0.5 - centre - late;
      away -= Math.round(away / bins) * bins;
      mean += (of[bin]! / sum) * away;
      square += (of[bin]! / sum) * away * away;
    }
    return { mean: mean * binS + lateS, variance: Math.max(0, square - mean * mean) * binS * binS };
  }
}

/** A normal distribution cut off at ± half: its mean and standard deviation, by sums over 33 points. */
function within(mean: number, deviation: number, half: number): { shift: number; deviation: number } {
  if (half <= 0) return { shift: 0, deviation: 0 };
  if (Math.abs(mean) + 4 * deviation < half) return { shift: mean, deviation };
  let sum = 0;
  let first = 0;
  let second = 0;
  for (let k = -16; k <= 16; k++) {
    const at = (half * k) / 16.5;
    const weight = Math.exp(-((at - mean) ** 2) / (2 * deviation * deviation)) + 1e-30;
    sum += weight;
    first += weight * at;
    second += weight * at * at;
  }
  const shift = first / sum;
  return { shift, deviation: Math.sqrt(Math.max(second / sum - shift * shift, (half / 33) ** 2)) };
}
