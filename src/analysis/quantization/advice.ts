/** Advice beyond weights: methods of the reference's table, each only where what it is for is the case here. */
import { formatBytes, formatCount } from "../../model/format";
import type { ModelFacts, QuantReport } from "../../model/quantization";
import type { Advice } from "../../model/quantPanel";

/** What the file around the load does; nothing is known of a checkpoint alone. */
export interface UseOfModel {
  readonly trains: boolean;
  readonly usesPeft: boolean;
}

/** A prompt this long makes attention over it the larger part of a step. */
const longTokens = 32_768;
/** Bytes a parameter in mixed precision with AdamW: weights and gradients in 16 bits, master weights and two moments in 32. */
const adamBytes = { all: 16, state: 8 };
/** Encoders of this size are cheaper to tune whole than with adapters. */
const moderateEncoder = 1e9;

export function adviceFor(facts: ModelFacts, report: QuantReport, use?: UseOfModel): Advice[] {
  const { request, device, kvCacheBytes = 0, proposal } = report;
  const memory = device?.memoryBytes === undefined ? undefined : device.memoryBytes * device.count;
  const found: Advice[] = [];
  if (facts.generates !== false && kvCacheBytes > proposal.weightBytes && (device?.computeCapability ?? 0) >= 8.9) {
    found.push({
      id: "fp8-kv-cache",
      text: "An FP8 KV cache halves the cache; quantizing weights does not touch it.",
      because: `The cache of ${formatBytes(kvCacheBytes)} is larger than the weights in ${proposal.format}.`,
      citation: "vLLM, quantized KV cache; rule R11",
    });
  }
  if (facts.generates !== false && request.contextTokens >= longTokens) {
    found.push({
      id: "recycled-attention",
      text: "Recycled Attention looks at all keys every 50 steps only: 1.71 → 1.27 s for Llama-3.1-8B at 32K tokens, and 90 → 63 points on RULER. It saves no memory.",
      because: `The context has ${formatCount(request.contextTokens)} tokens.`,
      citation: "Recycled Attention, abstract",
    });
  }
  if (facts.generates !== false && request.mode === "async" && use?.trains !== true) {
    found.push({
      id: "routing",
      text: "Where questions are of mixed difficulty, a router to a smaller model of the family saves more than bits: RouteLLM claims more than half of the cost at equal quality. Calibrate its threshold on your own traffic.",
      because: "Many requests at a time are asked for.",
      citation: "RouteLLM, abstract (its code has had no commit since 2024)",
    });
  }
  if (facts.config.experts === undefined && facts.generates !== false && facts.parameters >= 30e9) {
    found.push({
      id: "experts",
      text: "A mixture of experts of the same size reads a fraction of its weights a token: Qwen3-30B-A3B took 1/3.56 of the energy of the dense 32B.",
      because: `The model is dense and has ${formatCount(facts.parameters)} parameters.`,
      citation: "ML.ENERGY v3 blog",
    });
  }
  if (use?.trains === true) found.push(...trainingAdvice(facts, use, memory));
  return found;
}

function trainingAdvice(facts: ModelFacts, use: UseOfModel, memory: number | undefined): Advice[] {
  const found: Advice[] = [];
  const encoder = facts.generates === false && facts.parameters < moderateEncoder;
  if (use.usesPeft && encoder) {
    found.push({
      id: "adapters-cost",
      text: "Adapters on encoders of this size were measured to train slower and serve slightly slower than tuning all weights.",
      because: "The file uses peft on a model that writes no text.",
      citation: "On the efficiency of adapters, abstract",
    });
  }
  if (!use.usesPeft) {
    const state = facts.parameters * adamBytes.state;
    const whole = facts.parameters * adamBytes.all;
    if (memory === undefined || whole > 0.5 * memory) {
      found.push({
        id: "optimizer-state",
        text: `AdamW keeps ${formatBytes(state)} of moments for this model. APOLLO needs an eighth of that and less (in transformers: optim="apollo_adamw"), 8-bit Adam of bitsandbytes a quarter.`,
        because: `The file trains all weights: about ${formatBytes(whole)} with gradients and moments${memory === undefined ? "" : `, of ${formatBytes(memory)}`}.`,
        citation: "APOLLO, abstract and README",
      });
    }
  }
  found.push({
    id: "recipe",
    text: "A model that will be quantized is better trained in bf16, with weight decay 0.1, gradient clipping at 1.0 and no dropout: W8A8 then cost 0.09 % instead of 1.36 % at 6B. Averaging weights over the last steps helps as well.",
    because: "The file trains the model.",
    citation: "Intriguing Properties of Quantization at Scale, abstract; arXiv 2510.06213",
  });
  return found;
}
