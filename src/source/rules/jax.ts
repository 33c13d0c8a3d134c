import type { Evidence, Rule } from "./rule";

/** What `jax.grad(f)` gives is a function; calling that is what computes gradients. */
const gradients =
  /^(jax|equinox|flax\.nnx|haiku|objax|optax|brax\.training\.gradients|mlx\.nn|mlx\.core|autograd)\.(\w+\.)?(filter_)?(value_and_)?(grad|jacrev|jacfwd|gradient_update_fn|value_and_grad_from_state)\(\)(\[\])*$/;
const updates =
  /^(optax\.(apply_updates|[\w.]+\(\)\.update)|equinox\.apply_updates|flax\.nnx\.Optimizer\(\)\.update|flax\.training\.train_state\.\w+(\.create)?\(\)\.apply_gradients|mlx\.optimizers\.\w+\(\)\.update)$/;
const scans = /^jax\.lax\.(scan|fori_loop|while_loop|map)$/;

/** JAX, with flax, optax, equinox, haiku; and MLX, which has the same manner. */
export const jax: Rule = {
  id: "jax",
  finds:
    "functions made by `jax.grad`/`value_and_grad`, `optax.apply_updates`, `state.apply_gradients`, `lax.scan(train_step, …)`",
  examine({ call, method, receiver, is }, file) {
    const framework = file.imports.uses("jax") ? "jax" : "other";
    const found = (part: Evidence["part"], weight: number): Evidence => ({ kind: "training", part, framework, weight });
    if (is(gradients)) return found("gradient", 0.8);
    if (is(updates)) return found("update", 0.85);
    if (is(scans))
      return call.arguments.some((argument) => file.trains(argument, call)) ? found("whole", 0.85) : undefined;
    if (framework !== "jax") return undefined;
    if (method === "apply_gradients") return found("update", 0.8);
    if (
      /^(value_and_)?grad(_fn|s_fn|_func)?$|^loss_and_grad|^(value_and_grad|grad)_fn$|_grad_fn$/.test(method) &&
      call.targets.length > 0
    ) {
      return found("gradient", receiver === "jax" ? 0 : 0.6);
    }
    if (method === "update" && /optim|(^|[._])(opt|tx)$/.test(receiver) && call.arguments.length >= 2)
      return found("update", 0.7);
    return undefined;
  },
};
