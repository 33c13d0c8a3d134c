/** The layer table of one rank, from rows of sampled iterations to one row a layer and pass. */
import type { LayerMeasure, TracedLayer } from "../../model/trace";

/** What a layer does in one iteration, the mean of those that count. */
export interface LayerMean {
  readonly layer: TracedLayer;
  readonly pass: LayerMeasure["pass"];
  readonly calls: number;
  readonly timeS: number;
  /** Of `timeS`; absent with a single iteration. */
  readonly standardErrorS?: number;
  readonly flops?: number;
  /** Absent where a row had none that can be. */
  readonly inputBytes?: number;
  readonly outputBytes?: number;
  readonly dtype?: string;
  readonly inputShape: readonly number[];
  readonly outputShape: readonly number[];
}

export interface LayerMeans {
  /** Forward in the order in which layers first ran, then backward in the opposite order, as it runs. */
  readonly means: readonly LayerMean[];
  readonly sampled: number;
  readonly leftOut: number;
  /** Rows that were not used: no time, no such layer, numbers that cannot be. */
  readonly badRows: number;
}

interface Slot {
  readonly layer: TracedLayer;
  readonly first: LayerMeasure;
  calls: number;
  timeS: number;
  squaresS: number;
  flops: number;
  inputBytes: number;
  outputBytes: number;
}

const passes = ["forward", "backward"] as const;
/** No layer takes less than a picosecond or more than four months, and none does more than all of a large training. */
const leastS = 1e-12;
const mostS = 1e7;
const mostAmount = 1e26;

/**
 * @param leaveOut iterations that are warm-up or unusual; where that would be all, none is left out
 */
export function layerMeans(
  layers: readonly TracedLayer[],
  measures: readonly LayerMeasure[],
  leaveOut: ReadonlySet<number> = new Set(),
): LayerMeans {
  const known = new Map(layers.map((layer) => [layer.id, layer]));
  const all = new Set<number>();
  for (const { iteration } of measures) all.add(iteration);
  const kept = [...all].filter((iteration) => !leaveOut.has(iteration));
  const counts = new Set(kept.length > 0 ? kept : all);
  const slots = { forward: new Map<number, Slot>(), backward: new Map<number, Slot>() };
  const iterations = { forward: new Set<number>(), backward: new Set<number>() };
  let badRows = 0;
  for (const measure of measures) {
    if (!counts.has(measure.iteration)) continue;
    const layer = known.get(measure.layer);
    if (layer === undefined || !(measure.timeS >= leastS && measure.timeS <= mostS)) {
      badRows++;
      continue;
    }
    iterations[measure.pass].add(measure.iteration);
    addTo(slots[measure.pass], layer, measure);
  }
  const order = [...slots.forward.keys()];
  const place = new Map(order.map((id, index) => [id, index]));
  const backward = [...slots.backward.values()].sort(
    (a, b) => (place.get(b.layer.id) ?? -1) - (place.get(a.layer.id) ?? -1),
  );
  const rows = { forward: [...slots.forward.values()], backward };
  return {
    means: passes.flatMap((pass) => rows[pass].map((slot) => meanOf(slot, pass, iterations[pass].size))),
    sampled: counts.size,
    leftOut: all.size - counts.size,
    badRows,
  };
}

function addTo(slots: Map<number, Slot>, layer: TracedLayer, measure: LayerMeasure): void {
  let slot = slots.get(layer.id);
  if (slot === undefined) {
    slot = { layer, first: measure, calls: 0, timeS: 0, squaresS: 0, flops: 0, inputBytes: 0, outputBytes: 0 };
    slots.set(layer.id, slot);
  }
  slot.calls += measure.calls;
  slot.timeS += measure.timeS;
  slot.squaresS += measure.timeS * measure.timeS;
  // A sum needs all its parts: NaN, from one that is missing, stays NaN.
  slot.flops += amount(measure.flops);
  slot.inputBytes += amount(measure.inputBytes);
  slot.outputBytes += amount(measure.outputBytes);
}

/** NaN where it is missing or cannot be. */
function amount(value: number | undefined): number {
  return value !== undefined && value >= 0 && value <= mostAmount ? value : Number.NaN;
}

function meanOf(slot: Slot, pass: LayerMean["pass"], iterations: number): LayerMean {
  const { layer, first } = slot;
  const timeS = slot.timeS / iterations;
  const variance = (slot.squaresS - slot.timeS * timeS) / (iterations - 1);
  const each = (sum: number, name: "flops" | "inputBytes" | "outputBytes") =>
    Number.isNaN(sum) ? {} : { [name]: sum / iterations };
  return {
    layer,
    pass,
    calls: slot.calls / iterations,
    timeS,
    ...(iterations > 1 && { standardErrorS: Math.sqrt(Math.max(0, variance) / iterations) }),
    ...each(slot.flops, "flops"),
    ...each(slot.inputBytes, "inputBytes"),
    ...each(slot.outputBytes, "outputBytes"),
    ...(first.dtype !== undefined && { dtype: first.dtype }),
    inputShape: first.inputShape,
    outputShape: first.outputShape,
  };
}
