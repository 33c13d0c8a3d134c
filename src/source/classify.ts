/**
 * From evidence to loops: which loops train, evaluate or infer, and which of two nested ones is the batch's.
 *
 * An iteration of a batch loop takes a step of its own. A loop that only contains such loops is an epoch loop. Loops that
 * do half a step inside one that does the other half (gradient accumulation, a loop over optimizers) belong to it.
 */
import type { EvidenceFinder, Found } from "./evidence";
import type { Framework, LoopKind, LoopLevel } from "./loop";
import { child, type PyNode } from "./node";
import { type Call, type Region, regionsAround } from "./outline";
import type { Part } from "./rules/rule";

export interface Verdict {
  readonly kind: LoopKind;
  readonly level: LoopLevel;
  readonly framework: Framework;
  readonly confidence: number;
  readonly found: readonly Found[];
}

interface Judged {
  readonly region: Region;
  readonly verdict: Verdict | undefined;
}

/** A loop around loops that does not say that it counts epochs: folds, seeds, phases, prompts. */
const unnamedOuter = { training: 0.9, evaluation: 0.5, inference: 0.7 } as const;
/** A loop around an epoch loop that does not either. */
const unnamedOutermost = 0.5;

/** Loops in functions in loops in functions …: bounds the recursion. */
const deepestNesting = 60;
/** `for phase in ["train", "val"]` between `for epoch …` and `for batch …`. */
const betweenEpochAndBatch = 0.6;

export class Classifier {
  private readonly judged = new Map<Region, Judged>();
  /** Loops that are a part of the iteration of a loop around them. */
  private readonly absorbed = new Set<Region>();
  private readonly open = new Set<Region>();

  constructor(private readonly finder: EvidenceFinder) {}

  /** Every loop of the file that is something, absorbed ones left out. */
  verdicts(): Map<Region, Verdict> {
    const { loops } = this.finder.outline;
    for (const region of loops) this.judge(region);
    const verdicts = new Map<Region, Verdict>();
    for (const region of loops) {
      const verdict = this.judged.get(region)?.verdict;
      if (verdict !== undefined && !this.absorbed.has(region)) verdicts.set(region, verdict);
    }
    for (const [region, verdict] of verdicts) {
      if (verdict.level !== "epoch" || this.namesEpochs(region) || !this.isInEpochs(region, verdicts)) continue;
      verdicts.set(region, { ...verdict, confidence: verdict.confidence * betweenEpochAndBatch });
    }
    return verdicts;
  }

  /** Whether a loop around this one is the epoch loop by its own words. */
  private isInEpochs(region: Region, verdicts: ReadonlyMap<Region, Verdict>): boolean {
    return [...regionsAround(region)].some(
      (outer) => outer !== region && this.namesEpochs(outer) && verdicts.get(outer)?.level === "epoch",
    );
  }

  private judge(region: Region): Judged {
    const before = this.judged.get(region);
    if (before !== undefined) return before;
    if (this.open.has(region) || this.open.size > deepestNesting) return { region, verdict: undefined };
    this.open.add(region);
    const { found, loops } = this.finder.inRegion(region);
    const inner = [...new Set(loops)].map((loop) => this.judge(loop));
    const judged = { region, verdict: this.decide(region, [...found, ...this.streamed(region)], inner) };
    this.open.delete(region);
    this.judged.set(region, judged);
    return judged;
  }

  /** `for text in pipe(data)`: the call of the header runs on through the loop. */
  private streamed(region: Region): Found[] {
    const header = region.loop === undefined ? undefined : child(region.loop, "right");
    if (header === undefined) return [];
    return callsUnder(header, this.finder).flatMap((call) => {
      const evidence = this.finder.examine(call);
      return evidence?.part === "stream" ? [{ ...evidence, call }] : [];
    });
  }

  private decide(region: Region, found: readonly Found[], inner: readonly Judged[]): Verdict | undefined {
    return this.training(region, found, inner) ?? this.passing(region, found, inner);
  }

  private training(region: Region, found: readonly Found[], inner: readonly Judged[]): Verdict | undefined {
    const own = found.filter(({ kind, part }) => kind === "training" && part !== "whole" && part !== "stream");
    const loops = inner.filter(({ verdict }) => verdict?.kind === "training");
    const all = this.absorb(region, own, loops);
    const rest = loops.filter((loop) => !this.absorbed.has(loop.region));
    const steps = all.some(({ part }) => part !== "hint");
    if (steps && (rest.length === 0 || isComplete(all))) return this.verdict("training", "batch", all, 1);
    if (rest.length > 0) return this.epoch(region, "training", rest);
    const whole = found.filter(({ kind, part }) => kind === "training" && part === "whole");
    if (whole.length === 0 || !this.countsEpochs(region, whole)) return undefined;
    return this.verdict("training", "epoch", whole, 0.95);
  }

  /** Takes loops in that do the half of a step that this one lacks. Returns the evidence with theirs. */
  private absorb(region: Region, own: readonly Found[], loops: readonly Judged[]): readonly Found[] {
    const halves = loops.filter(({ verdict }) => verdict?.level === "batch" && !isComplete(verdict.found));
    const has = (found: readonly Found[], part: Part) => found.some((each) => each.part === part);
    const together = [...own, ...halves.flatMap(({ verdict }) => verdict!.found)];
    if (halves.length === 0 || isComplete(own) || !isComplete(together)) return own;
    // An epoch loop that steps after a loop over all batches: those are batches all the same.
    const overBatches = (loop: Judged) => has(loop.verdict!.found, "gradient") && this.namesEpochs(region);
    const taken = halves.filter((loop) => !overBatches(loop));
    for (const { region } of taken) this.absorbed.add(region);
    return taken.length === 0 ? [] : [...own, ...taken.flatMap(({ verdict }) => verdict!.found)];
  }

  private passing(region: Region, found: readonly Found[], inner: readonly Judged[]): Verdict | undefined {
    const passes = found.filter(({ kind, part }) => kind !== "training" && (part === "pass" || part === "stream"));
    const weightOf = (kind: LoopKind) =>
      Math.max(0, ...passes.filter((each) => each.kind === kind).map(({ weight }) => weight));
    if (passes.length > 0) {
      const kind = weightOf("evaluation") >= weightOf("inference") ? "evaluation" : "inference";
      const same = passes.filter((each) => each.kind === kind);
      return this.verdict(kind, "batch", same, 1);
    }
    const loops = inner.filter(({ verdict }) => verdict !== undefined && verdict.kind !== "training");
    const kind = loops[0]?.verdict?.kind;
    return kind === undefined
      ? undefined
      : this.epoch(
          region,
          kind,
          loops.filter(({ verdict }) => verdict?.kind === kind),
        );
  }

  private epoch(region: Region, kind: LoopKind, loops: readonly Judged[]): Verdict {
    const verdicts = loops.map(({ verdict }) => verdict!);
    const best = verdicts.reduce((a, b) => (b.confidence > a.confidence ? b : a));
    const isOutermost = verdicts.every(({ level }) => level === "epoch");
    const certainty = this.namesEpochs(region) ? 1 : unnamedOuter[kind] * (isOutermost ? unnamedOutermost : 1);
    return { ...best, kind, level: "epoch", confidence: best.confidence * certainty };
  }

  private verdict(kind: LoopKind, level: LoopLevel, found: readonly Found[], certainty: number): Verdict {
    return { kind, level, framework: frameworkOf(found), confidence: combined(found) * certainty, found };
  }

  private namesEpochs(region: Region): boolean {
    return region.loop !== undefined && /epoch/i.test(this.header(region.loop));
  }

  private countsEpochs(region: Region, whole: readonly Found[]): boolean {
    const runsOne = ({ call }: Found) =>
      ["epochs", "max_epochs", "nb_epoch"].some((name) => {
        const value = call.keywords.get(name);
        return value !== undefined && this.finder.outline.textOf(value) === "1";
      });
    return this.namesEpochs(region) || whole.some((each) => runsOne(each) || /epoch/i.test(each.call.path));
  }

  private header(loop: NonNullable<Region["loop"]>): string {
    const body = child(loop, "body");
    return this.finder.outline.tree.text.slice(loop.start, body?.start ?? loop.end).replace(/#.*/g, "");
  }
}

/** Whether a step is whole: gradients and their use. */
function isComplete(found: readonly Found[]): boolean {
  const parts = new Set(found.map(({ part }) => part));
  return parts.has("step") || (parts.has("gradient") && parts.has("update"));
}

/** Different parts are taken as independent witnesses; of several calls for one part the best counts. */
export function combined(found: readonly Found[]): number {
  const best = new Map<Part, number>();
  for (const { part, weight } of found) best.set(part, Math.max(best.get(part) ?? 0, weight));
  return 1 - [...best.values()].reduce((doubt, weight) => doubt * (1 - weight), 1);
}

/** The gradient's framework, for `optimizer.step()` is PyTorch's under Accelerate too; else the weightiest call's. */
function frameworkOf(found: readonly Found[]): Framework {
  const rank = ({ part, framework, weight }: Found) =>
    (part === "gradient" ? 2 : part === "hint" ? 0 : 1) + weight / 2 + (framework === "pytorch" ? 0 : 0.3);
  return found.reduce((best, each) => (rank(each) > rank(best) ? each : best)).framework;
}

/** Calls that loop inside and are not already the body of a loop that is reported. */
export function callVerdicts(
  finder: EvidenceFinder,
  loops: ReadonlyMap<Region, Verdict>,
  least: number,
): Map<Call, Verdict> {
  const verdicts = new Map<Call, Verdict>();
  const headers = new Set(
    [...loops].flatMap(([{ parent }, { found }]) =>
      found.map(({ call }) => call).filter(({ region }) => region === parent),
    ),
  );
  for (const call of finder.outline.calls) {
    const evidence = finder.examine(call);
    if (evidence === undefined || (evidence.part !== "whole" && evidence.part !== "stream")) continue;
    if (evidence.part === "stream" && (headers.has(call) || isInside(call, loops, least))) continue;
    // A function of this file that loops is reported by its loops; one that has none is known by its name only.
    if (call.path !== "" && /epoch/i.test(call.path)) continue;
    verdicts.set(call, {
      kind: evidence.kind,
      level: "call",
      framework: evidence.framework,
      confidence: evidence.weight,
      found: [{ ...evidence, call }],
    });
  }
  return verdicts;
}

function isInside(call: Call, loops: ReadonlyMap<Region, Verdict>, least: number): boolean {
  return [...regionsAround(call.region)].some((region) => (loops.get(region)?.confidence ?? 0) >= least);
}

/** `pipe(…)` of `for text in pipe(…)`, `enumerate(pipe(…))` and the like. */
function callsUnder(header: PyNode, finder: EvidenceFinder): Call[] {
  const calls: Call[] = [];
  for (let node: PyNode | undefined = header; node?.type === "call"; node = child(node, "arguments")?.children[0]) {
    const call = finder.callAt(node);
    if (call !== undefined) calls.push(call);
  }
  return calls;
}
