/** From rows, lag and noise to the energies of the columns, their covariance, and the total kept. */
import { gram, type Prior, posteriorOf } from "./evidence";
import type { Fit } from "./fit";
import { type Level, levelled } from "./lanes";
import { congruence, multiply } from "./linear";
import { type Rows, rowsOf, type Stretch } from "./rows";
import { askedTime, type Timeline } from "./timeline";
import type { Total } from "./total";
import { nonNegative } from "./truncated";
import { spanVariances, variancesOf, whiten } from "./whiten";

export interface PhaseEnergiesInput {
  /** The intervals to use when the meter is late by `lagS`. */
  readonly stretchesAt: (lagS: number) => readonly Stretch[];
  readonly timeline: Timeline;
  readonly columns: number;
  readonly prior: Prior;
  /** Where lanes share a meter: what each draws of what they have in common. */
  readonly level?: Level;
  readonly fitted: Fit;
  readonly total: Total;
}

export interface PhaseEnergies {
  /** One a column. */
  readonly energyJ: Float64Array;
  /** Seconds of each column while the meter was read. */
  readonly observedS: Float64Array;
  readonly covarianceJ2: Float64Array;
  /** Of the powers, W²: how much prior is left in them tells which phases cannot be told apart. */
  readonly powerCovariance: Float64Array;
}

/** Each lag that is possible has its answer; together they are as uncertain as the lags make them. */
export function phaseEnergies(input: PhaseEnergiesInput): PhaseEnergies {
  const { columns, timeline } = input;
  const asked = askedTime(timeline, columns);
  const energyJ = new Float64Array(columns);
  const powerW = new Float64Array(columns);
  const answers = input.fitted.lags.map((lag) => {
    const answer = solve(input, asked, lag.lagS);
    for (let column = 0; column < columns; column++) {
      energyJ[column]! += lag.probability * answer.energyJ[column]!;
      powerW[column]! += lag.probability * answer.powerW[column]!;
    }
    return { ...lag, ...answer };
  });
  const covarianceJ2 = new Float64Array(columns * columns);
  const powerCovariance = new Float64Array(columns * columns);
  for (const { probability, lagS, errorS, ...answer } of answers) {
    const late = solve(input, asked, lagS + errorS);
    const early = solve(input, asked, lagS - errorS);
    addScaled(covarianceJ2, answer.covarianceJ2, probability);
    addScaled(powerCovariance, answer.powerCovariance, probability);
    addSquare(covarianceJ2, (k) => (late.energyJ[k]! - early.energyJ[k]!) / 2, probability, columns);
    addSquare(covarianceJ2, (k) => answer.energyJ[k]! - energyJ[k]!, probability, columns);
    addSquare(powerCovariance, (k) => answer.powerW[k]! - powerW[k]!, probability, columns);
  }
  conserve(energyJ, covarianceJ2, input.total);
  return { energyJ, observedS: asked.timeS, covarianceJ2, powerCovariance };
}

interface Solution {
  readonly energyJ: Float64Array;
  readonly covarianceJ2: Float64Array;
  readonly powerW: Float64Array;
  readonly powerCovariance: Float64Array;
}

function solve(input: PhaseEnergiesInput, asked: ReturnType<typeof askedTime>, lagS: number): Solution {
  const { timeline, columns, prior, fitted } = input;
  const rows = rowsOf(input.stretchesAt(lagS), timeline, columns, lagS);
  const spanVariance = spanVariances(fitted.noisePowerW, fitted.noise);
  const white = fitted.noise.whiteJ ** 2;
  // Whitened together: times, energies, and the covariance of each column's own deviation with each interval.
  const width = 2 * columns + 1;
  const matrix = fullMatrix(rows, spanVariance, white);
  whiten(rows, variancesOf(rows, fitted.noisePowerW, fitted.noise), matrix, width);
  const products = gram(matrix, rows.count, width);
  const block = (fromRow: number, fromColumn: number, height: number, length: number) => {
    const part = new Float64Array(height * length);
    for (let r = 0; r < height; r++) {
      for (let c = 0; c < length; c++) part[r * length + c] = products[(fromRow + r) * width + fromColumn + c]!;
    }
    return part;
  };
  const free = posteriorOf(block(0, 0, columns, columns), block(0, columns, columns, 1), prior);
  const posterior = input.level === undefined ? free : levelled(free, input.level, prior);
  const wider = widening(matrix, rows.count, width, columns, posterior.powerW, posterior.covariance);
  const { mean: powerW, covariance: powerCovariance } = nonNegative(
    posterior.powerW,
    widened(posterior.covariance, wider),
  );
  // Energy = time x power + deviation, and the deviation is predicted from what the powers leave unexplained.
  const carry = block(columns + 1, 0, columns, columns).map((value) => -value);
  for (let column = 0; column < columns; column++) carry[column * columns + column]! += asked.timeS[column]!;
  const energyJ = multiply(carry, powerW, columns, columns, 1);
  const told = block(columns + 1, columns + 1, columns, columns);
  const covarianceJ2 = congruence(carry, powerCovariance, columns);
  for (let row = 0; row < columns; row++) {
    energyJ[row]! += products[(columns + 1 + row) * width + columns]!;
    for (let column = 0; column < columns; column++) {
      const own = row === column ? spanVariance[row]! * asked.squareS2[row]! + white * asked.timeS[row]! : 0;
      covarianceJ2[row * columns + column]! += own - told[row * columns + column]!;
    }
  }
  return { energyJ, covarianceJ2, powerW, powerCovariance };
}

function addScaled(into: Float64Array, from: Float64Array, factor: number): void {
  for (let k = 0; k < into.length; k++) into[k]! += factor * from[k]!;
}

/** Adds factor x v vᵀ. */
function addSquare(into: Float64Array, v: (k: number) => number, factor: number, size: number): void {
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < size; column++) into[row * size + column]! += factor * v(row) * v(column);
  }
}

function fullMatrix(rows: Rows, spanVariance: Float64Array, white: number): Float64Array {
  const { count, columns, timeS, energyJ, innerS2, first, last, states } = rows;
  const width = 2 * columns + 1;
  const matrix = new Float64Array(count * width);
  for (let row = 0; row < count; row++) {
    const at = row * width;
    for (let column = 0; column < columns; column++) {
      const from = row * columns + column;
      matrix[at + column] = timeS[from]!;
      matrix[at + columns + 1 + column] = spanVariance[column]! * innerS2[from]! + white * timeS[from]!;
    }
    matrix[at + columns] = energyJ[row]!;
    for (const crossing of [first, last]) {
      for (let k = crossing.state[row]! * states.lanes, end = k + states.lanes; k < end; k++) {
        const column = states.columns[k]!;
        matrix[at + columns + 1 + column]! += spanVariance[column]! * crossing.insideS[row]! * crossing.wholeS[row]!;
      }
    }
  }
  return matrix;
}

/**
 * How much wider than the noise model says the powers really scatter: the variance of the scores of blocks of
 * neighbouring intervals over the variance that they should have (the sandwich, White 1980, Econometrica 48, 817; in
 * blocks because what the model lacks has a memory). It is what a block bootstrap of the intervals would give, without
 * the random numbers. Only what is more than chance widens: the ratio of 40 blocks scatters by a fifth by itself.
 * @returns factors of the variance, one a column, at least 1
 */
function widening(
  matrix: Float64Array,
  count: number,
  width: number,
  columns: number,
  powerW: Float64Array,
  covariance: Float64Array,
): Float64Array {
  const blocks = Math.min(40, Math.floor(count / 5));
  const factors = new Float64Array(columns).fill(1);
  if (blocks < 10) return factors;
  const scatter = new Float64Array(columns);
  const expected = new Float64Array(columns);
  const score = new Float64Array(columns);
  const size = new Float64Array(columns * columns);
  for (let block = 0; block < blocks; block++) {
    score.fill(0);
    const to = Math.floor(((block + 1) * count) / blocks);
    for (let row = Math.floor((block * count) / blocks); row < to; row++) {
      const at = row * width;
      let residual = matrix[at + columns]!;
      for (let column = 0; column < columns; column++) residual -= matrix[at + column]! * powerW[column]!;
      for (let column = 0; column < columns; column++) {
        score[column]! += matrix[at + column]! * residual;
        for (let other = 0; other < columns; other++)
          size[column * columns + other]! += matrix[at + column]! * matrix[at + other]!;
      }
    }
    const influence = multiply(covariance, score, columns, columns, 1);
    for (let column = 0; column < columns; column++) scatter[column]! += influence[column]! ** 2;
  }
  const model = congruence(covariance, size, columns);
  for (let column = 0; column < columns; column++) expected[column] = model[column * columns + column]!;
  const chance = Math.sqrt(2 / blocks);
  const freedom = count / Math.max(1, count - columns);
  for (let column = 0; column < columns; column++) {
    if (expected[column]! > 0)
      factors[column] = Math.max(1, (freedom * scatter[column]!) / expected[column]! - chance / 2);
  }
  return factors;
}

function widened(covariance: Float64Array, factors: Float64Array): Float64Array {
  const size = factors.length;
  return covariance.map((value, k) => value * Math.sqrt(factors[Math.floor(k / size)]! * factors[k % size]!));
}

/**
 * Makes the energies add up to the measured total, each giving or taking by how much its error goes with the error of
 * the sum (a Gaussian conditioned on its sum), and none below zero.
 */
function conserve(energyJ: Float64Array, covarianceJ2: Float64Array, total: Total): void {
  const size = energyJ.length;
  const share = new Float64Array(size);
  let sumOfShares = 0;
  for (let row = 0; row < size; row++) {
    let withSum = 0;
    for (let column = 0; column < size; column++) withSum += covarianceJ2[row * size + column]!;
    // A trace of each variance: where the sum is known exactly there is still rounding to be put somewhere.
    share[row] =
      Math.max(0, withSum) + 1e-6 * Math.max(0, covarianceJ2[row * size + row]!) + 1e-15 * energyJ[row]! ** 2 + 1e-300;
    sumOfShares += share[row]!;
  }
  for (let row = 0; row < size; row++) share[row]! /= sumOfShares;
  const missingJ = total.energyJ - energyJ.reduce((sum, value) => sum + value, 0);
  for (let row = 0; row < size; row++) energyJ[row]! += share[row]! * missingJ;
  // Cov after conditioning on the sum, and the total's own error shared out as the energies were.
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < size; column++) {
      covarianceJ2[row * size + column]! += share[row]! * share[column]! * (total.standardErrorJ ** 2 - sumOfShares);
    }
  }
  const positiveJ = energyJ.reduce((sum, value) => sum + Math.max(0, value), 0);
  for (let row = 0; row < size; row++) {
    energyJ[row] = positiveJ > 0 ? (Math.max(0, energyJ[row]!) / positiveJ) * total.energyJ : total.energyJ / size;
  }
}
