import { child } from "../node";
import { type Call, regionsAround } from "../outline";
import { isModelName, isModelOrigin, passKind, withoutLearning } from "./passes";
import type { Evidence, Rule, SourceFile } from "./rule";

/**
 * A model called where it cannot learn: under `torch.no_grad()` or `inference_mode()`, after `model.eval()`, with
 * `training=False`, or in a loop over `val_loader` by somebody who forgot all of these.
 */
export const forward: Rule = {
  id: "forward",
  finds: "a model called under `torch.no_grad()`, `inference_mode()`, after `model.eval()`, with `training=False`",
  examine(view, file) {
    const { call, path, method, receiver, names, is } = view;
    const isModel =
      names.some(isModelOrigin) ||
      (!view.isLocal && isModelName(path) && !/^[A-Z]\w+$/.test(path)) ||
      (/^(forward|predict|sample|act|get_action\w*|encode|decode)$/.test(method) &&
        (isModelName(receiver) || is(/^torch\.nn\.Module\(\)\.\w+$/)));
    if (!isModel || /^(super\(\)|[A-Z]\w*$)/.test(path)) return undefined;
    const { imports } = file;
    const found = (weight: number, framework: Evidence["framework"]): Evidence => ({
      kind: passKind(call, file),
      part: "pass",
      framework,
      weight,
    });
    const training = call.keywords.get("training") ?? call.keywords.get("train") ?? call.keywords.get("is_training");
    if (training !== undefined && file.outline.textOf(training) === "False") {
      return found(0.7, imports.uses("jax") ? "jax" : imports.uses("tensorflow") ? "tensorflow" : imports.main);
    }
    if (!imports.uses("pytorch") && !imports.uses("transformers")) {
      const why = withoutLearning(call, file);
      return why === undefined
        ? undefined
        : found(why === "no-grad" ? 0.6 : 0.4, imports.uses("other") ? "other" : "pytorch");
    }
    const framework = imports.uses("accelerate") ? "accelerate" : "pytorch";
    const why = withoutLearning(call, file);
    if (why !== undefined) return found(why === "no-grad" ? 0.85 : 0.65, framework);
    return isOverHeldOutData(call, file) ? found(0.4, framework) : undefined;
  },
};

const heldOut = /(^|[^a-z])(val|valid|validation|test|eval|dev)(_|\.|-)?(data)?_?(loader|dl|iter|set|ds|batches)/i;

function isOverHeldOutData(call: Call, { outline }: SourceFile): boolean {
  const loop = [...regionsAround(call.region)].find(({ kind }) => kind === "loop")?.loop;
  const iterated = loop === undefined ? undefined : child(loop, "right");
  return iterated !== undefined && heldOut.test(outline.textOf(iterated));
}
