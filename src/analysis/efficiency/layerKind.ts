/** What a layer is in the field's words: its class, and for a convolution which kind of one. */
import type { TracedLayer } from "../../model/trace";

export type ConvolutionKind = "depthwise" | "pointwise" | "grouped" | "dense";

/**
 * @param inputShape batch, channels, then space
 * @returns undefined where it is no convolution
 */
export function convolutionKind(
  { type, attributes }: Pick<TracedLayer, "type" | "attributes">,
  inputShape: readonly number[],
): ConvolutionKind | undefined {
  if (!/Conv(Transpose)?\dd/.test(type)) return undefined;
  const groups = attributes.groups;
  // Without a batch the channels come first.
  const space = Number(/(\d)d/.exec(type)![1]);
  const channels = inputShape[inputShape.length - space - 1];
  if (typeof groups === "number" && groups > 1) return groups === channels ? "depthwise" : "grouped";
  const kernel = attributes.kernel ?? attributes.kernel_size;
  const sizes = typeof kernel === "number" ? [kernel] : Array.isArray(kernel) ? kernel : [];
  return sizes.length > 0 && sizes.every((size) => size === 1) ? "pointwise" : "dense";
}

/** `Conv2d depthwise`, `Linear`. */
export function layerKind(layer: Pick<TracedLayer, "type" | "attributes">, inputShape: readonly number[]): string {
  const kind = convolutionKind(layer, inputShape);
  return kind === undefined || kind === "dense" ? layer.type : `${layer.type} ${kind}`;
}
