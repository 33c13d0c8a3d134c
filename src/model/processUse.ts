/**
 * Who used a shared device at one moment: a row of `processes.arrow`, one a process and device, every two seconds.
 * What was not read is absent (in columns: NaN), never 0.
 */
export interface ProcessUseRow {
  readonly deviceId: string;
  /** Seconds since the run's start. */
  readonly timeS: number;
  readonly pid: number;
  /** 0..1 of the device's compute time since the row before. */
  readonly utilization?: number;
  readonly memoryBytes?: number;
}

/** The rows of one device of one run as columns, in order of time. */
export interface ProcessUseColumns {
  readonly timeS: Float64Array;
  readonly pid: Float64Array;
  readonly utilization: Float64Array;
  readonly memoryBytes: Float64Array;
}
