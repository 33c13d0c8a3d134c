import type { Evidence, Rule } from "./rule";

const trainer = /^(lightning(\.pytorch)?|pytorch_lightning)(\.trainer)?\.Trainer\(\)\./;
const fabric = /^(lightning(\.fabric|_fabric)?|lightning_fabric|lightning\.fabric)\.Fabric\(\)\./;

/**
 * `Trainer.fit` loops inside. `training_step` and `manual_backward` do not loop: they are found where a loop calls them.
 * With Fabric the loop is the user's own.
 */
export const lightning: Rule = {
  id: "lightning",
  finds:
    "`Trainer.fit`, `validate`, `test`, `predict`, `LightningCLI(…)`; `fabric.backward(loss)`, `self.manual_backward`",
  examine({ method, receiver, is, isLocal }, { imports }) {
    if (is(/\bLightningCLI$/) && !isLocal) return found("training", "whole", 0.9);
    if (isLocal) return undefined;
    if (method === "backward" && (is(fabric) || (imports.uses("lightning") && /fabric$/i.test(receiver)))) {
      return found("training", "gradient", 0.9);
    }
    if (method === "manual_backward") return found("training", "gradient", 0.85);
    const weight = is(trainer) ? 0.98 : imports.uses("lightning") && /trainer$/i.test(receiver) ? 0.75 : 0;
    if (weight === 0) return undefined;
    if (method === "fit") return found("training", "whole", weight);
    if (method === "validate" || method === "test") return found("evaluation", "whole", weight);
    return method === "predict" ? found("inference", "whole", weight) : undefined;
  },
};

function found(kind: Evidence["kind"], part: Evidence["part"], weight: number): Evidence {
  return { kind, part, framework: "lightning", weight };
}
