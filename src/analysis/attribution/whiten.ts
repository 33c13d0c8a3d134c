/**
 * The noise of the intervals between readings, and rows made independent of each other.
 *
 * An interval's energy differs from what mean powers say because (1) each span has a power of its own, which two
 * intervals share when the span crosses the reading between them; (2) power fluctuates within spans; (3) a reading's
 * time is not quite known, which gives one interval what it takes from the next; (4) so does a coarse value. Readings
 * are in order, and at most one span crosses each, so a Kalman filter with two states (the crossing span's deviation,
 * the reading's error) turns n correlated rows into n independent ones of variance 1 in O(n), exactly: generalised
 * least squares becomes ordinary least squares (Harvey 1989, Forecasting, Structural Time Series Models, 3.4).
 */
import type { Rows } from "./rows";
import { ofStates } from "./timeline";

/** Standard deviations; see the head of this file. */
export interface Noise {
  /** (1) of each column's spans, as a share of its mean power. */
  readonly share: Float64Array;
  /** (2) joules in one second. */
  readonly whiteJ: number;
  /** (4) joules, of one reading. */
  readonly readingJ: number;
}

export interface Variances {
  /** One an interval, J²: what it shares with none. */
  readonly own: Float64Array;
  /** W²: of the span that crosses its start, and its end. */
  readonly first: Float64Array;
  readonly last: Float64Array;
  /** J²: of the reading at its start, and its end. */
  readonly start: Float64Array;
  readonly end: Float64Array;
}

/** Variance of the power of each column's spans, W². */
export function spanVariances(powerW: Float64Array, { share }: Noise): Float64Array {
  return powerW.map((power, column) => (power * share[column]!) ** 2);
}

/** @param powerW mean power of each column: the noise is in proportion to it */
export function variancesOf(rows: Rows, powerW: Float64Array, noise: Noise): Variances {
  const { count, columns, innerS2, lengthS, first, last, startNear, endNear } = rows;
  const span = spanVariances(powerW, noise);
  const crossing = ofStates(rows.states, span);
  const result: Variances = {
    own: new Float64Array(count),
    first: new Float64Array(count),
    last: new Float64Array(count),
    start: new Float64Array(count),
    end: new Float64Array(count),
  };
  const white = noise.whiteJ ** 2;
  const reading = noise.readingJ ** 2;
  for (let row = 0; row < count; row++) {
    const at = row * columns;
    let own = white * lengthS[row]!;
    for (let column = 0; column < columns; column++) own += span[column]! * innerS2[at + column]!;
    result.own[row] = own;
    result.first[row] = crossing[first.state[row]!]!;
    result.last[row] = crossing[last.state[row]!]!;
    result.end[row] = reading + endNear.spreadS[row]! ** 2 * squaredPower(endNear, at, columns, powerW);
    result.start[row] =
      rows.isStart[row] === 0
        ? result.end[row - 1]!
        : reading + startNear.spreadS[row]! ** 2 * squaredPower(startNear, at, columns, powerW);
  }
  return result;
}

function squaredPower(near: Rows["endNear"], at: number, columns: number, powerW: Float64Array): number {
  let before = 0;
  let after = 0;
  for (let column = 0; column < columns; column++) {
    before += near.before[at + column]! * powerW[column]!;
    after += near.after[at + column]! * powerW[column]!;
  }
  return (before * before + after * after) / 2;
}

/**
 * Makes the rows of `matrix` (intervals × width, row-major, in place) independent with variance 1.
 * @returns the logarithm of the determinant of the noise's covariance
 */
export function whiten(rows: Rows, variances: Variances, matrix: Float64Array, width: number): number {
  const { count, first, last, isStart } = rows;
  const { own, first: firstV, last: lastV, start: startV, end: endV } = variances;
  // What is known of the crossing span's deviation (a) and of the reading's error (b): means for each column of
  // `matrix`, and their covariances.
  const meanA = new Float64Array(width);
  const meanB = new Float64Array(width);
  let varA = 0;
  let varB = 0;
  let covAB = 0;
  let logDeterminant = 0;
  for (let row = 0; row < count; row++) {
    if (isStart[row] === 1) {
      meanA.fill(0);
      meanB.fill(0);
      varA = firstV[row]!;
      varB = startV[row]!;
      covAB = 0;
    }
    const inS = first.insideS[row]!;
    const outS = last.insideS[row]!;
    const outV = lastV[row]!;
    const endVar = endV[row]!;
    const through = first.piece[row] === last.piece[row];
    const base = inS * inS * varA + varB - 2 * inS * covAB + own[row]! + endVar;
    const variance = Math.max(through ? base : base + outS * outS * outV, 1e-300);
    const gainA = (through ? inS * varA - covAB : outS * outV) / variance;
    const gainB = endVar / variance;
    const scale = 1 / Math.sqrt(variance);
    for (let column = 0, at = row * width; column < width; column++, at++) {
      const surprise = matrix[at]! - inS * meanA[column]! + meanB[column]!;
      meanA[column] = (through ? meanA[column]! : 0) + gainA * surprise;
      meanB[column] = gainB * surprise;
      matrix[at] = surprise * scale;
    }
    varA = Math.max(0, (through ? varA : outV) - gainA * gainA * variance);
    varB = Math.max(0, endVar - gainB * gainB * variance);
    covAB = -gainA * gainB * variance;
    logDeterminant += Math.log(variance);
  }
  return logDeterminant;
}
