import { isForeign } from "./imports";
import type { CallView, Evidence, Rule, SourceFile } from "./rule";

/**
 * `loss.backward()` and `optimizer.step()`, the two calls that every PyTorch loop reaches somewhere. Either may be the only
 * one in sight (the other in another file), so each is evidence of its own; both together leave little doubt.
 *
 * Weights without PyTorch in the imports are halved: then the file is a part of a larger program, or another library.
 */
export const pytorch: Rule = {
  id: "pytorch",
  finds:
    "`loss.backward()`, `torch.autograd.backward`, `optimizer.step()`, `scaler.step(optimizer)`, DeepSpeed engines",
  examine(view, file) {
    return gradient(view, file) ?? update(view, file) ?? hint(view, file);
  },
};

const optimizerClasses =
  /^(torch\.optim\.(?!lr_scheduler)[\w.]+|torch\.distributed\.optim\.\w+|bitsandbytes\.optim\.\w+|apex\.optimizers\.\w+|transformers\.(AdamW|Adafactor)|timm\.optim\.\w+|torch_optimizer\.\w+|deepspeed\.ops\.\w+\.\w+|lion_pytorch\.\w+|schedulefree\.\w+)\(\)(\[\w*\])*\.step$/;

const lossName =
  /(^|[._])(loss|losses|cost|err|error|objective|criterion|nll|elbo|l)s?\d*(_\w+|[A-Z]\w*)?$|[lL]oss|err[A-Z]|_l$|energy/;
const optimizerName =
  /optim|^opts?(_|\d|\[|[A-Z]|$)|[._]opts?(_|\d|\[|$)|(^|[._])opt[A-Z]|adam|sgd|lbfgs|[a-z]_opt\b|solver/i;

function gradient({ method, receiver, is, isLocal }: CallView, { imports }: SourceFile): Evidence | undefined {
  if (is(/^torch\.autograd\.(backward|grad)$/)) return evidence("gradient", 0.6, imports);
  if (method !== "backward" || receiver === "" || isLocal || /^super\(\)/.test(receiver)) return undefined;
  if (
    /(^|\.)(ctx|robot|browser|driver|car|turtle|player|tokenizer)$/.test(receiver) ||
    is(/^(?!torch\b)@?\w+.*\bnn\.Function/)
  ) {
    return undefined;
  }
  const last = receiver.replace(/(\.\w+)?\(\)$/, (call) => (call === "()" ? "" : call));
  const looksLikeLoss = lossName.test(receiver.split("(")[0]!) || lossName.test(last) || /\(\)$/.test(receiver);
  return evidence("gradient", looksLikeLoss ? 0.75 : 0.5, imports);
}

function update(view: CallView, { imports }: SourceFile): Evidence | undefined {
  const { method, receiver, names, call, is, isLocal } = view;
  if (is(/^deepspeed\.initialize\(\)\[0\]\.(step|train_batch)$/)) return { ...evidence("update", 0.85, imports) };
  if (is(/^torch\.distributed\.pipelining\.\w*Schedule\w*\(\)\.step$/)) return evidence("step", 0.8, imports);
  if (method !== "step" || receiver === "") return undefined;
  if (is(optimizerClasses)) return evidence("update", 0.8, imports);
  if (is(/GradScaler\(\)\.step$/)) return evidence("update", 0.8, imports);
  if (
    is(/lr_scheduler|[sS]cheduler/) ||
    /sched|(^|[._])(lr|env|envs|sim|world|game|progress|profiler|prof|bar|timer|debugger)\b/i.test(receiver)
  ) {
    return undefined;
  }
  if (isLocal || names.some(isForeign)) return undefined;
  if (/scaler/i.test(receiver) && call.arguments.length > 0) return evidence("update", 0.7, imports);
  if (optimizerName.test(receiver)) return evidence("update", 0.6, imports);
  // `model_engine.step()`: DeepSpeed's engine is its own optimizer.
  return /engine/.test(receiver) && imports.uses("pytorch") ? evidence("update", 0.5, imports) : undefined;
}

function hint({ method, receiver, isLocal }: CallView, { imports }: SourceFile): Evidence | undefined {
  const clears = method === "zero_grad" && receiver !== "" && !isLocal;
  const clips = /^clip_grad_(norm|value)_?$/.test(method);
  return clears || clips ? evidence("hint", 0.2, imports) : undefined;
}

function evidence(part: Evidence["part"], weight: number, imports: SourceFile["imports"]): Evidence {
  const framework = !imports.uses("pytorch") && imports.uses("other") ? "other" : "pytorch";
  const isCertain = imports.uses("pytorch") || imports.uses("transformers") || imports.uses("other");
  return { kind: "training", part, framework, weight: isCertain ? weight : weight / 2 };
}
