import type { Rule } from "./rule";

/** `accelerator.backward(loss)` stands where PyTorch has `loss.backward()`; the optimizer's step is PyTorch's. */
export const accelerate: Rule = {
  id: "accelerate",
  finds: "`accelerator.backward(loss)` of Hugging Face Accelerate",
  examine({ method, receiver, is }, { imports }) {
    if (method !== "backward" || receiver === "") return undefined;
    if (is(/^accelerate\.Accelerator\(\)\.backward$/)) return found(0.9);
    if (/accelerator$/i.test(receiver)) return found(imports.uses("accelerate") ? 0.85 : 0.6);
    return undefined;
  },
};

function found(weight: number) {
  return { kind: "training", part: "gradient", framework: "accelerate", weight } as const;
}
