/**
 * The words between the scan's planner and the threads that read: blocks of rows of one tensor, and what was added up.
 */
import type { ScannedFormat } from "./quantization";

/** Rows `fromRow..toRow` of a tensor. Plain data: it is posted to a worker. */
export interface ScanTask {
  /** Index into the checkpoint's files. */
  readonly file: number;
  /** Of the tensor, from the start of the file. */
  readonly offset: number;
  readonly dtype: string;
  /** Output channels and input dimension of the whole tensor. */
  readonly rows: number;
  readonly columns: number;
  /** Stored input × output. */
  readonly transposed: boolean;
  readonly fromRow: number;
  readonly toRow: number;
  /** `both` where one block is the whole tensor; else all blocks go through `first` before any goes through `second`. */
  readonly pass: "both" | "first" | "second";
  /** Of the whole tensor, for `second`. */
  readonly mean?: number;
  readonly absmax?: number;
}

export interface FirstSums {
  readonly sum: number;
  /** Not finite where a weight is not. */
  readonly squares: number;
  readonly absmax: number;
  /** One a row of the task. */
  readonly rowAbsmax: Float32Array;
  readonly columnAbsmax: Float32Array;
}

/** Of the weights times `factor`, a power of two that depends on the tensor's absmax alone. */
export interface SecondSums {
  readonly factor: number;
  /** Sums of (w - mean)² and (w - mean)⁴. */
  readonly second: number;
  readonly fourth: number;
  /** Sum of (w - w_q)². */
  readonly noise: Readonly<Record<ScannedFormat, number>>;
}

export interface ScanPartial {
  readonly first?: FirstSums;
  readonly second?: SecondSums;
}

/** Does tasks, as many at a time as `size`; rejects with a sentence where a file cannot be read. */
export interface ScanPool {
  readonly size: number;
  run(task: ScanTask): Promise<ScanPartial>;
  /** Ends the threads; tasks that run are rejected. */
  close(): Promise<void>;
}
