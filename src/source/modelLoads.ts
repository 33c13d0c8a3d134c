/** Where a Python file loads a model, what it calls it, and in which type it asks for it. */
import { Names } from "./names";
import type { PyNode, PythonTree } from "./node";
import type { Call, Outline } from "./outline";
import { outlineOf } from "./outlineBuilder";
import { textValue } from "./texts";
import { type ToolkitFinding, toolkitFindings } from "./toolkits";

export interface ModelLoad {
  /** From 1; `endLine` inclusive: the whole call. */
  readonly line: number;
  readonly endLine: number;
  /** A name on the Hugging Face hub, or a path, as the file says it; absent where it is made at run time. */
  readonly model?: string;
  /** One of several files in `model`: `gguf_file=`, `filename=`. */
  readonly file?: string;
  /** What the call is asked to load it as: `bfloat16`, `float16`, `float32`, `auto`. */
  readonly dtype?: string;
  /** It is loaded quantized: by bitsandbytes, or as the call says. */
  readonly quantized?: string;
}

/** What the file does with its models, beside loading them. */
export interface ModelUse {
  readonly trains: boolean;
  /** LoRA and its kin, by peft. */
  readonly usesPeft: boolean;
}

export interface FoundModels {
  readonly loads: readonly ModelLoad[];
  readonly toolkits: readonly ToolkitFinding[];
  readonly use: ModelUse;
}

/** Nothing is thrown for any tree. Equal trees give equal answers. */
export function findModels(tree: PythonTree): FoundModels {
  const outline = outlineOf(tree);
  const names = new Names(outline);
  const loads = outline.calls.flatMap((call) => loadOf(call, outline, names) ?? []);
  return {
    loads: oneALine(loads),
    toolkits: toolkitFindings(outline),
    use: {
      trains: outline.calls.some(
        (call) => training.test(call.path) || names.ofCallee(call).some((name) => training.test(name)),
      ),
      usesPeft: outline.importedRoots.has("peft"),
    },
  };
}

const training = /\.(backward|manual_backward)$|Trainer\(\)\.train$|(^|\.)trainer\.train$/i;

interface Kind {
  /** Of the callee's names. */
  readonly pattern: RegExp;
  /** Where the model's name stands: positions and keywords, the first that is there. */
  readonly positions: readonly number[];
  readonly keywords: readonly string[];
}

/** Things with a `from_pretrained` that are no models. */
const noModel = /(Tokenizer\w*|Processor|FeatureExtractor|Config|Scheduler|Image\w*Processor\w*)\.from_pretrained$/;
const pretrained = ["pretrained_model_name_or_path", "model_name_or_path", "model_id", "model_name", "repo_id"];

const kinds: readonly Kind[] = [
  { pattern: /\.(from_pretrained|from_quantized)$/, positions: [0], keywords: pretrained },
  { pattern: /^torch\.(load|jit\.load)$/, positions: [0], keywords: ["f"] },
  { pattern: /^safetensors\.(\w+\.)?(load_file|safe_open)$/, positions: [0], keywords: ["filename"] },
  { pattern: /^safetensors\.torch\.load_model$/, positions: [1], keywords: ["filename"] },
  { pattern: /^transformers\.(pipelines\.)?pipeline$/, positions: [1], keywords: ["model"] },
  { pattern: /^vllm(\.\w+)*\.(LLM|AsyncEngineArgs|EngineArgs)$/, positions: [0], keywords: ["model"] },
  { pattern: /^llama_cpp\.Llama$/, positions: [0], keywords: ["model_path"] },
  { pattern: /^gptqmodel\.GPTQModel\.load$/, positions: [0], keywords: ["model_id_or_path"] },
  {
    pattern: /^sentence_transformers\.(SentenceTransformer|CrossEncoder)$/,
    positions: [0],
    keywords: ["model_name_or_path", "model_name"],
  },
];

function loadOf(call: Call, outline: Outline, names: Names): ModelLoad | undefined {
  const scope = call.region.scope;
  const text = (node: PyNode | undefined) => textValue(node, scope, outline, names);
  const own = names.ofCallee(call);
  const kind =
    own.some((name) => noModel.test(name)) || noModel.test(call.path)
      ? undefined
      : kinds.find(({ pattern }) => own.some((name) => pattern.test(name)) || pattern.test(call.path));
  const place = { line: call.node.line, endLine: call.node.endLine };
  if (kind === undefined) {
    // A file of llama.cpp's says by its name what it is, whoever opens it.
    const gguf = [...call.arguments, ...call.keywords.values()].find(
      (node) => node.type === "string" && /\.gguf$/i.test(text(node) ?? ""),
    );
    return gguf === undefined || isFileWork(call.path) ? undefined : { ...place, model: text(gguf)! };
  }
  const given =
    kind.keywords.map((name) => call.keywords.get(name)).find((node) => node !== undefined) ??
    kind.positions.map((position) => call.arguments[position]).find((node) => node !== undefined);
  const model = text(given);
  const file = text(call.keywords.get("gguf_file") ?? call.keywords.get("filename"));
  const dtype = dtypeOf(call.keywords.get("torch_dtype") ?? call.keywords.get("dtype"), text, outline);
  const quantized = quantizedBy(call, text, names);
  return {
    ...place,
    ...(model === undefined ? {} : { model }),
    ...(file === undefined || file === model ? {} : { file }),
    ...(dtype === undefined ? {} : { dtype }),
    ...(quantized === undefined ? {} : { quantized }),
  };
}

/** `open`, `os.remove`, `print` and the like work on a file and load no model. */
function isFileWork(path: string): boolean {
  return /^(open|print|len|str|Path|os\.|shutil\.|logging\.|logger\.|subprocess\.)|\.(exists|unlink|info|debug|add_argument|append|join|endswith)$/.test(
    path,
  );
}

const dtypes = /(bfloat16|float16|float32|half|float64)$/;

function dtypeOf(
  node: PyNode | undefined,
  text: (node: PyNode) => string | undefined,
  outline: Outline,
): string | undefined {
  if (node === undefined) return undefined;
  const said = text(node) ?? outline.textOf(node);
  if (said === "auto") return "auto";
  const match = dtypes.exec(said)?.[1];
  return match === "half" ? "float16" : match;
}

function quantizedBy(call: Call, text: (node: PyNode) => string | undefined, names: Names): string | undefined {
  const isTrue = (name: string) => {
    const node = call.keywords.get(name);
    return node?.type === "true";
  };
  if (isTrue("load_in_8bit")) return "bitsandbytes, 8 bit";
  if (isTrue("load_in_4bit")) return "bitsandbytes, 4 bit";
  const named = call.keywords.get("quantization");
  if (named !== undefined) return text(named);
  const config = call.keywords.get("quantization_config");
  const made = config && names.of(config, call.region.scope).find((name) => /Config(\(\))?$/.test(name));
  return made === undefined ? undefined : made.replace(/\(\)$/, "").split(".").at(-1);
}

/** Nested calls on one line (`model(AutoModel.from_pretrained("x"))`) are told once. */
function oneALine(loads: readonly ModelLoad[]): ModelLoad[] {
  const byLine = new Map<number, ModelLoad>();
  for (const load of loads) {
    const before = byLine.get(load.line);
    if (before === undefined || (before.model === undefined && load.model !== undefined)) byLine.set(load.line, load);
  }
  return [...byLine.values()].sort((a, b) => a.line - b.line);
}
