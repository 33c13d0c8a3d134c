/**
 * Chains of layers that one kernel could compute, with what the roofline says that would save.
 *
 * A chain as one kernel reads its first input and all weights and writes its last output; what lies between stays on
 * chip. The saving is roofline time apart less roofline time together, where no layer counts for more than the time that
 * was measured. It does not count launches that are spared, nor borders that a tile computes twice. The idea of block
 * fusion is Lavin's (arXiv 2404.03617), the formula ours.
 */
import type { Fusion } from "../../model/gap";
import type { Measured } from "./gapReport";
import { convolutionKind } from "./layerKind";
import { type Limits, rooflineTimeS } from "./split";
import { blockOf } from "./sums";

type Role = "depthwise" | "pointwise" | "norm" | "activation" | "softmax" | "dropout" | "other";

const norms = /(Norm\d?d?|LocalResponseNorm)$/;
const activations =
  /^(ReLU6?|LeakyReLU|PReLU|RReLU|ELU|CELU|SELU|GELU|SiLU|Mish|Softplus|Softsign|Sigmoid|LogSigmoid|Tanh|Hard\w+|\w*GELU\w*|SiLUActivation|Threshold|GLU)$/;

function roleOf({ mean }: Measured): Role {
  const { type } = mean.layer;
  const kind = convolutionKind(mean.layer, mean.inputShape);
  if (kind === "depthwise" || kind === "pointwise") return kind;
  if (norms.test(type)) return "norm";
  if (activations.test(type)) return "activation";
  if (/^Softmax\w*$/.test(type)) return "softmax";
  return /^Dropout/.test(type) ? "dropout" : "other";
}

/** A forward layer of which all is known that a prediction needs. */
interface Link {
  readonly measured: Measured;
  readonly role: Role;
  readonly limits: Limits;
  readonly flops: number;
  readonly bytes: number;
  readonly inputBytes: number;
  readonly outputBytes: number;
  /** Of its calls together. */
  readonly weightBytes: number;
}

/** Savings below this share of the forward's time are no advice. */
const worthSaying = 0.002;
const mostChains = 100;

/** @returns the most saving first */
export function fusionsOf(measured: readonly Measured[]): Fusion[] {
  const forward = measured.filter(({ mean }) => mean.pass === "forward");
  const trains = forward.length < measured.length;
  const forwardS = forward.reduce((sum, { mean }) => sum + mean.timeS, 0);
  const links = forward.map(linkOf);
  return [
    ...chains(links, convolutionChain(trains)).map((chain) => fusionOf("convolutions", chain, trains)),
    ...chains(links, elementwiseChain).map((chain) => fusionOf("elementwise", chain, trains)),
    ...chains(links, attentionChain).map((chain) => fusionOf("attention", chain, trains)),
  ]
    .filter(({ savingS }) => savingS > worthSaying * forwardS)
    .sort((a, b) => b.savingS - a.savingS)
    .slice(0, mostChains);
}

function linkOf(measured: Measured): Link | undefined {
  const { mean, bytes, limits } = measured;
  if (limits.limits === undefined || bytes === undefined) return undefined;
  return {
    measured,
    role: roleOf(measured),
    limits: limits.limits,
    flops: mean.flops ?? 0,
    bytes,
    inputBytes: mean.inputBytes!,
    outputBytes: mean.outputBytes!,
    weightBytes: mean.layer.weightBytes * mean.calls,
  };
}

/** The next layer takes what the last one gave, as far as shapes say. */
function follows(a: Link, b: Link): boolean {
  const given = a.measured.mean.outputShape;
  const taken = b.measured.mean.inputShape;
  return (
    a.measured.mean.calls === b.measured.mean.calls &&
    given.length > 0 &&
    given.length === taken.length &&
    given.every((size, axis) => size === taken[axis])
  );
}

interface Pattern {
  /** Whether a link may be in a chain, after the one before it. */
  readonly takes: (link: Link, before: Link | undefined) => boolean;
  /** Whether what was found is worth a kernel. */
  readonly holds: (chain: readonly Link[]) => boolean;
}

/** Maximal chains of neighbours that a pattern takes. */
function chains(links: readonly (Link | undefined)[], { takes, holds }: Pattern): Link[][] {
  const found: Link[][] = [];
  let chain: Link[] = [];
  const close = () => {
    if (chain.length > 0 && holds(chain)) found.push(chain);
    chain = [];
  };
  for (const link of links) {
    const before = chain.at(-1);
    if (link === undefined || (before !== undefined && !(follows(before, link) && takes(link, before)))) close();
    if (link !== undefined && (chain.length > 0 || takes(link, undefined))) chain.push(link);
  }
  close();
  return found;
}

const isBatchNorm = ({ measured }: Link) => /BatchNorm/.test(measured.mean.layer.type);
const nameOf = ({ measured }: Link) => measured.mean.layer.name;

/**
 * Depthwise and pointwise convolutions of a block, with the norms and activations between. A batch norm that trains
 * needs its whole input before it gives any output, so a chain ends there.
 */
function convolutionChain(trains: boolean): Pattern {
  return {
    takes: (link, before) =>
      ["depthwise", "pointwise", "norm", "activation"].includes(link.role) &&
      !(trains && isBatchNorm(link)) &&
      (before === undefined
        ? link.role === "depthwise" || link.role === "pointwise"
        : blockOf(nameOf(before)) === blockOf(nameOf(link))),
    holds: (chain) => ["depthwise", "pointwise"].every((role) => chain.some((link) => link.role === role)),
  };
}

const elementwiseChain: Pattern = {
  takes: ({ role }) => role === "norm" || role === "activation" || role === "dropout",
  holds: (chain) => chain.length > 1 && chain.some(({ role }) => role === "norm" || role === "activation"),
};

/** The softmax of a matrix of scores, and what follows it elementwise. */
const attentionChain: Pattern = {
  takes: ({ role, measured }, before) =>
    before === undefined ? role === "softmax" && measured.mean.inputShape.length >= 3 : role === "dropout",
  holds: () => true,
};

type ChainKind = Exclude<Fusion["kind"], "optimizer">;

function fusionOf(kind: ChainKind, chain: readonly Link[], trains: boolean): Fusion {
  const first = chain[0]!;
  const last = chain.at(-1)!;
  const flops = total(chain, ({ flops }) => flops);
  const bytesApart = total(chain, ({ bytes }) => bytes);
  const bytes = kind === "attention" ? 0 : fusedBytes(chain, trains);
  const togetherS = rooflineTimeS({ flops, bytes }, first.limits);
  const apartS = total(chain, (link) => Math.min(link.measured.row.timeS, rooflineTimeS(link, link.limits)));
  const { callPath, callLine, path, line } = first.measured.mean.layer;
  const file = callPath ?? path;
  const at = callPath === undefined ? line : callLine;
  const tileBytes = kind === "convolutions" ? tileOf(chain) : undefined;
  return {
    kind,
    layers: chain.map(nameOf),
    timeS: total(chain, ({ measured }) => measured.row.timeS),
    savingS: Math.max(0, apartS - togetherS),
    ...(flops > 0 && bytesApart > 0 && { intensityBefore: flops / bytesApart }),
    ...(flops > 0 && bytes > 0 && { intensityAfter: flops / bytes }),
    ...(tileBytes !== undefined && { tileBytes }),
    advice: adviceFor(kind, chain, trains),
    ...(file !== undefined && { file }),
    ...(at !== undefined && { line: at }),
  };

  /** A batch norm that trains reads its input for the statistics and again to use them. */
  function fusedBytes(all: readonly Link[], training: boolean): number {
    const again = training ? total(all.filter(isBatchNorm), ({ inputBytes }) => inputBytes) : 0;
    return first.inputBytes + total(all, ({ weightBytes }) => weightBytes) + last.outputBytes + again;
  }
}

/** Rows of the widest depthwise convolution that its kernel reaches over: these must be on chip at once. */
function tileOf(chain: readonly Link[]): number | undefined {
  const sizes = chain.flatMap(({ role, inputBytes, measured: { mean } }) => {
    const kernel = mean.layer.attributes.kernel ?? mean.layer.attributes.kernel_size;
    const rows = Array.isArray(kernel) ? Number(kernel[0]) : Number(kernel);
    const [batch, channels, height] = mean.inputShape;
    const known = role === "depthwise" && mean.inputShape.length === 4 && rows > 0 && batch! * channels! * height! > 0;
    return known ? [(inputBytes / mean.calls / (batch! * height!)) * Math.min(rows, height!)] : [];
  });
  return sizes.length > 0 ? Math.max(...sizes) : undefined;
}

function adviceFor(kind: ChainKind, chain: readonly Link[], trains: boolean): string {
  switch (kind) {
    case "convolutions":
      return (
        "A kernel for the whole block keeps what lies between its layers on chip. `torch.compile(model)` fuses the norms " +
        "and activations into their neighbours and leaves the convolutions apart; " +
        "`model.to(memory_format=torch.channels_last)` makes what they move contiguous."
      );
    case "elementwise":
      return !trains && chain.some(isBatchNorm)
        ? "`torch.compile(model)` computes these in one pass; a batch norm in inference folds into the convolution before it."
        : "`torch.compile(model)` computes these in one pass over memory.";
    case "attention":
      return (
        "`torch.nn.functional.scaled_dot_product_attention` never writes the matrix of scores; the products before and " +
        "after it then save as much again."
      );
  }
}

function total(links: readonly Link[], of: (link: Link) => number): number {
  return links.reduce((sum, link) => sum + of(link), 0);
}
