import type { DeviceKind } from "./device";
import type { RunState } from "./manifest";
import type { PhaseName } from "./phase";

export const reportSchemaName = "wattline.report/1";

/** `wattline report RUN --json`. Quantities that are not known are absent. The fields are documented in docs/json.md. */
export interface Report {
  readonly schema: typeof reportSchemaName;
  readonly run: ReportedRun;
  /** Joules of the counted devices together; absent where the run was too short for a meter. */
  readonly energyJ?: number;
  readonly standardErrorJ?: number;
  /** Where `energyJ` is absent: an upper bound, and the length of run that would do. */
  readonly energyAtMostJ?: number;
  readonly runAtLeastS?: number;
  readonly devices: readonly ReportedDevice[];
  /** Disjoint rows; with `other` they add up to `energyJ`. */
  readonly phases: readonly ReportedPhase[];
  readonly other: { readonly energyJ?: number; readonly durationS: number };
  readonly iterations: ReportedIterations;
  readonly indicators?: Indicators;
  /** What the loop burned without being any faster, once the run is over: `wattline bloat RUN` has its parts. */
  readonly bloat?: ReportedBloat;
  readonly self: SelfCost;
  readonly warnings: readonly Warning[];
}

export interface ReportedRun {
  readonly id: string;
  readonly path: string;
  readonly argv: readonly string[];
  readonly startedAt: string;
  readonly durationS: number;
  readonly state: RunState;
  readonly exitCode?: number;
  readonly signal?: string;
  readonly labels?: Readonly<Record<string, string>>;
}

export interface ReportedDevice {
  readonly id: string;
  readonly kind: DeviceKind;
  readonly name: string;
  readonly meter: string;
  readonly source: "measured" | "integrated" | "estimated";
  readonly counted: boolean;
  readonly partOf?: string;
  readonly energyJ?: number;
  readonly idleEnergyJ?: number;
  readonly standardErrorJ?: number;
  readonly gainError?: number;
  readonly averagePowerW?: number;
  readonly updatePeriodS?: number;
  readonly energyIntegratedJ?: number;
  /** For an estimate: the formula in words, with its citation. */
  readonly model?: string;
  readonly lost?: readonly { readonly fromS: number; readonly toS: number; readonly reason: string }[];
  /** Shares (0..1) of the compute time that processes used; `ofRun` for the run's own as far as they are known. */
  readonly usedBy?: readonly { readonly pid: number; readonly share: number; readonly ofRun?: true }[];
}

export interface ReportedPhase {
  readonly phase: PhaseName;
  readonly rank?: number;
  readonly device?: string;
  readonly energyJ: number;
  readonly standardErrorJ: number;
  readonly durationS: number;
  readonly averagePowerW: number;
  readonly spans: number;
  /** Phases whose energy cannot be told from this one's: their sum is known far better than each. */
  readonly inseparableFrom?: readonly PhaseName[];
}

export interface ReportedIterations {
  /** Batches of the training loop. */
  readonly count: number;
  readonly optimizerSteps?: number;
  readonly excluded: {
    readonly warmUp: number;
    readonly outliers: number;
    /** Those in which layers were measured. */
    readonly layerTable?: number;
    /** Those before the machine was steady. */
    readonly settling?: number;
  };
  readonly energyPerIterationJ?: number;
  readonly standardErrorJ?: number;
  readonly durationPerIterationS?: number;
  /** By which share those that count grew longer from the first to the last, where that is sure. */
  readonly drift?: { readonly share: number; readonly standardError: number };
  /** The loop that the iterations belong to. */
  readonly loop?: { readonly path: string; readonly line: number; readonly endLine: number };
}

export interface Indicators {
  readonly samplesPerS?: number;
  readonly tokensPerS?: number;
  readonly parameters?: number;
  /** Of products (matrices, convolutions, attention), of all ranks together; 2 a multiply-add. */
  readonly flopsPerIteration?: number;
  /** Share of the device's peak that the model's products reach over a whole iteration. */
  readonly modelFlopsUtilization?: number;
  /** Where that peak comes from. */
  readonly peakSource?: "calibrated" | "datasheet";
  readonly peakMemoryBytes?: number;
  readonly parameterBytes?: number;
  readonly gradientBytes?: number;
  readonly optimizerStateBytes?: number;
  /** Held for the backward pass when it begins. */
  readonly activationBytes?: number;
  readonly energyPerSampleJ?: number;
  readonly energyPerTokenJ?: number;
}

/** Intrinsic and extrinsic parts of model/waste.ts together. */
export interface ReportedBloat {
  readonly energyJ: number;
  /** Of the run's energy. */
  readonly share: number;
}

/** What Wattline itself cost. */
export interface SelfCost {
  readonly cpuTimeS: number;
  readonly residentBytes: number;
  readonly addedTimePerIterationS?: number;
  readonly polls: number;
}

export type WarningCode =
  | "too-short"
  | "estimate-only"
  | "meter-lost"
  | "meters-disagree"
  | "shared-device"
  | "phases-inseparable"
  | "phases-uncertain"
  | "iterations-drift"
  | "iterations-unknown"
  | "no-trace"
  | "tracer-thinned"
  | "tracer-hook-off"
  | "interrupted";

export interface Warning {
  readonly code: WarningCode;
  /** A sentence for people. */
  readonly message: string;
}
