import type { Framework, LoopKind } from "../loop";
import type { Names } from "../names";
import type { Call, Outline } from "../outline";
import type { Imports } from "./imports";

/**
 * Which part of an iteration a call does.
 *
 * - `gradient`, `update`: the two halves of a training step; `step`: both at once (`train_on_batch`).
 * - `hint`: goes with training and proves nothing alone (`zero_grad`).
 * - `pass`: the model runs without learning.
 * - `whole`: it loops inside (`fit`); a loop around it is none of ours unless it counts epochs.
 * - `stream`: it loops inside (`generate`), and a loop around it is one as well.
 */
export type Part = "gradient" | "update" | "step" | "hint" | "pass" | "whole" | "stream";

export interface Evidence {
  readonly kind: LoopKind;
  readonly part: Part;
  readonly framework: Framework;
  /** 0 to 1: the share of such calls, seen alone, that mean it. Different parts are combined as independent. */
  readonly weight: number;
}

/** What a rule may look at. */
export interface SourceFile {
  readonly outline: Outline;
  readonly names: Names;
  readonly imports: Imports;
  /** Whether a call to a function given by reference (`lax.scan(step, …)`) would train. */
  trains(argument: Call["arguments"][number], call: Call): boolean;
}

/** One file in this folder and one line in index.ts. */
export interface Rule {
  readonly id: string;
  /** What it finds, for docs/loops.md. */
  readonly finds: string;
  /** @returns undefined where the call says nothing to this rule; the next is asked then */
  examine(call: CallView, file: SourceFile): Evidence | undefined;
}

/** A call with what every rule asks of it. */
export interface CallView {
  readonly call: Call;
  /** As written: `scaler.scale().step`. */
  readonly path: string;
  /** The last word of the path: `step`. */
  readonly method: string;
  /** The path before it: `scaler.scale()`; empty for a plain function. */
  readonly receiver: string;
  /** What it may be, see names.ts: `torch.optim.AdamW().step`. */
  readonly names: readonly string[];
  /** Whether the file itself defines what is called. */
  readonly isLocal: boolean;
  is(pattern: RegExp): boolean;
}
