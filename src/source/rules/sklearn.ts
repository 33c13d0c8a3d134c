import type { Evidence, Rule } from "./rule";

/** Classes whose `fit` only counts or scales: no training worth a meter. */
const preparation =
  /^(sklearn|cuml|imblearn)\.(preprocessing|feature_extraction|feature_selection|impute|compose|random_projection|over_sampling|under_sampling|model_selection\.(train_test_split|\w*Split\w*|\w*Fold\w*))\b/;
const estimator =
  /^(sklearn|xgboost|lightgbm|catboost|imblearn|cuml|skorch|tpot|autosklearn)\.[\w.]+\(\)(\[\w*\])*\.(fit|fit_predict|fit_resample|partial_fit|search)$/;
const functions =
  /^((xgboost|lightgbm|catboost)(\.engine|\.training)?\.(train|cv)|sklearn\.model_selection\.(_validation\.)?(cross_val_score|cross_validate|cross_val_predict|learning_curve|validation_curve))$/;

/** scikit-learn and libraries with its interface (XGBoost, LightGBM, CatBoost, cuML, skorch). */
export const sklearn: Rule = {
  id: "sklearn",
  finds: "`fit`, `partial_fit`, `cross_val_score` of scikit-learn; `xgboost.train`, `lightgbm.train`, CatBoost",
  examine({ method, receiver, is, isLocal, names, call }, { imports }) {
    if (is(functions)) return found("whole", 0.95);
    if (isLocal || receiver === "" || !/^(fit|fit_predict|partial_fit)$/.test(method)) return undefined;
    const part = method === "partial_fit" ? "step" : "whole";
    if (names.some((name) => preparation.test(name))) return undefined;
    if (is(estimator)) return found(part, 0.95);
    if (method === "partial_fit") return found("step", imports.uses("sklearn") ? 0.8 : 0.4);
    if (!imports.uses("sklearn") || names.some((name) => !name.startsWith("?") && !/^@/.test(name))) return undefined;
    if (
      /scaler|encoder|pca|tokeni|vectori|imputer|transform|normali|selector|preproc|binar|label|scipy|curve/i.test(
        receiver,
      )
    ) {
      return undefined;
    }
    // `model.fit(X, y)` of a model that came as an argument.
    return call.arguments.length >= 1 && /^(super\(\)|trainer)/.test(receiver) === false
      ? found("whole", 0.6)
      : undefined;
  },
};

function found(part: Evidence["part"], weight: number): Evidence {
  return { kind: "training", part, framework: "sklearn", weight };
}
