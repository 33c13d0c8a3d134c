/** What the charts draw: layers or groups of them, with the same fields for both. */
import type { GapGroup, GapLayer, GapReport, Grouping, Pass } from "../../src/model/gap";

export type View = "layer" | Grouping;

export interface Item {
  /** Of all that is shown, unique. */
  readonly id: string;
  readonly name: string;
  /** `Conv2d depthwise`, `6 layers` */
  readonly kind: string;
  /** Absent for a group, which may have both. */
  readonly pass?: Pass;
  readonly timeS: number;
  /** The time in parts; what is absent is in `unsplitS`. They add up to `timeS`. */
  readonly idealS: number;
  readonly memoryS: number;
  readonly kernelS: number;
  readonly unsplitS: number;
  readonly flops: number | undefined;
  readonly bytes: number | undefined;
  readonly intensity: number | undefined;
  readonly efficiency: number | undefined;
  readonly energyJ: number | undefined;
  readonly lostJ: number | undefined;
  /** Time that is not ideal. */
  readonly lostS: number;
  readonly file?: string;
  readonly line?: number;
  /** Of a layer: all that is known. */
  readonly row?: GapLayer;
}

/** @param pass only of this one; groups have both */
export function itemsOf(report: GapReport, view: View, pass: Pass | undefined): Item[] {
  if (view !== "layer") return report.groups[view].map(groupItem);
  const rows = pass === undefined ? report.layers : report.layers.filter((row) => row.pass === pass);
  return rows.map(layerItem);
}

export function layerId({ name, pass }: Pick<GapLayer, "name" | "pass">): string {
  return `${pass} ${name}`;
}

function layerItem(row: GapLayer): Item {
  const [file, line] = row.line === undefined ? [row.callFile, row.callLine] : [row.file, row.line];
  return {
    id: layerId(row),
    name: row.name,
    kind: row.kind,
    pass: row.pass,
    ...partsOf(row, row.memoryGapS === undefined ? row.timeS - (row.idealTimeS ?? 0) : 0),
    ...(file !== undefined && line !== undefined && { file, line }),
    row,
  };
}

function groupItem(group: GapGroup): Item {
  return {
    id: group.name,
    name: group.name,
    kind: group.layers === 1 ? "1 layer" : `${group.layers} layers`,
    ...partsOf(group, group.unsplitTimeS ?? (group.idealTimeS === undefined ? group.timeS : 0)),
  };
}

type Parts = Omit<Item, "id" | "name" | "kind" | "pass" | "file" | "line" | "row">;

function partsOf(row: GapLayer | GapGroup, unsplitS: number): Parts {
  return {
    timeS: positive(row.timeS),
    idealS: positive(row.idealTimeS),
    memoryS: positive(row.memoryGapS),
    kernelS: positive(row.kernelGapS),
    unsplitS: positive(unsplitS),
    flops: row.flops,
    bytes: row.bytes,
    intensity: row.operationalIntensity,
    efficiency: row.efficiency,
    energyJ: row.energyJ,
    lostJ: row.lostEnergyJ,
    lostS: positive(row.timeS - (row.idealTimeS ?? 0)),
  };
}

/** Lengths on a screen: what is no number there is none. */
function positive(value: number | undefined): number {
  return value !== undefined && value > 0 && Number.isFinite(value) ? value : 0;
}

/** The ten that lose most: joules where they are known, else seconds. */
export function worst(items: readonly Item[], most = 10): { readonly by: "lostJ" | "lostS"; readonly items: Item[] } {
  const by = items.some(({ lostJ }) => lostJ !== undefined) ? "lostJ" : "lostS";
  const sorted = [...items].filter((item) => (item[by] ?? 0) > 0).sort((a, b) => (b[by] ?? 0) - (a[by] ?? 0));
  return { by, items: sorted.slice(0, most) };
}

/** Items side by side on an axis: item i reaches from `edges[i]` to `edges[i + 1]`. */
export interface Sequence {
  readonly items: readonly Item[];
  readonly edges: Float64Array;
}

export function sequenceOf(items: readonly Item[], widthOf: (item: Item) => number): Sequence {
  const edges = new Float64Array(items.length + 1);
  for (let i = 0; i < items.length; i++) edges[i + 1] = edges[i]! + widthOf(items[i]!);
  return { items, edges };
}

/** The item at a place on the axis; one without width is never there. -1: none. */
export function itemAt({ edges }: Sequence, at: number): number {
  let [low, high] = [0, edges.length - 1];
  if (high === 0 || !(at >= 0 && at <= edges[high]!)) return -1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (edges[middle]! <= at) low = middle;
    else high = middle;
  }
  return low;
}
