/**
 * Which phases cannot be told apart. Where two phases take a constant share of every interval, only the sum of their
 * energies is in the readings: the split then comes from the prior. Such directions are found as eigenvectors of what
 * the readings say about the powers (in units of the prior), and the phases that take part in one are one group.
 */
import { eigen } from "./linear";

/** Half of the prior's uncertainty is left: the answer is the prior's as much as the readings'. */
const undetermined = 0.25;
/** A phase takes part in undetermined directions with at least this share of its own. */
const takesPart = 0.1;
const linked = 0.05;

/**
 * @param covariance columns × columns: of the powers, W²
 * @param deviationW what they were uncertain by before anything was read
 * @returns columns, each in one group; in order of their first
 */
export function groupsOf(covariance: Float64Array, columns: number, deviationW: number): number[][] {
  const scaled = covariance.map((value) => value / (deviationW * deviationW));
  const { values, vectors } = eigen(scaled, columns);
  const shared = new Float64Array(columns * columns);
  for (let k = 0; k < columns; k++) {
    if (values[k]! < undetermined) continue;
    for (let a = 0; a < columns; a++) {
      for (let b = 0; b < columns; b++)
        shared[a * columns + b]! += vectors[a * columns + k]! * vectors[b * columns + k]!;
    }
  }
  const own = (a: number) => shared[a * columns + a]!;
  const group = Array.from({ length: columns }, (_, a) => a);
  for (let a = 0; a < columns; a++) {
    for (let b = a + 1; b < columns; b++) {
      if (own(a) < takesPart || own(b) < takesPart) continue;
      if (Math.abs(shared[a * columns + b]!) < linked * Math.sqrt(own(a) * own(b))) continue;
      const [from, to] = [group[b]!, group[a]!];
      for (let c = 0; c < columns; c++) if (group[c] === from) group[c] = to;
    }
  }
  const groups = new Map<number, number[]>();
  for (let a = 0; a < columns; a++) groups.set(group[a]!, [...(groups.get(group[a]!) ?? []), a]);
  return [...groups.values()];
}
