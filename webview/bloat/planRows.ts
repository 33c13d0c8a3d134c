import type { BloatColumns, PlanColumns } from "../../src/model/bloatView";

export const kindWords = ["forward", "backward", "recompute"] as const;

/** Operations of one lane and kind: a row of the plan's table. */
export interface PlanGroup {
  readonly lane: number;
  readonly kind: number;
  readonly operations: Int32Array;
}

/** Numbers of a group under a plan: least and most of each. */
export interface PlanRow {
  readonly group: PlanGroup;
  readonly clockNowMhz: number;
  readonly clockMhz: readonly [number, number];
  readonly slackS: readonly [number, number];
  /** Less what the longer time saves in waiting: rows add up to what the plan saves. */
  readonly savedJ: number;
}

/** A pipeline's groups by stage and kind; a graph's are its operations. */
export function planGroups(columns: BloatColumns): PlanGroup[] {
  const { pipeline, lane, operations } = columns;
  if (pipeline === undefined) {
    return Array.from({ length: operations }, (_, i) => ({ lane: lane[i]!, kind: 0, operations: Int32Array.of(i) }));
  }
  const lists = new Map<number, number[]>();
  for (let i = 0; i < operations; i++) {
    const key = lane[i]! * kindWords.length + pipeline.kind[i]!;
    const list = lists.get(key);
    if (list === undefined) lists.set(key, [i]);
    else list.push(i);
  }
  return [...lists]
    .sort(([a], [b]) => a - b)
    .map(([key, list]) => ({
      lane: Math.floor(key / kindWords.length),
      kind: key % kindWords.length,
      operations: Int32Array.from(list),
    }));
}

export function planRow(group: PlanGroup, columns: BloatColumns, plan: PlanColumns): PlanRow {
  let [clockLow, clockHigh, slackLow, slackHigh] = [Infinity, -Infinity, Infinity, -Infinity];
  let savedJ = 0;
  for (const i of group.operations) {
    const { frequencyMhz, effectiveJ } = columns.classes[columns.classOf[i]!]!;
    const option = plan.option[i]!;
    const clock = frequencyMhz[option]!;
    if (clock < clockLow) clockLow = clock;
    if (clock > clockHigh) clockHigh = clock;
    const slack = plan.slackS[i]!;
    if (slack < slackLow) slackLow = slack;
    if (slack > slackHigh) slackHigh = slack;
    savedJ += effectiveJ[0]! - effectiveJ[option]!;
  }
  const first = columns.classes[columns.classOf[group.operations[0]!]!]!;
  return {
    group,
    clockNowMhz: first.frequencyMhz[0]!,
    clockMhz: Number.isFinite(clockLow) ? [clockLow, clockHigh] : [Number.NaN, Number.NaN],
    slackS: [slackLow, slackHigh],
    savedJ,
  };
}

/** `F3.12.0`, the graph's own id, or in words for people. */
export function operationName(columns: BloatColumns, i: number): string {
  const { pipeline, ids, lane } = columns;
  if (pipeline === undefined) return ids?.[i] ?? `operation ${i}`;
  const chunks = pipeline.chunk.some((chunk) => chunk > 0);
  return `${kindWords[pipeline.kind[i]!]!} of microbatch ${pipeline.microbatch[i]}${chunks ? `, chunk ${pipeline.chunk[i]}` : ""}, stage ${lane[i]}`;
}

/** `1410`, `1305–1410`, `–` where the options have no clock. */
export function rangeText([low, high]: readonly [number, number], digits = 0): string {
  if (!Number.isFinite(low)) return "–";
  const [from, to] = [low.toFixed(digits), high.toFixed(digits)];
  return from === to ? from : `${from}–${to}`;
}
