import type { Source } from "./device";

export const compareSchemaName = "wattline.compare/1";

/** What programs are compared by. `energy` and `throughput` are of a sample, else of a token, else of an iteration. */
export const indicatorIds = ["parameters", "flops", "latency", "throughput", "memory", "energy"] as const;
export type IndicatorId = (typeof indicatorIds)[number];

export interface ComparedIndicator {
  readonly id: IndicatorId;
  /** `parameters`, `FLOPs an iteration`, `energy a sample`, … */
  readonly name: string;
  /** SI, without prefix: `J`, `s`, `B`, `FLOP`, `/s`; empty for a count. */
  readonly unit: string;
  readonly better: "less" | "more";
}

export interface ComparedValue {
  readonly value: number;
  readonly standardError?: number;
  readonly source: Source;
}

export interface ComparedRun {
  readonly id: string;
  readonly path: string;
  /** Its label, else its script. */
  readonly name: string;
  readonly values: Readonly<Partial<Record<IndicatorId, ComparedValue>>>;
}

/** Two runs of which each is better by some indicator. Numbers are places in `runs`. */
export interface Contradiction {
  readonly runs: readonly [number, number];
  readonly firstBetter: readonly IndicatorId[];
  readonly secondBetter: readonly IndicatorId[];
}

export interface RankCorrelation {
  readonly indicators: readonly [IndicatorId, IndicatorId];
  /** Kendall's tau-b of the two orders, best first: 1 the same, -1 the opposite; absent where one of them is all ties. */
  readonly tau?: number;
  /** Runs that have both. */
  readonly runs: number;
}

export interface ComparisonNote {
  readonly code: "contradiction" | "single-indicator" | "few-runs" | "other-machine" | "missing" | "theoretical";
  readonly message: string;
}

/** `wattline compare RUN RUN … --json`. */
export interface Comparison {
  readonly schema: typeof compareSchemaName;
  readonly indicators: readonly ComparedIndicator[];
  readonly runs: readonly ComparedRun[];
  readonly contradictions: readonly Contradiction[];
  readonly rankCorrelations: readonly RankCorrelation[];
  /** Places in `runs`, best first, by the one indicator that was asked for. */
  readonly order?: { readonly by: IndicatorId; readonly runs: readonly number[] };
  readonly notes: readonly ComparisonNote[];
}
