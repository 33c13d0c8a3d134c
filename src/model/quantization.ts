/**
 * Words of quantization: formats, what a checkpoint holds, and the answer of `wattline quant` (`wattline.quant/1`).
 * docs/quantization.md explains them; docs and JSON keep these names. Bytes are SI.
 */
import type { VerifyAnswer } from "./verify";

/** Formats that a weight can be rounded to, with bits a weight (scales included). Nothing else is offered. */
export const formatBits = {
  bf16: 16,
  fp16: 16,
  "int8-channel": 8,
  "fp8-e4m3": 8, //            one scale a row is not counted
  "int4-g128": 4 + 16 / 128,
  "int4-g128-mse": 4 + 16 / 128,
  "int4-g128-asym": 4 + 20 / 128, // a 4-bit zero point a group
  "int4-g32": 4 + 16 / 32,
  nf4: 4 + 32 / 64, //         a 32-bit absmax a block
  nvfp4: 4 + 8 / 16,
  mxfp4: 4 + 8 / 32,
  "int3-g128": 3 + 16 / 128,
  "int2-g128": 2 + 16 / 128,
  // Whole file by its size, embeddings included: llama.cpp's table for Llama-3.1-8B (4.8944 and 8.5008).
  q4_k_m: 4.89,
  q8_0: 8.5,
} as const;
export type Format = keyof typeof formatBits;
export const formats = Object.keys(formatBits) as Format[];

/** Formats that the scan rounds the weights to. `int3-` and `int2-` are asymmetric, as in the reference. */
export const scannedFormats = [
  "int8-channel",
  "fp8-e4m3",
  "int4-g128",
  "int4-g128-mse",
  "int4-g128-asym",
  "int4-g32",
  "nf4",
  "nvfp4",
  "mxfp4",
  "int3-g128",
  "int2-g128",
] as const satisfies readonly Format[];
export type ScannedFormat = (typeof scannedFormats)[number];

/** What a tensor is for: only `linear` is quantized; an embedding, a head that is not tied and norms stay at 16 bits. */
export const tensorRoles = ["linear", "embedding", "head", "router", "other", "buffer", "scale"] as const;
export type TensorRole = (typeof tensorRoles)[number];

/** One tensor of a checkpoint, with where its bytes lie. */
export interface TensorInfo {
  readonly name: string;
  /** safetensors' names (`BF16`), or ggml's in lower case (`q4_k`). */
  readonly dtype: string;
  /** Outermost first, also for GGUF, which writes the innermost first. */
  readonly shape: readonly number[];
  /** Index into the checkpoint's files. */
  readonly file: number;
  /** From the start of the file. */
  readonly offset: number;
  readonly bytes: number;
}

/** The shape of a language model, from `config.json` or GGUF metadata; absent is not known. */
export interface ModelConfig {
  readonly architecture?: string;
  readonly modelType?: string;
  readonly name?: string;
  readonly hiddenSize?: number;
  readonly intermediateSize?: number;
  readonly layers?: number;
  readonly heads?: number;
  readonly kvHeads?: number;
  readonly headSize?: number;
  readonly vocabularySize?: number;
  readonly tiedEmbeddings?: boolean;
  readonly maxContext?: number;
  readonly slidingWindow?: number;
  /** Layers that attend only within the window; all where a window is given and this is not. */
  readonly slidingLayers?: number;
  readonly dtype?: string;
  readonly experts?: number;
  readonly expertsPerToken?: number;
  readonly expertIntermediateSize?: number;
  readonly sharedExperts?: number;
  /** Dense layers before the first with experts. */
  readonly denseLayers?: number;
  /** Latent attention: numbers kept a token and layer. */
  readonly latentKvSize?: number;
  readonly gatedFeedForward?: boolean;
  /** Weights are stored input × output (GPT-2's Conv1D). */
  readonly transposedLinear?: boolean;
  /** Set where the checkpoint was quantized before. */
  readonly quantized?: { readonly method: string; readonly bits?: number };
}

/** Counts of a checkpoint by what its tensors are for; the header is enough to know them. */
export interface ModelFacts {
  readonly name?: string;
  readonly architecture?: string;
  /** True for a decoder that writes text token by token, undefined where that cannot be told. */
  readonly generates?: boolean;
  readonly parameters: number;
  readonly linearParameters: number;
  readonly embeddingParameters: number;
  /** 0 where the head is the embedding. */
  readonly headParameters: number;
  readonly routerParameters: number;
  /** Parameters of expert matrices, part of `linearParameters`. */
  readonly expertParameters: number;
  /** Bytes of the tensors as stored. */
  readonly weightBytes: number;
  /** The type that most parameters are stored in. */
  readonly dtype: string;
  readonly config: ModelConfig;
  /** From the tensors, or from `config.json` alone where there are no weights. */
  readonly source: "tensors" | "config";
}

export interface TensorStatistics {
  readonly name: string;
  readonly shape: readonly number[];
  /** Pearson's: 3 for a Gaussian. */
  readonly kurtosis: number;
  readonly maxOverSigma: number;
  /** Largest absmax of a row (an output channel) over the median row's; of a column likewise. */
  readonly rowAbsmaxRatio?: number;
  readonly columnAbsmaxRatio?: number;
  /** Round-to-nearest signal to noise, dB; absent for a tensor of zeros. */
  readonly sqnrDb: Readonly<Partial<Record<ScannedFormat, number>>>;
  /** An outlier in kurtosis among its neighbours (docs/quantization.md). */
  readonly flagged: boolean;
}

export interface SkippedTensor {
  readonly name: string;
  readonly reason: string;
}

export const quantSchemaName = "wattline.quant/1";

/** What `fits`, rules and predictions are asked for. */
export interface QuantDevice {
  readonly name: string;
  readonly kind: "gpu" | "cpu" | "apple";
  readonly count: number;
  readonly computeCapability?: number;
  /** Of one device. */
  readonly memoryBytes?: number;
  readonly bandwidthBytesPerS?: number;
  readonly tdpW?: number;
  readonly vendor?: "nvidia" | "amd" | "apple";
  readonly architecture?: string;
  readonly peakPerS?: Readonly<Record<string, number>>;
  /** How the device came to be chosen, where that is not plain. */
  readonly note?: string;
}

export interface QuantRequest {
  readonly mode: "sync" | "async";
  readonly batch: number;
  readonly contextTokens: number;
  readonly latencyBound: boolean;
  /** As given: `en`, `de-AT`. */
  readonly language: string;
  readonly belowFourBit: boolean;
}

/** Tokens of prompt and answer together where nothing is said; fewer where the model takes fewer. */
const usualContext = 4096;
/** Requests at a time of a server where nothing is said. */
const usualAsyncBatch = 64;

export function defaultRequest(mode: QuantRequest["mode"], maxContext: number | undefined): QuantRequest {
  return {
    mode,
    batch: mode === "sync" ? 1 : usualAsyncBatch,
    contextTokens: Math.min(usualContext, maxContext ?? usualContext),
    latencyBound: false,
    language: "en",
    belowFourBit: false,
  };
}

export interface Recovery {
  readonly percent: number;
  readonly citation: string;
}

export interface FormatAnswer {
  readonly format: Format;
  readonly bitsPerWeight: number;
  readonly weightBytes: number;
  /** Weights, KV cache and slack. */
  readonly totalBytes: number;
  readonly fits?: boolean;
  /** Whether the device has a kernel for it; `reason` says why not. */
  readonly runs?: boolean;
  readonly reason?: string;
  /** [low, high]; a modelled number: `modelled` names the formula. */
  readonly timePerTokenS?: readonly [number, number];
  readonly energyPerTokenJ?: readonly [number, number];
  readonly recovery?: Recovery;
  /** Of all scanned linear weights together. */
  readonly sqnrDb?: number;
  /** Reference for Gaussian weights minus `sqnrDb`. */
  readonly penaltyDb?: number;
}

export interface RuleAnswer {
  /** `R0` … `R11`. */
  readonly id: string;
  readonly fired: boolean;
  readonly reason: string;
  /** The one rule whose format is proposed. */
  readonly decides?: boolean;
  readonly effect?: string;
  readonly citation?: string;
}

export interface Override {
  /** A regular expression over module names, as llm-compressor's `re:` targets take it. */
  readonly pattern: string;
  readonly format: Format;
  readonly reason: string;
}

export interface Proposal {
  readonly format: Format;
  /** How the format is made: "GPTQ, groups of 128", "W8A8, dynamic". */
  readonly recipe: string;
  readonly reason: string;
  readonly overrides: readonly Override[];
  /** With the overrides. */
  readonly weightBytes: number;
}

export interface QuantReport {
  readonly schema: typeof quantSchemaName;
  /** One sentence: the advice, or why not. */
  readonly headline: string;
  /** The reason, where quantizing this model here is predicted to be no gain. */
  readonly notForYou?: string;
  readonly model: {
    readonly name?: string;
    readonly architecture?: string;
    readonly parameters: number;
    readonly weightBytes: number;
    readonly dtype: string;
    readonly linearParameters: number;
    readonly alreadyQuantized?: string;
    readonly source: "tensors" | "config";
  };
  readonly device?: QuantDevice;
  readonly request: QuantRequest;
  /** Bytes of the KV cache at 16 bits for the request; absent where the model's shape is not known. */
  readonly kvCacheBytes?: number;
  readonly activationBytes?: number;
  readonly formats: readonly FormatAnswer[];
  /** The formula behind times and energies, its error, and whether it is asked outside of its range. */
  readonly modelled?: { readonly formula: string; readonly outside?: string };
  readonly rules: readonly RuleAnswer[];
  readonly proposal: Proposal;
  readonly layers: readonly TensorStatistics[];
  readonly skipped: readonly SkippedTensor[];
  readonly warnings: readonly { readonly code: string; readonly message: string }[];
  /** What was measured on the user's own data. */
  readonly verify?: VerifyAnswer;
  readonly scan: { readonly state: "done" | "header-only"; readonly elapsedS?: number; readonly bytesRead?: number };
}
