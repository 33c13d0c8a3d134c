/**
 * How many bytes a model takes in a format: weights, KV cache, and slack (rule R0).
 *
 * weights = linear parameters × bits / 8 + 2 B × (embeddings, untied head, the rest); GGUF's formats count the whole file.
 */
import { type Format, formatBits, type ModelConfig, type ModelFacts } from "../../model/quantization";

/** About a tenth for fragments, workspaces and activations (R0). */
export const slackShare = 0.1;

const wholeFile = new Set<Format>(["q4_k_m", "q8_0"]);

export function weightBytes(facts: ModelFacts, format: Format): number {
  const bits = formatBits[format];
  if (wholeFile.has(format)) return (facts.parameters * bits) / 8;
  return (facts.linearParameters * bits) / 8 + 2 * (facts.parameters - facts.linearParameters);
}

/** KV cache of one token at 16 bits, all layers; undefined where the shape is not known. */
export function kvBytesPerToken(config: ModelConfig): number | undefined {
  const { layers, kvHeads, headSize, latentKvSize } = config;
  if (layers === undefined) return undefined;
  if (latentKvSize !== undefined) return layers * latentKvSize * 2;
  if (kvHeads === undefined || headSize === undefined) return undefined;
  return layers * 2 * kvHeads * headSize * 2;
}

/** KV cache of `batch` sequences of `contextTokens`; a layer that slides keeps its window alone. */
export function kvCacheBytes(config: ModelConfig, contextTokens: number, batch: number): number | undefined {
  const perToken = kvBytesPerToken(config);
  if (perToken === undefined) return undefined;
  const { layers = 0, slidingWindow } = config;
  const sliding = slidingWindow === undefined ? 0 : Math.min(layers, config.slidingLayers ?? layers);
  const share = layers === 0 ? 0 : sliding / layers;
  const kept = share * Math.min(contextTokens, slidingWindow ?? contextTokens) + (1 - share) * contextTokens;
  return perToken * kept * batch;
}

/** Prompt tokens that a server computes at a time: vLLM's default `max_num_batched_tokens` with chunked prefill. */
const promptChunk = 2048;

/**
 * Activations of one layer at a time at 16 bits, four hidden and three feed-forward vectors a token, and float32 logits
 * of each sequence; undefined where the shape is not known.
 */
export function activationBytes(config: ModelConfig, contextTokens: number, batch: number): number | undefined {
  const { hiddenSize, vocabularySize } = config;
  if (hiddenSize === undefined) return undefined;
  const tokens = Math.max(batch, Math.min(promptChunk, contextTokens * batch));
  const perToken =
    2 * (4 * hiddenSize + 3 * (config.expertIntermediateSize ?? config.intermediateSize ?? 4 * hiddenSize));
  return tokens * perToken + batch * (vocabularySize ?? 0) * 4;
}

/** Weights and cache with slack, or with the activations where those are more. */
export function totalBytes(weights: number, kvCache: number | undefined, activations: number | undefined): number {
  const held = weights + (kvCache ?? 0);
  return held + Math.max(slackShare * held, activations ?? 0);
}

/** KV cache at powers of two of the context, from 1,024 tokens to the model's most; empty where the shape is not known. */
export function kvCurve(config: ModelConfig, batch: number): { contextTokens: number; bytes: number }[] {
  const most = config.maxContext ?? 131_072;
  const contexts: number[] = [];
  for (let tokens = Math.min(1024, most); tokens < most; tokens *= 2) contexts.push(tokens);
  return [...contexts, most].flatMap((contextTokens) => {
    const bytes = kvCacheBytes(config, contextTokens, batch);
    return bytes === undefined ? [] : [{ contextTokens, bytes }];
  });
}

/** The longest context with which a format fits into `memory`; 0 where not even its weights do. */
export function longestContext(facts: ModelFacts, format: Format, batch: number, memory: number): number | undefined {
  const most = facts.config.maxContext ?? 131_072;
  if (kvCacheBytes(facts.config, 1, batch) === undefined) return undefined;
  const fits = (tokens: number) =>
    totalBytes(
      weightBytes(facts, format),
      kvCacheBytes(facts.config, tokens, batch),
      activationBytes(facts.config, tokens, batch),
    ) <= memory;
  if (fits(most)) return most;
  let low = 0;
  let high = most;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (fits(middle)) low = middle;
    else high = middle;
  }
  return low;
}
