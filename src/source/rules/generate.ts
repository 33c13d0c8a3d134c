import type { Framework } from "../loop";
import { isModelName, passKind } from "./passes";
import type { Evidence, Rule } from "./rule";

/** `model.generate(…)` and pipelines: text or pictures made by a loop inside, often with one of the user's around. */
export const generate: Rule = {
  id: "generate",
  finds: "`model.generate(…)`, and calls of what `transformers.pipeline(…)` gave",
  examine(view, file) {
    const { method, receiver, is, isLocal } = view;
    const found = (framework: Framework, weight: number): Evidence => ({
      kind: passKind(view.call, file),
      part: "stream",
      framework,
      weight,
    });
    if (is(/^transformers\.pipeline\(\)$/)) return found("transformers", 0.95);
    if (method !== "generate" || receiver === "" || isLocal) return undefined;
    const framework = file.imports.uses("transformers") ? "transformers" : "pytorch";
    if (is(/^(transformers|peft|optimum|auto_gptq|awq|unsloth)\.[\w.]+\(\)(\[\w*\])*\.generate$/)) {
      return found("transformers", 0.95);
    }
    const isTorch = file.imports.uses("pytorch") || file.imports.uses("transformers");
    const looksLikeModel = isModelName(receiver) || /\.(unwrap_model|module)(\(\))?$/.test(receiver);
    return isTorch && looksLikeModel ? found(framework, 0.75) : undefined;
  },
};
