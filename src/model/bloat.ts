/**
 * Words of energy bloat: what a profile of a pipeline (or of any graph of operations) holds, and the answer of
 * `wattline bloat` (schema `wattline.bloat/1`). docs/bloat.md explains them; docs and JSON keep these names.
 */

/** One way to run an operation, mostly a clock: how long it takes and what it draws by the meter. */
export interface ClockOption {
  readonly frequencyMhz?: number;
  /** s, above 0. */
  readonly timeS: number;
  /** J by the meter, at least 0; the power of waiting is not yet taken off. */
  readonly energyJ: number;
}

export const schedules = ["1f1b", "gpipe", "interleaved"] as const;
export type Schedule = (typeof schedules)[number];

/** A pipeline whose operations of one stage and kind have the same options for every microbatch. */
export interface PipelineProfile {
  readonly kind: "pipeline";
  readonly name?: string;
  readonly stages: number;
  readonly microbatches: number;
  readonly schedule: Schedule;
  /** Model chunks a stage, for `interleaved`; 1 where absent. */
  readonly chunks?: number;
  /** W that a device draws while it waits for its neighbour; measured, and not the idle power. */
  readonly blockingPowerW: number;
  /** Options of a whole stage (all of its chunks together), one list a stage. */
  readonly forward: readonly (readonly ClockOption[])[];
  readonly backward: readonly (readonly ClockOption[])[];
  /** Where activations are computed anew as operations of their own right before the backward. */
  readonly recompute?: readonly (readonly ClockOption[])[];
}

export interface GraphOperation {
  readonly id: string;
  readonly options: readonly ClockOption[];
  /** Ids of the operations that must have ended before. */
  readonly after: readonly string[];
}

/** Any graph of operations. Nothing is known of its devices, so waiting costs nothing. */
export interface GraphProfile {
  readonly kind: "graph";
  readonly name?: string;
  readonly operations: readonly GraphOperation[];
}

export type BloatProfile = PipelineProfile | GraphProfile;

export const bloatSchemaName = "wattline.bloat/1";

/** The answer of `wattline bloat FILE --json`. Times in s, energies in J of one iteration over all stages. */
export interface BloatReport {
  readonly schema: typeof bloatSchemaName;
  readonly name?: string;
  readonly operations: number;
  /** Longest path with every operation at its fastest: nothing is faster. */
  readonly minimumTimeS: number;
  /** Where the iteration's energy is least; slower than this only against a straggler. */
  readonly minimumEnergyTimeS: number;
  /** Every operation at its least effective energy: slower saves nothing, even against a straggler. */
  readonly slowestUsefulTimeS: number;
  readonly baseline: Baseline;
  /** `share` of the baseline's energy, saved by a plan that exists and is as fast. */
  readonly intrinsic: { readonly energyJ: number; readonly share: number };
  readonly extrinsic?: Extrinsic;
  /** Corners of the relaxed frontier, fastest first; linear between them but for what `realized…` says. */
  readonly frontier: readonly FrontierPoint[];
  readonly plan: Plan;
  /** One a stage of a pipeline; absent for a graph. */
  readonly stages?: readonly StageWaiting[];
  /** What was left out of the input, and why: sentences. */
  readonly notes: readonly string[];
  readonly solver: SolverEffort;
}

export interface Baseline {
  readonly iterationTimeS: number;
  readonly energyJ: number;
}

/**
 * What is lost with a straggler that makes everybody wait until `stragglerTimeS`: the baseline's energy with the wait,
 * less the best plan for that time.
 */
export interface Extrinsic {
  readonly stragglerTimeS: number;
  readonly energyJ: number;
  /** Of the baseline's energy with the wait included. */
  readonly share: number;
  /** The part that the intrinsic plan alone would not win back: `energyJ` less the intrinsic energy. */
  readonly beyondIntrinsicJ: number;
}

export interface FrontierPoint {
  readonly iterationTimeS: number;
  /** Of the relaxed problem: no plan that ends in this time is below. */
  readonly energyJ: number;
  /** Of a plan whose options exist and that keeps `iterationTimeS`; `realizedEnergyJ` includes the wait until then. */
  readonly realizedTimeS?: number;
  readonly realizedEnergyJ?: number;
}

export interface Plan {
  readonly deadlineS: number;
  /** Longest path of the plan; never above the deadline. */
  readonly iterationTimeS: number;
  /** The whole iteration's, with waiting until the deadline included. */
  readonly energyJ: number;
  /** No plan for this deadline is below. */
  readonly lowerBoundJ: number;
  /** Every plan was searched: none is better. */
  readonly optimal: boolean;
  readonly operations: readonly PlannedOperation[];
}

export interface PlannedOperation {
  /** `F{stage}.{microbatch}.{chunk}`, `B…`, `R…` (recomputation), or the graph's own id. */
  readonly id: string;
  readonly frequencyMhz?: number;
  readonly timeS: number;
  /** Of the option itself, by the meter. */
  readonly energyJ: number;
  /** How much longer it alone could take with the deadline still kept. */
  readonly slackS: number;
  /** Earliest start in the plan. */
  readonly startS: number;
  /** With every operation at its fastest: its time, energy and clock. */
  readonly baselineTimeS: number;
  readonly baselineEnergyJ: number;
  readonly baselineFrequencyMhz?: number;
}

/** How long a stage's device waits within an iteration, and what it draws meanwhile. */
export interface StageWaiting {
  readonly stage: number;
  readonly baselineWaitingS: number;
  readonly baselineWaitingEnergyJ: number;
  /** Until the plan's deadline. */
  readonly planWaitingS: number;
  readonly planWaitingEnergyJ: number;
}

export interface SolverEffort {
  /** Corners of the frontier. */
  readonly steps: number;
  readonly elapsedS: number;
}
