import type { Call } from "../outline";
import type { Evidence, Rule } from "./rule";

const model =
  /^(keras|tf_keras|keras_core|tensorflow\.keras|tensorflow\.python\.keras|keras_cv|keras_nlp|keras_hub)\.[\w.]+\(\)(\[\w*\])*\./;

const meanings: Record<string, Pick<Evidence, "kind" | "part">> = {
  fit: { kind: "training", part: "whole" },
  fit_generator: { kind: "training", part: "whole" },
  evaluate: { kind: "evaluation", part: "whole" },
  predict: { kind: "inference", part: "stream" },
  train_on_batch: { kind: "training", part: "step" },
  test_on_batch: { kind: "evaluation", part: "pass" },
  predict_on_batch: { kind: "inference", part: "pass" },
};

/** Arguments that scikit-learn's `fit` does not take. */
const kerasArguments = /^(epochs|validation_data|validation_split|callbacks|batch_size|steps_per_epoch|verbose|steps)$/;

export const keras: Rule = {
  id: "keras",
  finds: "`fit`, `evaluate`, `predict`, `train_on_batch`, `test_on_batch` of a Keras model (keras, tf.keras)",
  examine({ call, method, receiver, is, isLocal, names }, { imports }) {
    const meaning = Object.hasOwn(meanings, method) ? meanings[method] : undefined;
    if (meaning === undefined || receiver === "" || isLocal) return undefined;
    const isUnique = method.endsWith("_on_batch") || method === "fit_generator";
    if (is(model)) return { ...meaning, framework: "keras", weight: isUnique || method === "fit" ? 0.97 : 0.9 };
    const isKnown = names.every((name) => !name.startsWith("?"));
    if (!imports.uses("keras")) return isUnique ? { ...meaning, framework: "keras", weight: 0.6 } : undefined;
    if (
      names.some((name) => /^(sklearn|xgboost|lightgbm|catboost|scipy|statsmodels|transformers|lightning)\b/.test(name))
    )
      return undefined;
    if (isUnique) return { ...meaning, framework: "keras", weight: 0.9 };
    const looksRight = takesKerasArguments(call) || /model|net|gan|encoder|autoencoder/i.test(receiver);
    const isAmbiguous = imports.uses("sklearn") && !takesKerasArguments(call);
    if (!looksRight || isAmbiguous || /scaler|tokeni|vectori/i.test(receiver)) return undefined;
    return { ...meaning, framework: "keras", weight: isKnown ? 0.6 : 0.75 };
  },
};

function takesKerasArguments(call: Call): boolean {
  return [...call.keywords.keys()].some((name) => kerasArguments.test(name));
}
