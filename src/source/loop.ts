/** The words for loops, as `wattline loops --json` prints them (schema `wattline.loops/1`). */

export type LoopKind = "training" | "evaluation" | "inference";

/**
 * `batch`: an iteration is one step of the model (an optimizer step, a batch evaluated). `epoch`: a loop around such loops.
 * `call`: no loop of this file, but a call that loops inside, as `fit` does.
 */
export type LoopLevel = "epoch" | "batch" | "call";

export type Framework =
  | "pytorch"
  | "accelerate"
  | "transformers"
  | "lightning"
  | "keras"
  | "tensorflow"
  | "jax"
  | "sklearn"
  | "other";

export interface Loop {
  /** Of `for`, `while` or the call, from 1. */
  readonly line: number;
  /** Its last line, inclusive. */
  readonly endLine: number;
  readonly kind: LoopKind;
  readonly level: LoopLevel;
  readonly framework: Framework;
  /** 0 to 1: how likely it is what it is called; 1 where the user said so by a comment. */
  readonly confidence: number;
  /** The calls that tell, at most three, the weightiest first; empty where the user said so. */
  readonly evidence: readonly { readonly line: number; readonly text: string }[];
}

/** Something the user should know of the file beside its loops. */
export interface SourceNote {
  readonly line: number;
  readonly message: string;
}

export interface FoundLoops {
  /** In order of their lines. */
  readonly loops: readonly Loop[];
  readonly notes: readonly SourceNote[];
}

/**
 * Loops that are less likely than this are not reported. Below it lie lone calls that many libraries share, an
 * `optimizer.step()` in a file that imports no framework for one; two such calls together lie above.
 */
export const leastConfidence = 0.35;
