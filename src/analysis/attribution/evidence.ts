/**
 * Mean powers from rows, by generalised least squares with a prior, and how well lag and noise explain the readings.
 *
 * The prior says that phases of one machine draw powers of one order: Gaussian about the mean power, standard deviation
 * 0.7 of it. It is harmless to large phases, and keeps one of 2 ms from taking 400 % (reference/attribution.md).
 */
import { cholesky, inverse, multiply, solveInPlace } from "./linear";
import type { Rows } from "./rows";
import { type Noise, variancesOf, whiten } from "./whiten";

export interface Prior {
  readonly meanW: number;
  readonly deviationW: number;
}

export const priorDeviationShare = 0.7;

export function priorOf(meanW: number): Prior {
  return { meanW, deviationW: priorDeviationShare * meanW };
}

export interface Evidence {
  /** -2 log of the marginal likelihood, up to a constant: powers are integrated out over the prior. Less is better. */
  readonly misfit: number;
  /** Most likely powers of the columns; may be negative. */
  readonly powerW: Float64Array;
}

/** @param noisePowerW the powers that the noise is in proportion to, from an earlier solution */
export function evidence(rows: Rows, noisePowerW: Float64Array, noise: Noise, prior: Prior): Evidence {
  const { columns, count } = rows;
  const width = columns + 1;
  const matrix = withEnergies(rows);
  const logDeterminant = whiten(rows, variancesOf(rows, noisePowerW, noise), matrix, width);
  const products = gram(matrix, count, width);
  const precision = new Float64Array(columns * columns);
  const powerW = new Float64Array(columns);
  const weight = 1 / prior.deviationW ** 2;
  for (let row = 0; row < columns; row++) {
    for (let column = 0; column < columns; column++)
      precision[row * columns + column] = products[row * width + column]!;
    precision[row * columns + row]! += weight;
    powerW[row] = products[row * width + columns]! + weight * prior.meanW;
  }
  const pull = Float64Array.from(powerW);
  const lower = cholesky(precision, columns);
  if (lower === undefined) return { misfit: Number.POSITIVE_INFINITY, powerW: powerW.fill(prior.meanW) };
  solveInPlace(lower, powerW, columns);
  let misfit = logDeterminant + products[columns * width + columns]! + columns * weight * prior.meanW ** 2;
  for (let column = 0; column < columns; column++) {
    misfit += 2 * Math.log(lower[column * columns + column]!) - pull[column]! * powerW[column]!;
  }
  return { misfit, powerW };
}

/** The rows with the energies as their last column, to be whitened together. */
export function withEnergies({ count, columns, timeS, energyJ }: Rows): Float64Array {
  const width = columns + 1;
  const matrix = new Float64Array(count * width);
  for (let row = 0; row < count; row++) {
    for (let column = 0; column < columns; column++) matrix[row * width + column] = timeS[row * columns + column]!;
    matrix[row * width + columns] = energyJ[row]!;
  }
  return matrix;
}

/** Xᵀ X of the first `count` rows. */
export function gram(matrix: Float64Array, count: number, width: number): Float64Array {
  const products = new Float64Array(width * width);
  for (let row = 0, at = 0; row < count; row++, at += width) {
    for (let i = 0; i < width; i++) {
      const factor = matrix[at + i]!;
      if (factor === 0) continue;
      for (let j = i; j < width; j++) products[i * width + j]! += factor * matrix[at + j]!;
    }
  }
  for (let i = 0; i < width; i++) for (let j = 0; j < i; j++) products[i * width + j] = products[j * width + i]!;
  return products;
}

export interface Posterior {
  readonly powerW: Float64Array;
  /** columns × columns, W² */
  readonly covariance: Float64Array;
}

/** @param information Xᵀ X of whitened rows (columns × columns) @param pull Xᵀ y */
export function posteriorOf(information: Float64Array, pull: Float64Array, prior: Prior): Posterior {
  const columns = pull.length;
  const weight = 1 / prior.deviationW ** 2;
  const precision = Float64Array.from(information);
  for (let column = 0; column < columns; column++) precision[column * columns + column]! += weight;
  const covariance = inverse(precision, columns);
  if (covariance === undefined) throw new Error("a precision with a prior in it is not positive definite");
  const right = pull.map((value) => value + weight * prior.meanW);
  return { powerW: multiply(covariance, right, columns, columns, 1), covariance };
}
