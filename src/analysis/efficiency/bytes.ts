/**
 * Bytes that a layer must move between memory and chip at least: each input, weight and output once. Caches that miss,
 * copies of a layout and scratch memory come on top, so these are lower bounds, and so are the memory gaps made of them.
 *
 * Forward of products (linear, convolution): X + W + Y. Backward: the gradient of Y twice (once for X's, once for W's),
 * X and W read, both gradients written: twice the forward. Elementwise and norms, backward: the gradient of Y and X
 * read, the gradient of X written. The rules are LLM-Viewer's (hardwares and model_analyzer of hahnyuan/LLM-Viewer) for
 * the forward, and ours for the backward.
 */
import type { LayerMeasure, TracedLayer } from "../../model/trace";

export interface Moved {
  readonly weightBytes: number;
  /** Of the forward, whichever pass is asked for: a backward reads what the forward read. */
  readonly inputBytes: number;
  readonly outputBytes: number;
  readonly calls: number;
}

type Rule = "product" | "lookup" | "elementwise" | "resample" | "view";

const views = /^(Identity|Flatten|Unflatten)$/;
const lookups = /^Embedding(Bag)?$/;
const products =
  /(Linear|Conv\d?[dD]?|ConvTranspose\dd|Conv1D|Attention|LSTM|GRU|RNN|LSTMCell|GRUCell|RNNCell|Bilinear)$/;
const resampling = /(Pool\dd|Upsample\w*|Pad\dd|PixelShuffle|Fold|Unfold)$/;

function ruleOf(type: string): Rule {
  if (views.test(type)) return "view";
  if (lookups.test(type)) return "lookup";
  if (products.test(type)) return "product";
  return resampling.test(type) ? "resample" : "elementwise";
}

/** @returns bytes of one iteration's calls together */
export function leastBytes(type: string, pass: LayerMeasure["pass"], moved: Moved): number {
  const { inputBytes, outputBytes, calls } = moved;
  const weights = moved.weightBytes * calls;
  const forward = pass === "forward";
  switch (ruleOf(type)) {
    case "view":
      return 0;
    case "lookup":
      // Rows that are looked up, not the whole table; the dense gradient is written whole.
      return forward ? inputBytes + 2 * outputBytes : inputBytes + outputBytes + weights;
    case "product":
      return (forward ? 1 : 2) * (inputBytes + weights + outputBytes);
    case "resample":
      return inputBytes + weights + outputBytes;
    case "elementwise":
      return forward ? inputBytes + weights + outputBytes : 2 * inputBytes + 2 * weights + outputBytes;
  }
}

/** Whether FLOPs of this layer are products, which tensor units speed up. */
export function isProduct({ type }: Pick<TracedLayer, "type">): boolean {
  return ruleOf(type) === "product";
}
