/**
 * Drift: iterations that grow longer or shorter in the course of a run, as a machine warms up and lowers its clocks, a
 * cache fills, or sequences grow.
 *
 * Where the iterations become steady, those before are the machine settling: another thousand iterations will be as the
 * steady ones. Where they never do, nothing can be left out, and the mean is of a machine that still changes.
 */

/** A trend from the first to the last, as a share of the mean. */
export interface Drift {
  readonly share: number;
  readonly standardError: number;
}

/** Blocks of neighbours: single iterations scatter too much, and neighbours are alike. */
const blockCount = 20;
/** Below three iterations a block nothing is said of settling. */
const fewestToSettle = 3 * blockCount;
/** Trends below this are nothing that anybody would act on. */
const smallestShare = 0.02;
/** A trend this many standard errors from zero is one. */
const sureErrors = 4;
/** Settling for longer than half of the run is no settling. */
const mostToSettle = blockCount / 2;

/** Slope of the means of twenty blocks, by least squares; undefined below twenty values. */
export function driftOf(values: Float64Array): Drift | undefined {
  return values.length < blockCount ? undefined : trendOf(blockMeans(values));
}

export function isSure(drift: Drift | undefined): drift is Drift {
  return drift !== undefined && Math.abs(drift.share) > Math.max(smallestShare, sureErrors * drift.standardError);
}

/** How many values from the first on are settling: the rest is steady, and they differ from it. 0 where that is not so. */
export function settlingLength(values: Float64Array): number {
  if (values.length < fewestToSettle) return 0;
  const means = blockMeans(values);
  if (isSteady(means)) return 0;
  for (let from = 1; from <= mostToSettle; from++) {
    const steady = means.slice(from);
    if (!isSteady(steady)) continue;
    const level = mean(steady);
    const scatter = Math.sqrt(mean(steady.map((value) => (value - level) ** 2)));
    const before = means.slice(0, from);
    const differs = Math.abs(mean(before) / level - 1) > Math.max(smallestShare, (sureErrors * scatter) / level);
    return differs ? Math.floor((from * values.length) / blockCount) : 0;
  }
  return 0;
}

function isSteady(means: readonly number[]): boolean {
  const trend = trendOf(means);
  return Math.abs(trend.share) <= Math.max(smallestShare / 2, 2 * trend.standardError);
}

function blockMeans(values: Float64Array): number[] {
  const edge = (block: number) => Math.floor((block * values.length) / blockCount);
  return Array.from({ length: blockCount }, (_, block) => mean(values.subarray(edge(block), edge(block + 1))));
}

function trendOf(means: readonly number[]): Drift {
  const count = means.length;
  const all = mean(means);
  const centre = (count - 1) / 2;
  const squares = means.reduce((sum, _, k) => sum + (k - centre) ** 2, 0);
  const slope = means.reduce((sum, value, k) => sum + (k - centre) * value, 0) / squares;
  const left = means.reduce((sum, value, k) => sum + (value - all - slope * (k - centre)) ** 2, 0) / (count - 2);
  return { share: (slope * count) / all, standardError: (Math.sqrt(left / squares) * count) / all };
}

function mean(values: Float64Array | readonly number[]): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
}
