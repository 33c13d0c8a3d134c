/** The sentence on top of the layer table. */
import { formatQuantity, formatShare, plural } from "../../model/format";
import type { GapLayer, GapTotals } from "../../model/gap";

/** Above this the layers are as good as layers get: tuned matrix products reach 50 to 87 % of a datasheet's peak. */
const goodEfficiency = 0.6;
const words = ["No", "One", "Two", "Three", "Four", "Five"] as const;

/** Where the time is lost, and which few layers make half of it. */
export function gapHeadline(layers: readonly GapLayer[], totals: GapTotals): string {
  if (layers.length === 0) return "This run has no layer that could be measured.";
  const { timeS, memoryGapS = 0, kernelGapS = 0, efficiency } = totals;
  const half = halfOf(layers);
  if (efficiency === undefined) {
    const names = half === undefined ? "" : `; ${half} make half of it`;
    return (
      `The layers take ${formatQuantity(timeS, "s")} an iteration${lower(names)}. ` +
      "How much of it is lost cannot be said, because the machine's limits are not known."
    );
  }
  if (efficiency >= goodEfficiency) {
    return `The layers reach ${formatShare(efficiency)} of the machine's peak: little is lost.`;
  }
  const lost = `${formatShare(memoryGapS / timeS)} of the time is lost to memory, ${formatShare(kernelGapS / timeS)} to kernels`;
  return half === undefined ? `${lost}.` : `${lost}; ${lower(half)} make half of it.`;
}

/** `Three Conv2d depthwise layers`: the fewest layers that make half of what is lost, where they are five at most. */
function halfOf(layers: readonly GapLayer[]): string | undefined {
  const lost = new Map<string, { lostS: number; kind: string }>();
  let allS = 0;
  for (const row of layers) {
    const lostS = row.timeS - (row.idealTimeS ?? 0);
    allS += lostS;
    lost.set(row.name, { lostS: lostS + (lost.get(row.name)?.lostS ?? 0), kind: row.kind });
  }
  let sumS = 0;
  const found: string[] = [];
  for (const { lostS, kind } of [...lost.values()].sort((a, b) => b.lostS - a.lostS)) {
    if (sumS >= allS / 2) break;
    sumS += lostS;
    found.push(kind);
    if (found.length >= words.length) return undefined;
  }
  if (found.length < 2 || lost.size < 2 * found.length) return undefined;
  const kinds = new Set(found);
  return `${words[found.length]} ${kinds.size === 1 ? `${found[0]} ` : ""}layers`;
}

function lower(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

/** `12 % of time · 9 % efficient · memory-bound`, for a line of code that makes these rows of the table. */
export function layerSummary(rows: readonly GapLayer[], totalTimeS: number): string {
  const timeS = rows.reduce((sum, row) => sum + row.timeS, 0);
  const withPeak = rows.filter((row) => row.efficiency !== undefined);
  const peakTimeS = withPeak.reduce((sum, row) => sum + row.timeS, 0);
  const idealTimeS = withPeak.reduce((sum, row) => sum + row.idealTimeS!, 0);
  const bound = mainBound(rows);
  return [
    `${formatShare(timeS / totalTimeS)} of time`,
    ...(peakTimeS > 0 ? [`${formatShare(idealTimeS / peakTimeS)} efficient`] : []),
    ...(bound === undefined ? [] : [`${bound}-bound`]),
  ].join(" · ");
}

/** What binds most of the rows' time. */
function mainBound(rows: readonly GapLayer[]): GapLayer["bound"] {
  const timeS = { memory: 0, compute: 0 };
  for (const row of rows) if (row.bound !== undefined) timeS[row.bound] += row.timeS;
  if (timeS.memory + timeS.compute === 0) return undefined;
  return timeS.memory > timeS.compute ? "memory" : "compute";
}

/** `53 layers, 106 rows`. */
export function layerCount(layers: readonly GapLayer[]): string {
  return plural(new Set(layers.map(({ name }) => name)).size, "layer");
}
