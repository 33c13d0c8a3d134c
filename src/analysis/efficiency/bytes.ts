/**
 * Bytes that a layer must move between memory and chip at least: each input, weight and output once. Caches that miss,
 * copies of a layout and scratch memory come on top, so these are lower bounds, and so are the memory gaps made of them.
 *
 * Activations are those that the tracer saw in each pass: in a backward the gradients and what the forward kept, for
 * products the gradient of the output twice (once for the weights', once for the input's). Weights come on top: read in
 * the forward; read, and their gradient written, in the backward. The rules for the forward are LLM-Viewer's
 * (model_analyzer of hahnyuan/LLM-Viewer), those for the backward ours.
 */
import type { LayerMeasure, TracedLayer } from "../../model/trace";

export interface Moved {
  /** Of the layer, for one call. */
  readonly weightBytes: number;
  /** Of all calls. */
  readonly inputBytes: number;
  readonly outputBytes: number;
  readonly calls: number;
}

/** They hand on what they get. */
const views = /^(Identity|Flatten|Unflatten)$/;
const lookups = /^Embedding(Bag)?$/;
const products =
  /(Linear|Conv\d?[dD]?|ConvTranspose\dd|Conv1D|Attention|LSTM|GRU|RNN|LSTMCell|GRUCell|RNNCell|Bilinear)$/;

/** @returns bytes of one iteration's calls together */
export function leastBytes(type: string, pass: LayerMeasure["pass"], moved: Moved): number {
  const { inputBytes, outputBytes, calls } = moved;
  if (views.test(type)) return 0;
  const weights = moved.weightBytes * calls;
  // Of a table only the rows that are looked up are read; its gradient is written whole.
  if (lookups.test(type)) return inputBytes + outputBytes + (pass === "forward" ? outputBytes : weights);
  return inputBytes + outputBytes + (pass === "forward" ? 1 : 2) * weights;
}

/** Whether FLOPs of this layer are products, which tensor units speed up. */
export function isProduct({ type }: Pick<TracedLayer, "type">): boolean {
  return products.test(type);
}
