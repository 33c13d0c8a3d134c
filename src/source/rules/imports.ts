/** Which families of libraries a file uses: what `optimizer.step()` means depends on it. */
import type { Framework } from "../loop";
import type { Outline } from "../outline";

const families = {
  pytorch:
    /^(torch|torchvision|torchaudio|torchtext|torchdata|torch_geometric|torch_xla|torchrl|tensordict|dgl|timm|fastai|d2l|fairseq|fairseq2|deepspeed|monai|apex|colossalai|composer|ignite|megatron|nemo|diffusers|peft|bitsandbytes|accelerate|lightning|lightning_fabric|pytorch_lightning|ultralytics|vllm|sentence_transformers|stable_baselines3|open_clip|pyro|gpytorch|botorch)$/,
  accelerate: /^accelerate$/,
  transformers: /^(transformers|trl|setfit|optimum|sentence_transformers|unsloth)$/,
  lightning: /^(lightning|pytorch_lightning|lightning_fabric|litgpt)$/,
  keras: /^(keras|tf_keras|keras_core|keras_cv|keras_nlp|keras_hub)$/,
  tensorflow: /^tensorflow$/,
  jax: /^(jax|flax|optax|haiku|equinox|objax|elegy|brax|trax|jaxopt|clu)$/,
  sklearn: /^(sklearn|xgboost|lightgbm|catboost|imblearn|cuml|skorch|tpot|autosklearn|xgboost_ray)$/,
  /** Other libraries with gradients whose loops look like PyTorch's. */
  other: /^(tinygrad|paddle|mindspore|jittor|chainer|micrograd|oneflow|mlx|autograd|mxnet|nnabla|megengine)$/,
} as const satisfies Record<Framework, RegExp>;

/** Their `step`, `fit` and `backward` have nothing to do with training. */
const foreign =
  /^(scipy|gym|gymnasium|gym3|pettingzoo|dm_control|mujoco|pygame|pybullet|skopt|nevergrad|bayes_opt|optuna|statsmodels|lmfit|simpy|mesa|cv2|PIL|numpy|pandas|selenium|playwright|RPi|turtle|curses|qiskit|ortools|pulp|cvxpy|hyperopt|prophet|ax|cma|os|sys|re|math|time|random)$/;

export class Imports {
  private readonly found = new Set<Framework>();

  constructor(outline: Outline) {
    for (const root of outline.importedRoots) {
      for (const [family, pattern] of Object.entries(families) as [Framework, RegExp][]) {
        if (pattern.test(root)) this.found.add(family);
      }
    }
    this.learnsWithJax = ["optax", "flax", "haiku", "equinox"].some((root) => outline.importedRoots.has(root));
    // `from tensorflow import keras` and `tf.keras`.
    if (/\b(tf|tensorflow)\.keras\b|from tensorflow import .*\bkeras\b/.test(outline.tree.text))
      this.found.add("keras");
  }

  uses(family: Framework): boolean {
    return this.found.has(family);
  }

  /** Whether JAX is used to train and not, say, for a simulation. */
  readonly learnsWithJax: boolean;

  /** The family to name where nothing else tells. */
  get main(): Framework {
    const order = ["pytorch", "transformers", "keras", "tensorflow", "jax", "sklearn"] as const;
    return order.find((family) => this.found.has(family)) ?? "other";
  }
}

/** Whether a name leads to a library that is known to mean something else. */
export function isForeign(name: string): boolean {
  return foreign.test(name.split(/[.([]/)[0]!);
}
