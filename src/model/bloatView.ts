/**
 * A solved pipeline or graph as columns, for a screen that draws thousands of operations and answers a slider within a
 * frame: what never changes once, and a plan as two or three numbers an operation. Times in s, energies in J.
 */

/** The ways to run the operations of one class, fastest first. */
export interface ClassColumns {
  /** NaN where the option has no clock. */
  readonly frequencyMhz: Float64Array;
  readonly timeS: Float64Array;
  /** By the meter. */
  readonly energyJ: Float64Array;
  /** `energyJ` less what waiting for as long would draw. */
  readonly effectiveJ: Float64Array;
}

/** Which operation of a pipeline each is. */
export interface PipelineColumns {
  readonly stages: number;
  /** 0: forward, 1: backward, 2: recompute. */
  readonly kind: Uint8Array;
  readonly microbatch: Int32Array;
  readonly chunk: Int32Array;
}

/** What stays while plans change. */
export interface BloatColumns {
  readonly name?: string;
  readonly operations: number;
  /** Rows of a Gantt chart. Operations of a lane never overlap, whatever the plan: each waits for the one before it. */
  readonly lanes: number;
  /** Of a pipeline its stage; of a graph a chain of operations. */
  readonly lane: Int32Array;
  readonly classOf: Int32Array;
  readonly classes: readonly ClassColumns[];
  /** Absent for a graph. */
  readonly pipeline?: PipelineColumns;
  /** Names of a graph's operations. */
  readonly ids?: readonly string[];
  /** Every operation at its fastest: what runs now. */
  readonly baseline: PlanColumns;
  /** Corners of the relaxed frontier, fastest first: no plan that ends in `cornerS` is below `cornerJ`. */
  readonly cornerS: Float64Array;
  readonly cornerJ: Float64Array;
  readonly minimumTimeS: number;
  readonly minimumEnergyTimeS: number;
  readonly slowestUsefulTimeS: number;
  /** W of a device that waits, and of all devices of the pipeline; 0 for a graph, whose devices are not known. */
  readonly blockingPowerW: number;
  readonly waitingPowerW: number;
  readonly notes: readonly string[];
  readonly solveS: number;
}

/** A plan whose options exist and that keeps `deadlineS`, and with it every later deadline. */
export interface PlanColumns {
  readonly deadlineS: number;
  /** Longest path; at most the deadline. */
  readonly iterationTimeS: number;
  /** Sum of effective energies: an iteration of T takes this and `waitingPowerW` × T. */
  readonly effectiveJ: number;
  /** Of each operation: which of its class's options. */
  readonly option: Uint16Array;
  /** Earliest start. */
  readonly startS: Float32Array;
  /** How much longer it alone could take with the plan's own iteration time kept; 0: on the critical path. */
  readonly slackS: Float32Array;
  /** No plan for this deadline is better. */
  readonly optimal: boolean;
}

/** J of an iteration that ends at `timeS`, waiting included; `timeS` at least the plan's own time. */
export function planEnergyJ(plan: PlanColumns, view: Pick<BloatColumns, "waitingPowerW">, timeS: number): number {
  return plan.effectiveJ + view.waitingPowerW * timeS;
}
