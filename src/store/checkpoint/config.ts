/** The shape of a model from its `config.json` or from GGUF's metadata: what is not there stays unknown. */
import { fileTooLarge, malformedFile } from "../../model/errors";
import type { ModelConfig } from "../../model/quantization";
import { CheckpointFile, shown } from "./file";
import type { GgufHeader } from "./gguf";
import { JsonBytes, JsonFault } from "./jsonBytes";

/** Real ones have some kB. */
const mostConfigBytes = 4e6;
const mostDepth = 64;

/** @throws WattlineError naming the file and the fault */
export function readConfig(path: string): ModelConfig {
  const file = new CheckpointFile(path);
  let bytes: Uint8Array;
  try {
    if (file.bytes > mostConfigBytes) throw fileTooLarge(path, file.bytes, mostConfigBytes);
    bytes = new Uint8Array(file.bytes);
    file.read(0, bytes);
  } finally {
    file.close();
  }
  try {
    const json = new JsonBytes(bytes, bytes.length, false);
    json.skip(mostDepth);
  } catch (error) {
    if (error instanceof JsonFault) throw malformedFile(path, error.message);
    throw error;
  }
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(bytes).toString("utf8"));
  } catch (error) {
    throw malformedFile(path, `it is not JSON (${shown((error as Error).message)})`);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw malformedFile(path, "it is no object");
  return configOf(value as Record<string, unknown>);
}

type Keys = Readonly<Record<string, unknown>>;

/** A whole number of a size that a model can have. */
function count(keys: Keys, ...names: readonly string[]): number | undefined {
  for (const name of names) {
    const value = Object.hasOwn(keys, name) ? keys[name] : undefined;
    if (typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= 1e9) return value;
  }
  return undefined;
}

function word(keys: Keys, ...names: readonly string[]): string | undefined {
  for (const name of names) {
    const value = Object.hasOwn(keys, name) ? keys[name] : undefined;
    if (typeof value === "string" && value !== "") return value.slice(0, 200);
  }
  return undefined;
}

function object(keys: Keys, name: string): Keys | undefined {
  const value = Object.hasOwn(keys, name) ? keys[name] : undefined;
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Keys) : undefined;
}

/** Models whose linear weights are stored input × output (transformers' Conv1D). */
const transposedModels = new Set(["gpt2", "openai-gpt", "imagegpt", "decision_transformer"]);
/** Models whose feed-forward has two matrices and not three. */
const plainFeedForward = new Set([
  "gpt2",
  "openai-gpt",
  "opt",
  "gpt_neox",
  "gptj",
  "gpt_neo",
  "bloom",
  "falcon",
  "phi",
  "gpt_bigcode",
  "starcoder2",
  "bert",
  "roberta",
]);

/** @param outer the whole of `config.json`; a multimodal model has its language model under `text_config` */
export function configOf(outer: Keys): ModelConfig {
  const inner = object(outer, "text_config");
  const keys: Keys = inner === undefined ? outer : { ...outer, ...inner };
  const architectures = outer.architectures;
  const modelType = word(outer, "model_type");
  const innerType = word(keys, "model_type");
  const hiddenSize = count(keys, "hidden_size", "n_embd", "d_model");
  const heads = count(keys, "num_attention_heads", "n_head", "num_heads");
  const layers = count(keys, "num_hidden_layers", "n_layer", "num_layers");
  const headSize = count(keys, "head_dim") ?? (hiddenSize && heads ? Math.floor(hiddenSize / heads) : undefined);
  const experts = count(keys, "num_local_experts", "num_experts", "n_routed_experts");
  const latent = count(keys, "kv_lora_rank");
  const rope = count(keys, "qk_rope_head_dim");
  const types = Array.isArray(keys.layer_types) ? (keys.layer_types as unknown[]).slice(0, 10_000) : undefined;
  const windowed = keys.use_sliding_window !== false ? count(keys, "sliding_window") : undefined;
  const sliding = types?.filter((type) => type === "sliding_attention" || type === "chunked_attention").length;
  const denseLayers = count(keys, "first_k_dense_replace");
  const four = hiddenSize === undefined ? undefined : 4 * hiddenSize;
  return defined({
    architecture:
      Array.isArray(architectures) && typeof architectures[0] === "string" ? architectures[0].slice(0, 200) : undefined,
    modelType,
    name: word(outer, "_name_or_path"),
    hiddenSize,
    intermediateSize:
      count(keys, "intermediate_size", "n_inner", "ffn_dim", "ffn_hidden_size") ??
      (innerType === "gpt2" ? four : undefined),
    layers,
    heads,
    kvHeads: count(keys, "num_key_value_heads", "num_kv_heads") ?? (keys.multi_query === true ? 1 : heads),
    headSize,
    vocabularySize: count(keys, "vocab_size"),
    tiedEmbeddings:
      typeof outer.tie_word_embeddings === "boolean"
        ? outer.tie_word_embeddings
        : typeof keys.tie_word_embeddings === "boolean"
          ? keys.tie_word_embeddings
          : undefined,
    maxContext: count(keys, "max_position_embeddings", "n_positions", "max_seq_len", "seq_length"),
    slidingWindow: windowed,
    slidingLayers: windowed === undefined ? undefined : sliding,
    dtype: word(keys, "dtype", "torch_dtype") ?? word(outer, "dtype", "torch_dtype"),
    experts,
    expertsPerToken: count(keys, "num_experts_per_tok", "num_experts_per_token", "moe_topk"),
    expertIntermediateSize: count(keys, "moe_intermediate_size"),
    sharedExperts: count(keys, "n_shared_experts"),
    denseLayers,
    latentKvSize: latent !== undefined && rope !== undefined ? latent + rope : undefined,
    gatedFeedForward: innerType === undefined ? undefined : !plainFeedForward.has(innerType),
    transposedLinear: innerType !== undefined && transposedModels.has(innerType) ? true : undefined,
    quantized: quantizedOf(object(outer, "quantization_config") ?? object(keys, "quantization_config")),
  });
}

function quantizedOf(keys: Keys | undefined): ModelConfig["quantized"] {
  if (keys === undefined) return undefined;
  const bits =
    count(keys, "bits", "w_bit") ?? (keys.load_in_4bit === true ? 4 : keys.load_in_8bit === true ? 8 : undefined);
  return {
    method: word(keys, "quant_method", "quant_type", "quant_algo") ?? "an unnamed method",
    ...(bits === undefined ? {} : { bits }),
  };
}

/** GGUF's own names of whole-file types (llama.h `enum llama_ftype`), where most tensors have another type. */
const fileTypes: Readonly<Record<number, string>> = {
  0: "f32",
  1: "f16",
  2: "q4_0",
  3: "q4_1",
  7: "q8_0",
  8: "q5_0",
  9: "q5_1",
  10: "q2_k",
  11: "q3_k_s",
  12: "q3_k_m",
  13: "q3_k_l",
  14: "q4_k_s",
  15: "q4_k_m",
  16: "q5_k_s",
  17: "q5_k_m",
  18: "q6_k",
  25: "iq4_nl",
  30: "iq4_xs",
  32: "bf16",
  38: "mxfp4_moe",
};

export function configOfGguf({ metadata, arrayLengths }: GgufHeader): ModelConfig {
  const architecture = metadata.get("general.architecture");
  const own: Record<string, unknown> = {};
  for (const [key, value] of metadata)
    if (key.startsWith(`${architecture}.`)) own[key.slice(`${architecture}.`.length)] = value;
  const name = metadata.get("general.name");
  const fileType = metadata.get("general.file_type");
  const hiddenSize = count(own, "embedding_length");
  const heads = count(own, "attention.head_count");
  return defined({
    architecture: typeof architecture === "string" ? architecture : undefined,
    name: typeof name === "string" ? name.slice(0, 200) : undefined,
    hiddenSize,
    intermediateSize: count(own, "feed_forward_length"),
    layers: count(own, "block_count"),
    heads,
    kvHeads: count(own, "attention.head_count_kv") ?? heads,
    headSize: count(own, "attention.key_length") ?? (hiddenSize && heads ? Math.floor(hiddenSize / heads) : undefined),
    vocabularySize: count(own, "vocab_size") ?? arrayLengths.get("tokenizer.ggml.tokens"),
    maxContext: count(own, "context_length"),
    slidingWindow: count(own, "attention.sliding_window") || undefined,
    experts: count(own, "expert_count") || undefined,
    expertsPerToken: count(own, "expert_used_count") || undefined,
    dtype: typeof fileType === "number" ? fileTypes[fileType] : undefined,
  });
}

function defined(config: { [Key in keyof ModelConfig]: ModelConfig[Key] | undefined }): ModelConfig {
  return Object.fromEntries(Object.entries(config).filter(([, value]) => value !== undefined)) as ModelConfig;
}
