/**
 * Where the boxes of a Gantt chart lie, and what colour each has: from columns to columns, so that ten thousand boxes
 * cost a millisecond. Where boxes are narrower than a pixel, what a pixel shows is the mean of what is in it.
 */
import type { BloatColumns, PlanColumns } from "../../src/model/bloatView";
import type { Window } from "../shared/chart/zoom";

/** Steps of the colour ramp. */
export const shades = 64;

/** What boxes are coloured by, one value an option: W, or MHz. */
export interface Scale {
  readonly low: number;
  readonly high: number;
  /** By class and option. */
  readonly values: readonly Float64Array[];
  readonly unit: "W" | "MHz";
}

/** The scale of a profile: over all options of all classes, so that before and after are the same colours. */
export function scaleOf(columns: BloatColumns, by: "power" | "clock"): Scale {
  const values = columns.classes.map(({ timeS, energyJ, frequencyMhz }) =>
    by === "clock" ? frequencyMhz : energyJ.map((energy, k) => energy / timeS[k]!),
  );
  let [low, high] = [Infinity, -Infinity];
  for (const list of values) {
    for (const value of list) {
      if (value < low) low = value;
      if (value > high) high = value;
    }
  }
  if (!Number.isFinite(low)) [low, high] = [0, 0];
  return { low, high, values, unit: by === "clock" ? "MHz" : "W" };
}

export function shadeOf(value: number, { low, high }: Scale): number {
  if (!(high > low)) return shades - 1;
  return Math.min(shades - 1, Math.max(0, Math.round(((value - low) / (high - low)) * (shades - 1))));
}

/** Operations by lane, in the order in which a lane runs them. */
export class Lanes {
  private readonly start: Int32Array;
  private readonly list: Int32Array;

  constructor(columns: BloatColumns) {
    const { lane, lanes, operations, baseline } = columns;
    const start = new Int32Array(lanes + 1);
    for (let i = 0; i < operations; i++) start[lane[i]! + 1]!++;
    for (let l = 0; l < lanes; l++) start[l + 1]! += start[l]!;
    const next = start.slice(0, lanes);
    this.list = new Int32Array(operations);
    for (let i = 0; i < operations; i++) this.list[next[lane[i]!]!++] = i;
    this.start = start;
    // A pipeline's are in their stage's order as they are; a graph's are not.
    if (columns.pipeline === undefined) {
      for (let l = 0; l < lanes; l++)
        this.list.subarray(start[l]!, start[l + 1]!).sort((a, b) => baseline.startS[a]! - baseline.startS[b]!);
    }
  }

  of(lane: number): Int32Array {
    return this.list.subarray(this.start[lane]!, this.start[lane + 1]!);
  }

  /** The operation of a lane that runs at a moment; -1 where it waits. O(log). */
  at(lane: number, timeS: number, columns: BloatColumns, plan: PlanColumns): number {
    const list = this.of(lane);
    let [low, high] = [0, list.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (plan.startS[list[middle]!]! <= timeS) low = middle + 1;
      else high = middle;
    }
    const i = list[low - 1];
    return i !== undefined && timeS <= plan.startS[i]! + durationS(columns, plan, i) ? i : -1;
  }
}

export function durationS({ classes, classOf }: BloatColumns, { option }: PlanColumns, i: number): number {
  return classes[classOf[i]!]!.timeS[option[i]!]!;
}

/** Operations whose slack is less than this share of the iteration are on the critical path: nothing can see less. */
const noSlack = 1e-6;

export function isCritical(plan: PlanColumns, i: number): boolean {
  return plan.slackS[i]! <= noSlack * plan.iterationTimeS;
}

/** A lane as pixels, each the mean of what is in it. */
export interface LaneBins {
  /** Share of the pixel in which the lane works. */
  readonly busy: Float32Array;
  /** Mean of the scale's value while it works. */
  readonly value: Float32Array;
  /** Share in which it runs operations of the critical path. */
  readonly critical: Float32Array;
}

export function binsOf(
  columns: BloatColumns,
  plan: PlanColumns,
  operations: Int32Array,
  window: Window,
  width: number,
  scale: Scale,
): LaneBins {
  const busy = new Float32Array(width);
  const value = new Float32Array(width);
  const critical = new Float32Array(width);
  const perS = width / (window.to - window.from);
  for (const i of operations) {
    const from = (plan.startS[i]! - window.from) * perS;
    const to = from + durationS(columns, plan, i) * perS;
    if (to <= 0 || from >= width) continue;
    const shown = scale.values[columns.classOf[i]!]![plan.option[i]!]!;
    const isOnPath = isCritical(plan, i);
    const end = Math.min(width, to);
    for (let x = Math.max(0, Math.floor(from)); x < end; x++) {
      const part = Math.min(x + 1, to) - Math.max(x, from);
      busy[x]! += part;
      value[x]! += part * shown;
      if (isOnPath) critical[x]! += part;
    }
  }
  for (let x = 0; x < width; x++) if (busy[x]! > 0) value[x]! /= busy[x]!;
  return { busy, value, critical };
}
