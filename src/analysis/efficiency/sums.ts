/** Totals and groups of the layer table. */
import { type GapGroup, type GapLayer, type GapSums, type Grouping, groupings } from "../../model/gap";

type Summed = "flops" | "bytes" | "idealTimeS" | "memoryGapS" | "kernelGapS" | "energyJ" | "lostEnergyJ";

/** Sums over rows; what no row has is absent. */
export function sumsOf(rows: readonly GapLayer[]): GapSums {
  let plainTimeS = 0;
  let unsplitTimeS = 0;
  let withIdealS = 0;
  // Intensity is of rows that have both, or it would be neither's.
  let flopsWithBytes = 0;
  let bytesWithFlops = 0;
  for (const { timeS, idealTimeS, memoryGapS, flops, bytes } of rows) {
    plainTimeS += timeS;
    if (idealTimeS !== undefined) withIdealS += timeS;
    if (memoryGapS === undefined) unsplitTimeS += timeS - (idealTimeS ?? 0);
    if (flops !== undefined && bytes !== undefined) {
      flopsWithBytes += flops;
      bytesWithFlops += bytes;
    }
  }
  const ideal = sumOf(rows, "idealTimeS");
  const split = { ...ideal, ...sumOf(rows, "memoryGapS"), ...sumOf(rows, "kernelGapS") };
  const { idealTimeS = 0, memoryGapS = 0, kernelGapS = 0 } = split;
  return {
    // The sum of the parts, which add up to it to the last bit.
    timeS: withIdealS > 0 ? idealTimeS + memoryGapS + kernelGapS + unsplitTimeS : plainTimeS,
    ...sumOf(rows, "flops"),
    ...sumOf(rows, "bytes"),
    ...split,
    ...(unsplitTimeS > 0 && { unsplitTimeS }),
    ...sumOf(rows, "energyJ"),
    ...sumOf(rows, "lostEnergyJ"),
    ...(bytesWithFlops > 0 && { operationalIntensity: flopsWithBytes / bytesWithFlops }),
    ...(withIdealS > 0 && { efficiency: idealTimeS / withIdealS }),
  };
}

function sumOf(rows: readonly GapLayer[], name: Summed): Partial<Record<Summed, number>> {
  let sum = 0;
  let found = false;
  for (const row of rows) {
    const value = row[name];
    if (value === undefined) continue;
    sum += value;
    found = true;
  }
  return found ? { [name]: sum } : {};
}

/**
 * `blocks.3` of `blocks.3.attention.query`: up to the first number that is not the layer's own place, the part that
 * networks repeat; without one the first word.
 */
export function blockOf(name: string): string {
  const words = name.split(".");
  const numbered = words.findIndex((word, place) => place < words.length - 1 && /^\d+$/.test(word));
  if (numbered >= 0) return words.slice(0, numbered + 1).join(".");
  return words[0]!;
}

/** `blocks.3.attention` of `blocks.3.attention.query`: the module that holds it; its own name at the top. */
export function moduleOf(name: string): string {
  const dot = name.lastIndexOf(".");
  return dot > 0 ? name.slice(0, dot) : name;
}

const keyOf: Readonly<Record<Grouping, (row: GapLayer) => string>> = {
  module: ({ name }) => moduleOf(name),
  type: ({ kind }) => kind,
  block: ({ name }) => blockOf(name),
};

/** Groups in the order in which their first layer runs. */
export function groupRows(rows: readonly GapLayer[], by: Grouping): GapGroup[] {
  const groups = new Map<string, GapLayer[]>();
  for (const row of rows) {
    const key = keyOf[by](row);
    const list = groups.get(key);
    if (list === undefined) groups.set(key, [row]);
    else list.push(row);
  }
  return Array.from(groups, ([name, list]) => ({
    name,
    layers: new Set(list.map((row) => row.name)).size,
    ...sumsOf(list),
  }));
}

export function allGroups(rows: readonly GapLayer[]): Record<Grouping, GapGroup[]> {
  return Object.fromEntries(groupings.map((by) => [by, groupRows(rows, by)])) as Record<Grouping, GapGroup[]>;
}
