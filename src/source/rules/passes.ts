/** What rules for evaluation and inference share: is this a model, does it learn here, and what are its answers for. */
import type { PyNode } from "../node";
import { type Call, type Outline, type Region, regionsAround, type Scope } from "../outline";
import type { SourceFile } from "./rule";

const modelName =
  /(^|[._])(\w*_)?(model|net|network|module|encoder|decoder|generator|discriminator|critic|actor|policy|backbone|classifier|unet|vae|llm|teacher|student|lm|gpt|bert|resnet|vit|transformer|ema|mlp|cnn|rnn|lstm|gan|agent|predictor|detector)s?(_\w+|\d+)?(\[\])?(\(\))?$|(^|[._])(net|model)[A-Z]\w*$|[a-z](Net|Model|Network)$|(^|\.)(G|D)(_[A-Z]\w*)?$/;

/** Names with `model` in them that are no models: what lies around one, and functions that make, load or save one. */
const beside =
  /(tokenizer|scheduler|optimizer|criterion|loader|dataset|config|args)s?$|_(load|save|init|build|create|make|setup|register|update|dict|names?|path|type|class|size|params|kwargs|state|info|summary)(_\w+)?$/i;

/** `model`, `self.net`, `netG`, `model_ema`: judged by its last word. */
export function isModelName(path: string): boolean {
  return modelName.test(path) && !beside.test(path);
}

/** What `from_pretrained` gives and is no model. */
const loadedBeside = /(Tokenizer\w*|Processor|Config|FeatureExtractor)\b/;

/** An instance of an `nn.Module` (the file's own, a library's) or of something loaded by `from_pretrained`. */
const modelOrigin =
  /^(torch\.nn\.(?!functional)[\w.]+\(\)|torchvision\.models\.[\w.]+\(\)|timm\.create_model\(\)|torch\.hub\.load\(\)|torch\.jit\.load\(\)|torch\.load\(\)|[\w.]+\.from_pretrained\(\)|lightning(\.pytorch)?\.LightningModule\(\)|pytorch_lightning\.LightningModule\(\)|transformers\.[\w.]+\(\)|segmentation_models_pytorch\.\w+\(\))(\[\])?$/;

export function isModelOrigin(name: string): boolean {
  return modelOrigin.test(name) && !loadedBeside.test(name);
}

const measuring =
  /(loss|criterion|accura|metric|correct|label|bleu|rouge|perplexity|ppl\b|recall|precision|\bf1|confusion|eval|valid|(^|_)val(_|$)|(^|_)test(_|$)|ground_?truth|\bgt\b)/i;

/** Running a model to measure it is evaluation; running it for its answers is inference. Told by the words around. */
export function passKind(call: Call, { outline }: Pick<SourceFile, "outline">): "evaluation" | "inference" {
  const { scope } = call.region;
  if (/(^|_)(eval\w*|valid\w*|val|test\w*|score|measure|accuracy|estimate_loss)(_|$)/i.test(scope.name))
    return "evaluation";
  const loop = [...regionsAround(call.region)].find(({ kind }) => kind === "loop")?.loop ?? call.node;
  let known = measures.get(loop);
  if (known === undefined) measures.set(loop, (known = hasMeasuringWords(outline.textOf(loop))));
  return known ? "evaluation" : "inference";
}

/** By loop, for a loop may hold many calls; nodes belong to one tree, so nothing outlives it. */
const measures = new WeakMap<PyNode, boolean>();

function hasMeasuringWords(loop: string): boolean {
  const text = loop.slice(0, 20_000).replace(/#.*|\.eval\(\)|"[^"\n]*"|'[^'\n]*'/g, "");
  return (text.match(/[A-Za-z_]\w*/g) ?? []).some((word) => measuring.test(word));
}

/** Why the model does not learn here: gradients are off, or it was switched to `eval()`; undefined where it may learn. */
export function withoutLearning(call: Call, file: SourceFile): "no-grad" | "eval" | undefined {
  for (const region of regionsAround(call.region)) {
    if (region.managers.some((manager) => isNoGrad(manager, region, file))) return "no-grad";
  }
  for (let scope: Call["region"]["scope"] | undefined = call.region.scope; scope !== undefined; scope = scope.parent) {
    if (scope.decorators.some((decorator) => isNoGrad(decorator, call.region, file))) return "no-grad";
  }
  return lastMode(call, file) === "eval" ? "eval" : undefined;
}

function isNoGrad(node: PyNode, region: Region, { names, outline }: SourceFile): boolean {
  return names.of(node, region.scope).some((name) => {
    const path = name.replace(/\(\)$/, "");
    if (/(^|\.)(no_grad|inference_mode)$/.test(path)) return !/\(\s*(mode\s*=\s*)?False/.test(outline.textOf(node));
    return /(^|\.)set_grad_enabled$/.test(path) && /\(\s*(mode\s*=\s*)?False/.test(outline.textOf(node));
  });
}

/** Which of `model.eval()` and `model.train()` was called last before this call, in the same function. */
function lastMode(call: Call, { outline }: SourceFile): "eval" | "train" | undefined {
  const { scope } = call.region;
  let known = switches.get(scope);
  if (known === undefined) switches.set(scope, (known = switchesIn(scope, outline)));
  return known.findLast(({ at }) => at < call.node.start)?.mode;
}

interface Switch {
  readonly at: number;
  readonly mode: "eval" | "train";
}

/** By function, in order; belongs to one outline, as `measures` to one tree. */
const switches = new WeakMap<Scope, Switch[]>();

function switchesIn(scope: Scope, outline: Outline): Switch[] {
  const found: Switch[] = [];
  const visit = (region: Region): void => {
    for (const call of region.calls) {
      const method = /\.(eval|train)$/.exec(call.path)?.[1];
      if (method === undefined || !isModelName(call.path.slice(0, -method.length - 1))) continue;
      const isOff = call.arguments[0] !== undefined && outline.textOf(call.arguments[0]) === "False";
      found.push({ at: call.node.start, mode: method === "eval" || isOff ? "eval" : "train" });
    }
    region.regions.forEach(visit);
  };
  visit(scope.body);
  return found.sort((a, b) => a.at - b.at);
}
