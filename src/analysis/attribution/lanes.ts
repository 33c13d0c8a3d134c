/**
 * Several ranks on one meter. Its power is taken to be the sum of what each rank draws in what it does at the moment.
 *
 * From the readings only differences within a rank can be known: if one rank drew a watt more all the time and another
 * a watt less, nothing would show. So the level of the ranks against each other is a convention: a phase that all of
 * them go through costs each the same, for the phase that stands in the middle of all (the median, weighted by the time
 * that every rank spends in it while another does something else; with one that differs by itself the others decide). What no rank causes alone, such as
 * the power of an idle package, is thereby shared out evenly.
 */
import type { Posterior, Prior } from "./evidence";
import { congruence, multiply } from "./linear";

export interface Level {
  /** Columns of each lane. */
  readonly lanes: readonly (readonly number[])[];
  /** The same phase in every lane: a column a lane, and the least time that a lane spends in it alone, s. */
  readonly alike: readonly { readonly columns: readonly number[]; readonly weightS: number }[];
}

/** What the convention leaves open, as a share of what was open before anything was read. */
const looseness = 0.01;

/** Moves the lanes against each other until they meet the convention; sums over lanes stay. */
export function levelled({ powerW, covariance }: Posterior, { lanes, alike }: Level, prior: Prior): Posterior {
  const size = powerW.length;
  const chosen = lanes.map((_, lane) => middle(alike, powerW, lane));
  if (chosen.some((one) => one === undefined)) return { powerW, covariance };
  const move = new Float64Array(size * size);
  for (let k = 0; k < size; k++) move[k * size + k] = 1;
  // Of each lane: minus its distance from the mean of all lanes in the chosen phase; and the mean move taken out.
  const distance = lanes.map((_, lane) => {
    const row = new Float64Array(size);
    for (const column of chosen[lane]!) row[column]! -= 1 / lanes.length;
    row[chosen[lane]![lane]!]! += 1;
    return row;
  });
  for (let k = 0; k < size; k++) {
    const mean = distance.reduce((sum, row) => sum + row[k]!, 0) / lanes.length;
    lanes.forEach((columns, lane) => {
      for (const column of columns) move[column * size + k]! -= distance[lane]![k]! - mean;
    });
  }
  const moved = congruence(move, covariance, size);
  const openW2 = (looseness * prior.deviationW) ** 2;
  for (const columns of lanes) for (const a of columns) for (const b of columns) moved[a * size + b]! += openW2;
  return { powerW: multiply(move, powerW, size, size, 1), covariance: moved };
}

/** The phase in the middle by how far this lane is from the mean of the lanes. */
function middle(alike: Level["alike"], powerW: Float64Array, lane: number): readonly number[] | undefined {
  const apart = alike
    .map(({ columns, weightS }) => {
      const mean = columns.reduce((sum, column) => sum + powerW[column]!, 0) / columns.length;
      return { columns, weightS, distanceW: powerW[columns[lane]!]! - mean };
    })
    .sort((a, b) => a.distanceW - b.distanceW);
  const half = apart.reduce((sum, { weightS }) => sum + weightS, 0) / 2;
  if (!(half > 0)) return undefined;
  let sum = 0;
  for (const { columns, weightS } of apart) {
    sum += weightS;
    if (sum >= half) return columns;
  }
  return undefined;
}
