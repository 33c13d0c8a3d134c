import type { ModelConfig } from "./quantization";
import type { TensorTable } from "./tensorTable";

/** A model on disk as its headers tell: nothing of the weights has been read. */
export interface Checkpoint {
  /** As the user named it. */
  readonly path: string;
  /** `config`: a folder with `config.json` and no weights. */
  readonly kind: "safetensors" | "gguf" | "config";
  readonly files: readonly { readonly path: string; readonly bytes: number }[];
  readonly tensors: TensorTable;
  readonly config: ModelConfig;
  /** What was seen and is no fault: sentences. */
  readonly notes: readonly string[];
}
