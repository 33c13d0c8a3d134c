/** Models and devices for tests: counts of real ones. */

import { gpuCalled } from "../../../../src/model/gpus";
import type { ModelConfig, ModelFacts, QuantDevice, QuantRequest } from "../../../../src/model/quantization";

/** Llama-3.1's shapes by name; counts from config.json. */
const shapes = {
  "8B": { hidden: 4096, feedForward: 14336, layers: 32, heads: 32, linear: 6_979_321_856, embedding: 525_336_576 },
  "70B": { hidden: 8192, feedForward: 28672, layers: 80, heads: 64, linear: 68_451_041_280, embedding: 1_050_673_152 },
  "405B": {
    hidden: 16384,
    feedForward: 53248,
    layers: 126,
    heads: 128,
    linear: 401_650_221_056,
    embedding: 2_101_346_304,
  },
} as const;

export function llama(size: keyof typeof shapes, over: Partial<ModelFacts> = {}): ModelFacts {
  const { hidden, feedForward, layers, heads, linear, embedding } = shapes[size];
  const config: ModelConfig = {
    architecture: "LlamaForCausalLM",
    hiddenSize: hidden,
    intermediateSize: feedForward,
    layers,
    heads,
    kvHeads: 8,
    headSize: 128,
    vocabularySize: 128256,
    tiedEmbeddings: false,
  };
  const parameters = linear + 2 * embedding;
  return {
    name: `Llama-3.1-${size}`,
    architecture: "LlamaForCausalLM",
    generates: true,
    parameters,
    linearParameters: linear,
    embeddingParameters: embedding,
    headParameters: embedding,
    routerParameters: 0,
    expertParameters: 0,
    weightBytes: parameters * 2,
    dtype: "bf16",
    config,
    source: "tensors",
    ...over,
  };
}

/** A model of so many parameters, all of them linear. */
export function sized(parameters: number, over: Partial<ModelFacts> = {}): ModelFacts {
  return llama("8B", {
    name: "m",
    parameters,
    linearParameters: parameters,
    embeddingParameters: 0,
    headParameters: 0,
    ...over,
  });
}

export function gpu(name: string, count = 1): QuantDevice {
  const found = gpuCalled(name)!.gpu;
  return { ...found, kind: "gpu", count };
}

/** An NVIDIA GPU of any capability with plenty of memory. */
export function capability(computeCapability: number): QuantDevice {
  return { ...gpu("H100"), name: `GPU ${computeCapability}`, computeCapability, memoryBytes: 1e15 };
}

export const cpu: QuantDevice = { name: "CPU", kind: "cpu", count: 1, memoryBytes: 64e9 };

export function request(over: Partial<QuantRequest> = {}): QuantRequest {
  return {
    mode: "sync",
    batch: 1,
    contextTokens: 4096,
    latencyBound: false,
    language: "en",
    belowFourBit: false,
    ...over,
  };
}
