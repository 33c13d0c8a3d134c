/**
 * Where a run's joules bought nothing: the answer of `wattline bloat RUN` (schema `wattline.waste/1`). Words as in
 * docs/bloat.md. Times in s, energies in J.
 */
import type { RunState } from "./manifest";

export const wasteSchemaName = "wattline.waste/1";

/**
 * - `useful`: what the run was for;
 * - `intrinsic`: spent inside of an iteration without making it any faster;
 * - `extrinsic`: spent in waiting for a slower rank;
 * - `outside`: spent outside of the training loop.
 */
export const wasteKinds = ["useful", "intrinsic", "extrinsic", "outside"] as const;
export type WasteKind = (typeof wasteKinds)[number];

/**
 * Why: of useful work the phase; of the others what was waited for, or what the program did instead.
 * `clocks`: clocks that bought no time; needs runs at several clocks. `stall`: single iterations that took far longer.
 */
export const wasteCauses = [
  "forward",
  "backward",
  "optimizer",
  "work",
  "data",
  "host",
  "communication",
  "bubble",
  "clocks",
  "stall",
  "straggler",
  "start-up",
  "evaluation",
  "between",
  "tail",
] as const;
export type WasteCause = (typeof wasteCauses)[number];

/** `wattline bloat RUN --json`. The parts add up to `energyJ`; no joule is in two of them. */
export interface WasteReport {
  readonly schema: typeof wasteSchemaName;
  readonly run: WasteRun;
  readonly energyJ: number;
  readonly standardErrorJ?: number;
  /** By kind in the order of `wasteKinds`, the largest of a kind first. */
  readonly parts: readonly WastePart[];
  /** Who is waited for, the costliest first. */
  readonly stragglers: readonly Straggler[];
  /** How the ranks' waiting was spread over the run; absent for one rank. */
  readonly waiting?: RankWaiting;
  /** What could not be told, and what would tell it: sentences. */
  readonly notes: readonly string[];
}

export interface WasteRun {
  readonly id: string;
  /** Of the run folder. */
  readonly path: string;
  readonly state: RunState;
  readonly durationS: number;
  /** Of the main loop. */
  readonly iterations: number;
  /** How many ranks were traced; 1 where ranks are not known. */
  readonly ranks: number;
}

export interface WastePart {
  /** Unique in the report: the cause, `straggler-2` (rank 2 is waited for), or the phase that the user named. */
  readonly id: string;
  readonly kind: WasteKind;
  readonly cause: WasteCause;
  /** For people: `waiting for data`, `waiting for rank 1`. */
  readonly name: string;
  /** Of waiting for a slower rank: which one. The parts are sums over the ranks; a report's phases are each rank's own. */
  readonly rank?: number;
  readonly device?: string;
  readonly energyJ: number;
  readonly standardErrorJ?: number;
  /** Of the ranks together: two ranks that wait for a second each have waited for two. */
  readonly durationS: number;
  /** `measured`: energy of a meter, attributed by time; `modelled`: with an assumption that the name of the part says. */
  readonly basis: "measured" | "modelled";
  /** One sentence: what would win it back. Absent for useful work. */
  readonly remedy?: string;
}

export interface Straggler {
  readonly rank: number;
  /** Slow in most of the run; false: it held the others up a few times, for long. */
  readonly chronic: boolean;
  /** How much longer its own work takes than that of the median of the others: 1.2 is a fifth longer. */
  readonly slowdown: number;
  /** What makes it slow, where something tells; `evidence` says it in a sentence. */
  readonly cause?: "throttle" | "temperature" | "data" | "compute" | "host";
  readonly evidence?: string;
  /** Iterations in which it came last, and those that were looked at. */
  readonly last: number;
  readonly iterations: number;
  /** What the others spent in waiting for it. */
  readonly energyOfOthersJ: number;
  readonly standardErrorJ?: number;
  /** Of the others together. */
  readonly waitingOfOthersS: number;
}

/** For a map of ranks and time: the share of each window of time in which a rank waited for others. */
export interface RankWaiting {
  readonly startS: number;
  readonly windowS: number;
  readonly ranks: readonly { readonly rank: number; readonly shares: readonly number[] }[];
}
