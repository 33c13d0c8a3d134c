/**
 * One new reading of one device: a row of `samples.arrow`.
 * What was not read is absent (in columns: NaN), never 0.
 */
export interface Sample {
  readonly deviceId: string;
  /** When the reading became true, seconds since the run's start: the middle of the span in which the value changed. */
  readonly timeS: number;
  /** Half of that span: the change lies in `timeS ± timeErrorS`. */
  readonly timeErrorS: number;
  /** Cumulative joules since the run's start by the device's best source; never falls. */
  readonly energyJ?: number | undefined;
  /** Cumulative joules by power over time, where `energyJ` comes from a counter and a power is read too. */
  readonly energyIntegratedJ?: number | undefined;
  /** As averaged by the device itself. */
  readonly powerW?: number | undefined;
  readonly powerInstantW?: number | undefined;
  /** 0..1 */
  readonly utilization?: number | undefined;
  readonly memoryBytes?: number | undefined;
  readonly smClockMhz?: number | undefined;
  readonly memoryClockMhz?: number | undefined;
  readonly temperatureC?: number | undefined;
  /** NVML clocks-event-reason bits. */
  readonly throttle?: number | undefined;
}

/** The samples of one device of one run as columns, in order of time. Absent values are NaN. */
export interface SampleColumns {
  readonly timeS: Float64Array;
  readonly timeErrorS: Float64Array;
  readonly energyJ: Float64Array;
  readonly energyIntegratedJ: Float64Array;
  readonly powerW: Float64Array;
  readonly powerInstantW: Float64Array;
  readonly utilization: Float64Array;
  readonly memoryBytes: Float64Array;
  readonly smClockMhz: Float64Array;
  readonly memoryClockMhz: Float64Array;
  readonly temperatureC: Float64Array;
  /** Bits of a 64-bit mask, exact below 2^53. */
  readonly throttle: Float64Array;
}
