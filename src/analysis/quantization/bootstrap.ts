/** Confidence intervals by drawing the samples again: of a statistic of paired samples, without assuming a distribution. */
import type { Interval } from "../../model/verify";

const draws = 2000;

/**
 * The 95 % percentile interval of `statistic` over samples drawn with replacement; the same arguments give the same
 * interval (the generator is seeded).
 *
 * @param count of samples; @param statistic of how often each sample was drawn
 */
export function bootstrapInterval(count: number, statistic: (times: Float64Array) => number): Interval {
  const random = mulberry32(count);
  const times = new Float64Array(count);
  const values = new Float64Array(draws);
  for (let draw = 0; draw < draws; draw++) {
    times.fill(0);
    for (let i = 0; i < count; i++) times[Math.floor(random() * count)]!++;
    values[draw] = statistic(times);
  }
  values.sort();
  return [values[Math.floor(draws * 0.025)]!, values[Math.ceil(draws * 0.975) - 1]!];
}

/** Uniform in 0..1. */
function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** Sum of `values` weighted by how often each was drawn. */
export function weighted(values: readonly number[], times: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]! * times[i]!;
  return sum;
}
