/**
 * Model FLOPs and hardware FLOPs of a transformer, and their utilization of a machine.
 *
 * A token costs 6 N + 12 L H Q T FLOPs forward and backward (Chowdhery et al., PaLM, arXiv:2204.02311, appendix B): two a
 * multiply-add, N parameters, L layers, H heads of size Q, T tokens of context; causal attention is not halved. Model
 * FLOPs (MFU) leave out what is computed twice; hardware FLOPs (HFU) have it: full activation checkpointing repeats the
 * forward pass, a third of the whole (8 N in place of 6 N, as Megatron-LM counts, and the attention's part alike).
 */

export interface TransformerShape {
  /** Parameters without embeddings that are only looked up. */
  readonly parameters: number;
  readonly layers: number;
  readonly heads: number;
  readonly headSize: number;
  /** Tokens of context. */
  readonly sequenceLength: number;
}

/** Which part of the forward pass is computed again in the backward pass, 0 to 1: 1 with full checkpointing. */
export type RecomputedShare = number;

/** Of one token, forward and backward. */
export function trainingFlopsPerToken(shape: TransformerShape, recomputed: RecomputedShare = 0): number {
  return (3 + recomputed) * forwardFlopsPerToken(shape);
}

/** Of one token, the forward pass: 2 N + 4 L H Q T. */
export function forwardFlopsPerToken(shape: TransformerShape): number {
  const { parameters, layers, heads, headSize, sequenceLength } = shape;
  return 2 * parameters + 4 * layers * heads * headSize * sequenceLength;
}

export interface Machine {
  readonly devices: number;
  /** Dense peak of the dtype of the matrix products, a device. */
  readonly peakFlopsPerS: number;
}

/** Model FLOPs utilization, a share: the same with and without checkpointing. */
export function modelFlopsUtilization(shape: TransformerShape, tokensPerS: number, machine: Machine): number {
  return utilization(trainingFlopsPerToken(shape), tokensPerS, machine);
}

/** Hardware FLOPs utilization, a share: with what is computed again. */
export function hardwareFlopsUtilization(
  shape: TransformerShape,
  tokensPerS: number,
  machine: Machine,
  recomputed: RecomputedShare,
): number {
  return utilization(trainingFlopsPerToken(shape, recomputed), tokensPerS, machine);
}

function utilization(flopsPerToken: number, tokensPerS: number, { devices, peakFlopsPerS }: Machine): number {
  return (tokensPerS * flopsPerToken) / (devices * peakFlopsPerS);
}
