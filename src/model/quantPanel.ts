/** Words of the quantization panel beside those of the report: map of layers, code to insert, advice beyond weights. */
import type { Format } from "./quantization";

/** Layers by block (down) and projection (across). */
export interface LayerMap {
  /** The format whose penalty is shown: the proposal's, or the nearest one that was scanned. */
  readonly format: Format;
  /** Names of the rows: numbers of blocks, `…` for layers that stand in none. */
  readonly blocks: readonly string[];
  readonly projections: readonly string[];
  readonly cells: readonly LayerCell[];
}

/** One layer, or the experts of one block and projection together: then the worst of them. */
export interface LayerCell {
  readonly block: number;
  readonly projection: number;
  readonly name: string;
  readonly count: number;
  readonly sqnrDb?: number;
  /** Gaussian weights' signal to noise minus the layer's; above 0 it is worse. */
  readonly penaltyDb?: number;
  readonly kurtosis: number;
  readonly maxOverSigma: number;
  readonly flagged: boolean;
  /** What the proposal gives it instead of its own format, and why. */
  readonly override?: { readonly format: Format; readonly reason: string };
}

/** The code that makes a format, with a toolkit that is alive. */
export interface Snippet {
  readonly id: string;
  readonly toolkit: string;
  readonly format: Format;
  readonly language: "python" | "shell";
  /** `pip install …` */
  readonly install: string;
  readonly code: string;
  /** What to know before running it. */
  readonly note: string;
  /** It makes what is proposed. */
  readonly proposed: boolean;
}

/** Something else than quantizing weights that fits the case. */
export interface Advice {
  readonly id: string;
  /** A sentence: what it is and what was claimed for it. */
  readonly text: string;
  /** Why it is said here. */
  readonly because: string;
  readonly citation: string;
}
