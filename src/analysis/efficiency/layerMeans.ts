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

interface Sums {
  readonly first: LayerMeasure;
  calls: number;
  timeS: number;
  squaresS: number;
  flops: number;
  inputBytes: number;
  outputBytes: number;
}

interface Slot {
  readonly layer: TracedLayer;
  forward: Sums | undefined;
  backward: Sums | undefined;
}

/** No layer takes less than a picosecond or more than four months, and none does more than all of a large training. */
const leastS = 1e-12;
const mostS = 1e7;
const mostAmount = 1e26;

/** An iteration, and whether each pass was seen in it: one without a backward (an evaluation) is no mean of backwards. */
interface Iteration {
  counts: boolean;
  forward: boolean;
  backward: boolean;
}

/**
 * @param leaveOut iterations that are warm-up or unusual; where that would be all, none is left out
 */
export function layerMeans(
  layers: readonly TracedLayer[],
  measures: readonly LayerMeasure[],
  leaveOut: ReadonlySet<number> = new Set(),
): LayerMeans {
  const iterations = iterationsOf(measures, leaveOut);
  const slots = new Map<number, Slot>(
    layers.map((layer) => [layer.id, { layer, forward: undefined, backward: undefined }]),
  );
  // In the order in which they first ran.
  const order: Slot[] = [];
  let badRows = 0;
  let at: { readonly number: number; readonly iteration: Iteration } | undefined;
  for (const measure of measures) {
    // Rows of an iteration come together, so that the answer is mostly the last one again.
    if (at?.number !== measure.iteration) {
      at = { number: measure.iteration, iteration: iterations.get(measure.iteration)! };
    }
    if (!at.iteration.counts) continue;
    const slot = slots.get(measure.layer);
    if (slot === undefined || !(measure.timeS >= leastS && measure.timeS <= mostS)) {
      badRows++;
      continue;
    }
    at.iteration[measure.pass] = true;
    if (slot.forward === undefined && slot.backward === undefined) order.push(slot);
    addTo(slot, measure);
  }
  const all = [...iterations.values()];
  const inPass = (pass: LayerMean["pass"]) => all.filter((iteration) => iteration[pass]).length;
  const [forwards, backwards] = [inPass("forward"), inPass("backward")];
  return {
    means: [
      ...order.flatMap(({ layer, forward }) => meanOf(layer, forward, "forward", forwards)),
      ...order.reverse().flatMap(({ layer, backward }) => meanOf(layer, backward, "backward", backwards)),
    ],
    sampled: all.filter(({ counts }) => counts).length,
    leftOut: all.filter(({ counts }) => !counts).length,
    badRows,
  };
}

function iterationsOf(measures: readonly LayerMeasure[], leaveOut: ReadonlySet<number>): Map<number, Iteration> {
  const found = new Map<number, Iteration>();
  let last: number | undefined;
  for (const { iteration } of measures) {
    if (iteration === last) continue;
    last = iteration;
    if (!found.has(iteration)) {
      found.set(iteration, { counts: !leaveOut.has(iteration), forward: false, backward: false });
    }
  }
  const all = [...found.values()];
  if (all.every(({ counts }) => !counts)) for (const iteration of all) iteration.counts = true;
  return found;
}

function addTo(slot: Slot, measure: LayerMeasure): void {
  let sums = slot[measure.pass];
  if (sums === undefined) {
    sums = { first: measure, calls: 0, timeS: 0, squaresS: 0, flops: 0, inputBytes: 0, outputBytes: 0 };
    slot[measure.pass] = sums;
  }
  sums.calls += measure.calls;
  sums.timeS += measure.timeS;
  sums.squaresS += measure.timeS * measure.timeS;
  // A sum needs all its parts: NaN, from one that is missing, stays NaN.
  sums.flops += amount(measure.flops);
  sums.inputBytes += amount(measure.inputBytes);
  sums.outputBytes += amount(measure.outputBytes);
}

/** NaN where it is missing or cannot be. */
function amount(value: number | undefined): number {
  return value !== undefined && value >= 0 && value <= mostAmount ? value : Number.NaN;
}

function meanOf(layer: TracedLayer, sums: Sums | undefined, pass: LayerMean["pass"], iterations: number): LayerMean[] {
  if (sums === undefined) return [];
  const { first } = sums;
  const timeS = sums.timeS / iterations;
  const variance = (sums.squaresS - sums.timeS * timeS) / (iterations - 1);
  const each = (name: "flops" | "inputBytes" | "outputBytes") =>
    Number.isNaN(sums[name]) ? {} : { [name]: sums[name] / iterations };
  return [
    {
      layer,
      pass,
      calls: sums.calls / iterations,
      timeS,
      ...(iterations > 1 && { standardErrorS: Math.sqrt(Math.max(0, variance) / iterations) }),
      ...each("flops"),
      ...each("inputBytes"),
      ...each("outputBytes"),
      ...(first.dtype !== undefined && { dtype: first.dtype }),
      inputShape: first.inputShape,
      outputShape: first.outputShape,
    },
  ];
}
