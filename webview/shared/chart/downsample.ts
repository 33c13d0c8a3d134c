import { clamp, lowerBound } from "./columns";
import type { PowerStore } from "./powerStore";

/** A line as x, y, x, y …; a NaN pair lifts the pen. */
export type Polyline = readonly number[];

/** What to draw for stepped values in a window that is so many pixels wide. */
export interface Curve {
  /** The values themselves, or where there are more than two a pixel their mean in each column. */
  readonly line: Polyline;
  /** Smallest and largest value of each column, NaN in gaps; absent where the line shows every value. */
  readonly band?: { readonly low: Float64Array; readonly high: Float64Array };
}

/**
 * The curve to draw, at most a few points a pixel column. The band keeps a spike of a single sample in sight; the line
 * in it is the true mean, so that its area stays the energy.
 *
 * @param columns pixels that `fromS`..`toS` is wide
 */
export function curveOf(store: PowerStore, fromS: number, toS: number, columns: number): Curve {
  const { timeS, powerW } = store;
  const first = Math.max(1, lowerBound(timeS, fromS));
  const last = Math.min(timeS.length - 1, lowerBound(timeS, toS));
  if (first > last || !(toS > fromS) || columns < 1) return { line: [] };
  return isDense(store, fromS, toS, columns)
    ? columnsOf(store, first, last, fromS, toS, Math.floor(columns))
    : { line: everyStep(timeS, powerW, first, last, fromS, toS) };
}

/** Whether a window holds more values than can be told apart. */
export function isDense(store: PowerStore, fromS: number, toS: number, columns: number): boolean {
  return lowerBound(store.timeS, toS) - lowerBound(store.timeS, fromS) > columns * 2;
}

function everyStep(timeS: Float64Array, value: Float64Array, first: number, last: number, fromS: number, toS: number) {
  const line: number[] = [];
  for (let i = first; i <= last; i++) {
    if (Number.isNaN(value[i])) line.push(Number.NaN, Number.NaN);
    else line.push(clamp(timeS[i - 1]!, fromS, toS), value[i]!, clamp(timeS[i]!, fromS, toS), value[i]!);
  }
  return line;
}

function columnsOf(store: PowerStore, first: number, last: number, fromS: number, toS: number, columns: number): Curve {
  const { timeS, powerW } = store;
  const [low, high] = [new Float64Array(columns).fill(Number.NaN), new Float64Array(columns).fill(Number.NaN)];
  const line: number[] = [];
  const width = (toS - fromS) / columns;
  let i = first;
  for (let column = 0; column < columns; column++) {
    const [startS, endS] = [fromS + column * width, fromS + (column + 1) * width];
    const include = (value: number) => {
      if (!(low[column]! <= value) && !Number.isNaN(value)) low[column] = value;
      if (!(high[column]! >= value) && !Number.isNaN(value)) high[column] = value;
    };
    for (; i <= last && timeS[i]! <= endS; i++) include(powerW[i]!);
    // The value that is still held where the column ends.
    if (i <= last && timeS[i - 1]! < endS) include(powerW[i]!);
    const { energyJ, coveredS } = store.between(startS, endS);
    if (coveredS > 0) line.push(startS + width / 2, energyJ / coveredS);
    else line.push(Number.NaN, Number.NaN);
  }
  return { line, band: { low, high } };
}

/** Smallest, largest and mean of each column of points that are drawn as dots; for columns without a point, NaN. */
export interface DotColumns {
  readonly low: Float64Array;
  readonly high: Float64Array;
  readonly mean: Float64Array;
}

/** @param x rising; points outside `from`..`to` and those whose `y` is NaN or that `leaveOut` names are not counted */
export function dotColumns(
  x: Float64Array,
  y: Float64Array,
  leaveOut: Uint8Array,
  from: number,
  to: number,
  columns: number,
): DotColumns {
  const [low, high] = [new Float64Array(columns).fill(Number.NaN), new Float64Array(columns).fill(Number.NaN)];
  const [sum, count] = [new Float64Array(columns), new Float64Array(columns)];
  for (let i = lowerBound(x, from); i < x.length && x[i]! <= to; i++) {
    const value = y[i]!;
    if (Number.isNaN(value) || leaveOut[i] !== 0) continue;
    const column = clamp(Math.floor(((x[i]! - from) / (to - from)) * columns), 0, columns - 1);
    if (!(low[column]! <= value)) low[column] = value;
    if (!(high[column]! >= value)) high[column] = value;
    sum[column]! += value;
    count[column]! += 1;
  }
  return { low, high, mean: sum.map((total, column) => total / count[column]!) };
}
