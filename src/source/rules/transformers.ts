import type { Evidence, Rule } from "./rule";

const trainer = /^(transformers|trl|setfit|optimum|sentence_transformers|unsloth)(\.[\w.]+)?\.\w*Trainer\w*\(\)\./;

/** The Trainers of Hugging Face (`transformers`, `trl`, `setfit`, `sentence_transformers`) and what derives from them. */
export const transformersTrainer: Rule = {
  id: "transformers-trainer",
  finds: "`Trainer(…).train()`, `evaluate()`, `predict()` of transformers, trl, setfit, sentence-transformers",
  examine({ method, receiver, is, isLocal }, { imports }) {
    if (isLocal || !/^(train|evaluate|predict)$/.test(method)) return undefined;
    const guess = imports.uses("transformers") && !imports.uses("lightning") && /trainer(\(\))?$/i.test(receiver);
    const weight = is(trainer) ? 0.98 : guess ? 0.75 : 0;
    if (weight === 0) return undefined;
    const kind = ({ train: "training", evaluate: "evaluation", predict: "inference" } as const)[
      method as "train" | "evaluate" | "predict"
    ];
    return { kind, part: "whole", framework: "transformers", weight } satisfies Evidence;
  },
};
