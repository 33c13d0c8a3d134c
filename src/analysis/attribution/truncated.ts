/**
 * Mean and covariance of a Gaussian whose components cannot be negative, by expectation propagation (Minka 2001, UAI;
 * for half-spaces Cunningham, Hennig & Lacoste-Julien 2011, arXiv:1111.6832): each bound is replaced by the Gaussian
 * that leaves the same mean and variance. Deterministic, and the same whatever the order of the components.
 */
import { inverse, multiply } from "./linear";

/** Bounds this many standard deviations away change nothing that could be seen (10⁻⁶ of a deviation). */
const farAway = 5;

export function nonNegative(
  mean: Float64Array,
  covariance: Float64Array,
): { mean: Float64Array; covariance: Float64Array } {
  const size = mean.length;
  const variance = (of: Float64Array, k: number) => of[k * size + k]!;
  const isNear = (k: number) => mean[k]! < farAway * Math.sqrt(variance(covariance, k));
  if (!mean.some((_, k) => isNear(k))) return { mean, covariance };
  const precision = inverse(covariance, size);
  if (precision === undefined) return { mean: mean.map((value) => Math.max(0, value)), covariance };
  const pull = multiply(precision, mean, size, size, 1);
  // What stands for each bound: a precision and a precision times mean, of one component.
  const siteWeight = new Float64Array(size);
  const sitePull = new Float64Array(size);
  let now = { mean, covariance };
  // Damped steps converge within ten or twenty; all components at once, so that their order does not matter.
  for (let round = 0; round < 100; round++) {
    let moved = 0;
    for (let k = 0; k < size; k++) {
      const own = variance(now.covariance, k);
      const cavityWeight = 1 / own - siteWeight[k]!;
      if (cavityWeight <= 0) continue;
      const cavityMean = (now.mean[k]! / own - sitePull[k]!) / cavityWeight;
      const cut = cutAtZero(cavityMean, 1 / cavityWeight);
      const weight = Math.max(0, 1 / cut.variance - cavityWeight);
      const target = cut.mean / cut.variance - cavityMean * cavityWeight;
      moved = Math.max(moved, Math.abs(weight - siteWeight[k]!) * own);
      siteWeight[k] = 0.5 * siteWeight[k]! + 0.5 * weight;
      sitePull[k] = 0.5 * sitePull[k]! + 0.5 * target;
    }
    const joined = Float64Array.from(precision);
    for (let k = 0; k < size; k++) joined[k * size + k]! += siteWeight[k]!;
    const covarianceNow = inverse(joined, size);
    if (covarianceNow === undefined) break;
    const right = pull.map((value, k) => value + sitePull[k]!);
    now = { mean: multiply(covarianceNow, right, size, size, 1), covariance: covarianceNow };
    if (moved < 1e-10) break;
  }
  return now;
}

/** Mean and variance of a normal distribution above zero. */
function cutAtZero(mean: number, variance: number): { mean: number; variance: number } {
  const deviation = Math.sqrt(variance);
  const z = mean / deviation;
  const ratio = hazard(z);
  return { mean: mean + deviation * ratio, variance: Math.max(1e-12, 1 - ratio * (ratio + z)) * variance };
}

/** φ(z) / Φ(z), the density over the probability of lying below z. */
function hazard(z: number): number {
  // Far below, Φ vanishes and the ratio has its asymptotic series (Abramowitz & Stegun 26.2.13).
  if (z < -8) {
    const s = 1 / (z * z);
    return -z / (1 - s * (1 - 3 * s * (1 - 5 * s)));
  }
  const density = Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
  return density / normalBelow(z);
}

/** Φ(z) to 1e-7 relative of the smaller tail (Numerical Recipes' erfcc, W. H. Press et al. 1992, 6.2). */
function normalBelow(z: number): number {
  const x = Math.abs(z) / Math.SQRT2;
  const t = 1 / (1 + x / 2);
  const terms = [
    0.17087277, -0.82215223, 1.48851587, -1.13520398, 0.27886807, -0.18628806, 0.09678418, 0.37409196, 1.00002368,
    -1.26551223,
  ];
  const tail = (t * Math.exp(-x * x + terms.reduce((sum, term) => sum * t + term, 0))) / 2;
  return z < 0 ? tail : 1 - tail;
}
