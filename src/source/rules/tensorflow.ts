import type { Evidence, Rule } from "./rule";

/** Loops of one's own in TensorFlow: a gradient tape and an optimizer; in version 1 a session that runs a training operation. */
export const tensorflow: Rule = {
  id: "tensorflow",
  finds:
    "`tape.gradient(…)` under `tf.GradientTape`, `optimizer.apply_gradients`, `optimizer.minimize`, `session.run(train_op)`",
  examine({ call, method, receiver, is, isLocal }, { imports, outline }) {
    if (isLocal) return undefined;
    if (is(/^tensorflow\.GradientTape\(\)\.(gradient|jacobian)$/)) return found("gradient", 0.85);
    const isUsed = imports.uses("tensorflow") || imports.uses("keras");
    if (isUsed && method === "gradient" && /tape/i.test(receiver)) return found("gradient", 0.75);
    if (is(/^(tensorflow\.)?(keras|tf_keras)\.optimizers\.[\w.]+\(\)\.(apply_gradients|apply|minimize)$/))
      return found("update", 0.85);
    if (isUsed && !imports.uses("jax") && method === "apply_gradients") return found("update", 0.75);
    if (isUsed && method === "minimize" && /opt/i.test(receiver) && inEagerCode(call)) return found("step", 0.6);
    if (
      is(/^tensorflow(\.compat\.v1)?\.(Interactive)?Session\(\)\.run$/) ||
      (isUsed && /^(self\.)?sess(ion)?\.run$/.test(`${receiver}.${method}`))
    ) {
      const operations = call.arguments[0];
      return operations !== undefined && /train|optim|minimi|update/i.test(outline.textOf(operations))
        ? found("step", 0.8)
        : undefined;
    }
    return undefined;
  },
};

/** `minimize(lambda: …)` steps; `train_op = optimizer.minimize(loss)` of version 1 only builds the operation. */
function inEagerCode(call: { arguments: readonly { type: string }[]; targets: readonly string[] }): boolean {
  return call.arguments[0]?.type === "lambda" || call.targets.length === 0;
}

function found(part: Evidence["part"], weight: number): Evidence {
  return { kind: "training", part, framework: "tensorflow", weight };
}
