import type { Framework } from "../loop";
import type { Evidence, Rule } from "./rule";

const trainStep =
  /^_?(do_|p_|p|pmap_|jit_|jitted_|compiled_|parallel_)?(train|training|update|optimi[sz]e|learn|sgd|grad(ient)?|gd)_?(model|one|single|policy|network|critic|actor|agent)?_?(step|batch|iter|iteration|minibatch)(_fn|_jit|_pmap)?$|^(train|update)(Step|Batch)$|^(step|update)_(model|fn|params|weights|policy)$|^fit_batch$/;
const evaluationStep =
  /^_?(do_|p_|p|pmap_|jit_)?(eval|evaluation|valid|validation|val|test)_?(one_?)?(step|batch|iter)(_fn)?$|^(test|eval|validation)(Step|Batch)$/;
const predictionStep = /^_?(predict|inference|infer|generate|sample)_?(step|batch)(_fn)?$/;
const oneEpoch = /^_?(do_)?(train|run|fit)_?(one_?|single_?|an_?)?(epoch)(_\w+)?$|^(train)(One)?Epoch$|^train_loop$/;

/**
 * How much of a name's weight stays when the file defines the function and nothing in it tells: training would show, by its
 * gradients; a pass through the model (`state.apply_fn(…)`) often does not.
 */
const unexplained = { training: 0.55, evaluation: 0.85, inference: 0.85 } as const;

/**
 * Step functions by their names: `state = train_step(state, batch)` from another file, or too opaque to follow. Weak on
 * their own; where the same file defines the function, what it does counts instead, and more.
 */
export const steps: Rule = {
  id: "steps",
  finds:
    "`train_step(…)`, `update_step(…)`, `eval_step(…)`, `train_one_epoch(…)`, `state = step(state, batch)` under JAX",
  examine({ call, path, method, receiver, names, isLocal }, { imports, outline }) {
    if (/(^|\.)(env|envs|environment|sim|world|game|scheduler|bar|progress)\w*$/.test(receiver) || /^super/.test(path))
      return undefined;
    const framework: Framework = imports.uses("jax") ? "jax" : imports.uses("tensorflow") ? "tensorflow" : imports.main;
    // The Trainer's own vocabulary: it calls these, a loop that does is something else.
    if (imports.uses("lightning") && /^(training|validation|test|predict)_step$/.test(method)) return undefined;
    const isJitted = names.some((name) => /^(jax\.(jit|pmap)|tensorflow\.function)\(\)$/.test(name));
    const known = framework === "other" ? 0.75 : 1;
    const found = (kind: Evidence["kind"], part: Evidence["part"], weight: number): Evidence => ({
      kind,
      part,
      framework,
      weight: weight * known * (isLocal && !isJitted ? unexplained[kind] : 1),
    });
    if (trainStep.test(method)) return found("training", "step", 0.7);
    if (evaluationStep.test(method)) return found("evaluation", "pass", 0.75);
    if (predictionStep.test(method)) return found("inference", "pass", 0.6);
    if (oneEpoch.test(method)) return found("training", "whole", 0.7);
    const carriesState = call.arguments.some((argument) => call.targets.includes(outline.textOf(argument)));
    if (
      imports.uses("jax") &&
      carriesState &&
      /^(\w+_)?(step|update)(_fn)?$/.test(method) &&
      (receiver === "" || isJitted)
    ) {
      return found("training", "step", imports.learnsWithJax ? 0.7 : 0.45);
    }
    return undefined;
  },
};
