/**
 * What integrating power over time may be off by: that a sensor looks at a part of the time only, or smooths over more
 * of it than lies between two of its values.
 */
import { lowerBound } from "./readings";
import type { Stretch } from "./rows";
import type { Span } from "./timeline";

export interface PowerSensor {
  readonly updatePeriodS?: number | undefined;
  readonly averagingWindowS?: number | undefined;
}

/** The values themselves, NaN where there was none. */
export interface PowerValues {
  readonly timeS: Float64Array;
  readonly powerW: Float64Array;
  /** Their integral. */
  readonly energyJ: Float64Array;
}

/**
 * One standard error in joules of the energy between two times.
 *
 * A window w shorter than the step Δ between values leaves a gap Δ - w unseen; d is the difference of the values beside
 * it. A gap no longer than the window holds one change of power at most, or the values would not show any: anywhere in the
 * gap with the same chance it is off by (Δ - w) d / √12, and half of the changes come back within it (twice the variance).
 * A longer gap is another draw from the same distribution, of which d² / 2 is the variance: Δ d √((1 - w/Δ) / 2). Steps add
 * up as squares. A power that changes slowly has small differences: there nothing happens unseen.
 *
 * A window longer than the step sees everything, and smears the span's beginning over w: with neighbouring windows of
 * variance V that is w √(V / 12), and of a jump of J watts w J / 8 go to the wrong side. At its end the readings are half
 * a window behind, and power there is known as part of the last window's mean: w √V / 2.
 */
export function integralErrorJ(readings: Stretch, values: PowerValues, span: Span, sensor: PowerSensor): number {
  const windowS = sensor.averagingWindowS ?? 0;
  return windowS > 1.5 * (sensor.updatePeriodS ?? 0)
    ? smearedJ(readings, span.fromS, span.toS, windowS)
    : unseenJ(values, span, windowS);
}

/** Seconds behind the last reading that its own window has seen. */
export function seenBehindS({ updatePeriodS = 0, averagingWindowS = 0 }: PowerSensor): number {
  return averagingWindowS > 1.5 * updatePeriodS ? averagingWindowS / 2 : 0;
}

const margin = 1.25;
/** Times scatter by a poll: a window nearly as long as the step has seen all of it. */
const leastUnseen = 0.2;

function unseenJ({ timeS, powerW, energyJ }: PowerValues, { fromS, toS }: Span, windowS: number): number {
  let squares = 0;
  let steps = 0;
  let previous = -1;
  for (let row = 0; row < timeS.length; row++) {
    if (timeS[row]! < fromS || timeS[row]! > toS || !Number.isFinite(powerW[row]!)) continue;
    const before = previous;
    previous = row;
    if (before < 0) continue;
    const rise = powerW[row]! - powerW[before]!;
    const wholeS = timeS[row]! - timeS[before]!;
    // Equal values are not all stored: the integral tells how long the line from the one value to the other was.
    const lineS = (2 * (energyJ[row]! - energyJ[before]! - powerW[before]! * wholeS)) / rise;
    const stepS = lineS > 0 && lineS < wholeS ? lineS : wholeS;
    const gapS = stepS - windowS;
    if (!(gapS > leastUnseen * stepS)) continue;
    // Times scatter here too: a tenth more is no longer gap.
    squares += rise ** 2 * (gapS <= 1.1 * windowS ? gapS ** 2 / 6 : (stepS * gapS) / 2);
    steps++;
  }
  // Of few differences the mean is off itself; and so is the model: seeded runs with bursts want a little more.
  return steps === 0 ? 0 : Math.sqrt(squares * (1 + 4 / steps) * margin);
}

function smearedJ({ timeS, energyJ }: Stretch, fromS: number, toS: number, windowS: number): number {
  const last = timeS.length - 1;
  /** Mean power of the step at a time, as far as there are readings. */
  const near = (seconds: number) => {
    const k = Math.min(last, Math.max(1, lowerBound(timeS, seconds)));
    return (energyJ[k]! - energyJ[k - 1]!) / (timeS[k]! - timeS[k - 1]!);
  };
  let squares = 0;
  let pairs = 0;
  for (let seconds = fromS + 1.5 * windowS; seconds + windowS / 2 <= toS; seconds += windowS / 2) {
    squares += (near(seconds) - near(seconds - windowS)) ** 2 / 2;
    pairs++;
  }
  const deviation = Math.sqrt(pairs > 0 ? squares / pairs : 0);
  const jump = near(fromS + windowS / 2) - near(fromS - windowS / 2);
  return windowS * Math.hypot(deviation / Math.sqrt(12), jump / 8, deviation / 2);
}
