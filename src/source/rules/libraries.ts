import type { Framework, LoopKind } from "../loop";
import type { Evidence, Rule } from "./rule";

/** Calls of other libraries that loop inside. A row a library: what is called, and what that is. */
const calls: readonly (readonly [RegExp, LoopKind, Evidence["part"], Framework, number])[] = [
  [/^ultralytics\.\w+\(\)\.(train|tune)$/, "training", "whole", "pytorch", 0.95],
  [/^ultralytics\.\w+\(\)\.val$/, "evaluation", "whole", "pytorch", 0.95],
  [/^ultralytics\.\w+\(\)(\.predict|\.track)?$/, "inference", "stream", "pytorch", 0.85],
  [/^stable_baselines3\.[\w.]+\(\)\.learn$/, "training", "whole", "pytorch", 0.95],
  [/^sb3_contrib\.[\w.]+\(\)\.learn$/, "training", "whole", "pytorch", 0.95],
  [/^fastai\..*\(\)\.(fit\w*|fine_tune|lr_find)$/, "training", "whole", "pytorch", 0.95],
  [/^composer\.(\w+\.)?Trainer\(\)\.fit$/, "training", "whole", "pytorch", 0.95],
  [/^composer\.(\w+\.)?Trainer\(\)\.eval$/, "evaluation", "whole", "pytorch", 0.95],
  [/^ignite\.engine\.\w+\(\)\.run$/, "training", "whole", "pytorch", 0.7],
  [/^sentence_transformers\.SentenceTransformer\(\)\.fit$/, "training", "whole", "transformers", 0.95],
  [/^sentence_transformers\.\w+\(\)\.(encode\w*|predict|rank)$/, "inference", "stream", "transformers", 0.85],
  [/^gensim\.models(\.\w+)*\.\w+\(\)\.train$/, "training", "whole", "other", 0.9],
  [/^spacy\.(load|blank)\(\)\.update$/, "training", "step", "other", 0.9],
  [/^tensorflow(\.compat\.v1)?\.estimator\.[\w.]+(\(\)\.train)?$/, "training", "whole", "tensorflow", 0.8],
  [/^ray\.train\.[\w.]+\(\)\.fit$/, "training", "whole", "other", 0.85],
  [/^autogluon\.[\w.]+\(\)\.fit$/, "training", "whole", "other", 0.9],
  [/^vllm\.LLM\(\)\.(generate|chat|encode|embed|beam_search)$/, "inference", "stream", "pytorch", 0.95],
  [
    /^llama_cpp\.Llama(\.from_pretrained)?\(\)(\.create_(chat_)?completion|\.generate)?$/,
    "inference",
    "stream",
    "other",
    0.9,
  ],
  [/^diffusers\.\w+\.from_(pretrained|single_file|config|pipe)\(\)$/, "inference", "stream", "pytorch", 0.9],
  [/^onnxruntime\.InferenceSession\(\)\.run(_with_iobinding)?$/, "inference", "pass", "other", 0.85],
  [/^ctranslate2\.\w+\(\)\.(translate|generate|forward)_\w+$/, "inference", "stream", "other", 0.9],
  [/^(whisper\.load_model|faster_whisper\.WhisperModel)\(\)\.transcribe$/, "inference", "stream", "pytorch", 0.9],
  [/^mlx_lm\.(generate|stream_generate)$/, "inference", "stream", "other", 0.9],
];

export const libraries: Rule = {
  id: "libraries",
  finds:
    "calls that loop inside, of Ultralytics, Stable-Baselines3, fastai, Composer, sentence-transformers, gensim, spaCy, Ray Train, " +
    "AutoGluon, vLLM, llama.cpp, diffusers, ONNX Runtime, CTranslate2, Whisper, MLX LM",
  examine({ call, names }) {
    // `StableDiffusionPipeline.from_pretrained()` itself loads; what it gives is called.
    const candidates = names.filter((name) => !call.path.endsWith("from_pretrained") || !name.endsWith("()"));
    const row = calls.find(([pattern]) => candidates.some((name) => pattern.test(name)));
    if (row === undefined) return undefined;
    const [, kind, part, framework, weight] = row;
    return { kind, part, framework, weight };
  },
};
