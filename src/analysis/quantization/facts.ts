/**
 * What a model is, from its headers: how many parameters of which kind, in which type, quantized before or not.
 */
import type { Checkpoint } from "../../model/checkpoint";
import type { ModelConfig, ModelFacts, TensorRole } from "../../model/quantization";
import { bytesOfType, isBlockType } from "../../model/tensorTypes";

const embedding =
  /(^|\.)(embed_tokens|embed_in|embed|wte|wpe|tok_embeddings|word_embeddings|position_embeddings|token_type_embeddings|embed_positions|token_embd|position_embd|shared|embeddings?)(\.weight)?$/;
const head = /(^|\.)(lm_head|embed_out|score|classifier)\.weight$|^output\.weight$/;
const router =
  /(^|\.)(mlp|block_sparse_moe|feed_forward|moe|ffn)\.(gate|router)(\.\w+)?\.weight$|router\.weight$|ffn_gate_inp/;
const scale =
  /(scales?|scale_inv|scale_\d|qzeros|zeros|g_idx|absmax|quant_map|nested_absmax|zero_points?|weight_shape|SCB)$|quant_state/;
const buffer =
  /(inv_freq|rope_freqs\.weight|position_ids|masked_bias|(^|\.)(attn|attention)\.bias|num_batches_tracked)$/;
const packed = /(qweight|weight_packed)$/;
const expert = /(^|\.)experts?(\.|_|$)|_exps\./;
const norm = /(norm|ln_\w+|layernorm|layer_norm)\d*\.weight$/i;

type NameClass = "embedding" | "head" | "router" | "scale" | "buffer" | "packed" | "norm" | "plain";

function classOf(name: string): NameClass {
  if (scale.test(name)) return "scale";
  if (buffer.test(name)) return "buffer";
  if (packed.test(name)) return "packed";
  if (embedding.test(name)) return "embedding";
  if (head.test(name)) return "head";
  if (router.test(name)) return "router";
  return norm.test(name) ? "norm" : "plain";
}

const integers = new Set(["BOOL", "I16", "U16", "I32", "U32", "I64", "U64", "i16", "i32", "i64"]);

/** @param rank number of dimensions; a stack of experts has three */
function roleOf(name: NameClass, isExpert: boolean, dtype: string, rank: number): TensorRole {
  if (name === "packed") return "linear";
  if (name === "scale" || dtype === "F8_E8M0") return "scale";
  if (name === "buffer" || integers.has(dtype)) return "buffer";
  if (name === "embedding" || name === "head" || name === "router") return name;
  if (name === "norm") return "other";
  return rank === 2 || (rank === 3 && isExpert) ? "linear" : "other";
}

/** What a tensor is for, by its name, type and rank. */
export function tensorRole(name: string, dtype: string, rank: number): TensorRole {
  return roleOf(classOf(name), expert.test(name), dtype, rank);
}

/** Whether a tensor is part of an expert. */
export function isExpertName(name: string): boolean {
  return expert.test(name);
}

/** Roles of all tensors at the cost of one look at each name pattern. */
export function tensorRoles({ tensors }: Checkpoint): TensorRole[] {
  const classes = tensors.patterns.map(classOf);
  const experts = tensors.patterns.map((name) => expert.test(name));
  return Array.from({ length: tensors.count }, (_, i) => {
    const pattern = tensors.pattern[i]!;
    return roleOf(classes[pattern]!, experts[pattern]!, tensors.dtypeOf(i), tensors.rankOf(i));
  });
}

/** Parameters that an element of a packed tensor holds: eight 4-bit ones in 32 bits, two in a byte. */
function parametersEach(dtype: string, name: NameClass, config: ModelConfig): number {
  const bits = config.quantized?.bits ?? 4;
  if (name === "packed" && (dtype === "I32" || dtype === "U32")) return 32 / bits;
  if (dtype === "U8" && config.quantized !== undefined) return 8 / Math.min(8, bits);
  return 1;
}

export function modelFacts(checkpoint: Checkpoint): ModelFacts {
  const { tensors, config } = checkpoint;
  if (checkpoint.kind === "config") return factsOfConfig(config);
  const classes = tensors.patterns.map(classOf);
  const experts = tensors.patterns.map((name) => expert.test(name));
  const sums: Record<TensorRole, number> = {
    linear: 0,
    embedding: 0,
    head: 0,
    router: 0,
    other: 0,
    buffer: 0,
    scale: 0,
  };
  const ofType = new Float64Array(tensors.dtypes.length);
  let expertParameters = 0;
  let weightBytes = 0;
  let packedSeen = false;
  for (let i = 0; i < tensors.count; i++) {
    const pattern = tensors.pattern[i]!;
    const dtype = tensors.dtypes[tensors.dtype[i]!]!;
    const name = classes[pattern]!;
    const role = roleOf(name, experts[pattern]!, dtype, tensors.rankOf(i));
    const parameters = tensors.elements[i]! * parametersEach(dtype, name, config);
    sums[role] += parameters;
    weightBytes += tensors.bytes[i]!;
    if (role === "linear" && experts[pattern]) expertParameters += parameters;
    if (role !== "buffer" && role !== "scale") ofType[tensors.dtype[i]!]! += parameters;
    packedSeen ||= name === "packed";
  }
  const most = ofType.indexOf(Math.max(0, ...ofType));
  const stored = tensors.dtypes[most] ?? "unknown";
  const quantized = config.quantized ?? storedQuantized(stored, packedSeen, config);
  return {
    ...named(config),
    parameters: sums.linear + sums.embedding + sums.head + sums.router + sums.other,
    linearParameters: sums.linear,
    embeddingParameters: sums.embedding,
    headParameters: sums.head,
    routerParameters: sums.router,
    expertParameters,
    weightBytes,
    dtype: (isBlockType(stored) ? config.dtype : undefined) ?? stored.toLowerCase(),
    config: quantized === undefined ? config : { ...config, quantized },
    source: "tensors",
  };
}

function storedQuantized(dtype: string, packedSeen: boolean, config: ModelConfig): ModelConfig["quantized"] {
  if (packedSeen) return { method: "packed integers" };
  if (isBlockType(dtype))
    return { method: config.dtype ?? dtype, bits: Math.round((bytesOfType(dtype, 256) ?? 0) / 32) };
  if (dtype.startsWith("F8_")) return { method: "fp8", bits: 8 };
  if (dtype === "I8" || dtype === "U8" || dtype === "F4") return { method: dtype.toLowerCase() };
  return undefined;
}

function named(config: ModelConfig): Pick<ModelFacts, "name" | "architecture" | "generates"> {
  const generates = config.architecture === undefined ? undefined : generatesText(config.architecture);
  return {
    ...(config.name === undefined ? {} : { name: config.name }),
    ...(config.architecture === undefined ? {} : { architecture: config.architecture }),
    ...(generates === undefined ? {} : { generates }),
  };
}

/** transformers' class names, and llama.cpp's names of architectures. */
function generatesText(architecture: string): boolean {
  if (/(ForCausalLM|LMHeadModel|ForConditionalGeneration)$/.test(architecture)) return true;
  if (/^[a-z0-9_-]+$/.test(architecture)) return !/bert|t5encoder|clip|nomic|embed/.test(architecture);
  return false;
}

/**
 * Counts for a decoder of the usual form from `config.json` alone: attention with grouped keys, gated or plain
 * feed-forward, experts. Norms and biases, below 0.1 %, are left out.
 */
function factsOfConfig(config: ModelConfig): ModelFacts {
  const { hiddenSize = 0, layers = 0, heads = 0, headSize = 0, kvHeads = 0, vocabularySize = 0 } = config;
  const matrices = config.gatedFeedForward === false ? 2 : 3;
  const attention = config.latentKvSize === undefined ? hiddenSize * headSize * (2 * heads + 2 * kvHeads) : 0;
  const dense = matrices * hiddenSize * (config.intermediateSize ?? 4 * hiddenSize);
  const expertSize = matrices * hiddenSize * (config.expertIntermediateSize ?? config.intermediateSize ?? 0);
  const sparseLayers = config.experts === undefined ? 0 : layers - (config.denseLayers ?? 0);
  const expertParameters = sparseLayers * (config.experts ?? 0) * expertSize;
  const shared = sparseLayers * (config.sharedExperts ?? 0) * expertSize;
  const linearParameters = layers * attention + (layers - sparseLayers) * dense + expertParameters + shared;
  const embeddingParameters = vocabularySize * hiddenSize;
  // transformers ties them where config.json says nothing.
  const headParameters = config.tiedEmbeddings === false ? embeddingParameters : 0;
  const routerParameters = sparseLayers * (config.experts ?? 0) * hiddenSize;
  const parameters = linearParameters + embeddingParameters + headParameters + routerParameters;
  const bytesEach = config.dtype === "float32" ? 4 : 2;
  return {
    ...named(config),
    parameters,
    linearParameters,
    embeddingParameters,
    headParameters,
    routerParameters,
    expertParameters,
    weightBytes: parameters * bytesEach,
    dtype:
      ({ bfloat16: "bf16", float16: "f16", float32: "f32" } as Record<string, string>)[config.dtype ?? ""] ??
      config.dtype ??
      "bf16",
    config,
    source: "config",
  };
}
