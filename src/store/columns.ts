/** The files that a sampler writes, column by column: what writer and reader share. `time_s` and `device` come first. */
import type { ProcessUseRow } from "../model/processUse";
import type { Sample } from "../model/sample";

export interface Column<Row> {
  /** In the file. */
  readonly name: string;
  /** Of the row. */
  readonly field: keyof Row & string;
  /** The same: reading a field by a name that varies takes ten times as long. */
  readonly of: (row: Row) => number | undefined;
  /** f64 where a float's 24 bits would lose digits. */
  readonly type: "f32" | "f64" | "u64";
}

/** A row of any such file. */
export interface TimedRow {
  readonly timeS: number;
  readonly deviceId: string;
}

/** `samples.arrow` */
export const sampleColumns = [
  { name: "time_error_s", field: "timeErrorS", of: ({ timeErrorS }) => timeErrorS, type: "f32" },
  { name: "energy_j", field: "energyJ", of: ({ energyJ }) => energyJ, type: "f64" },
  {
    name: "energy_integrated_j",
    field: "energyIntegratedJ",
    of: ({ energyIntegratedJ }) => energyIntegratedJ,
    type: "f64",
  },
  { name: "power_w", field: "powerW", of: ({ powerW }) => powerW, type: "f32" },
  { name: "power_instant_w", field: "powerInstantW", of: ({ powerInstantW }) => powerInstantW, type: "f32" },
  { name: "utilization", field: "utilization", of: ({ utilization }) => utilization, type: "f32" },
  { name: "memory_bytes", field: "memoryBytes", of: ({ memoryBytes }) => memoryBytes, type: "f64" },
  { name: "sm_clock_mhz", field: "smClockMhz", of: ({ smClockMhz }) => smClockMhz, type: "f32" },
  { name: "memory_clock_mhz", field: "memoryClockMhz", of: ({ memoryClockMhz }) => memoryClockMhz, type: "f32" },
  { name: "temperature_c", field: "temperatureC", of: ({ temperatureC }) => temperatureC, type: "f32" },
  { name: "throttle", field: "throttle", of: ({ throttle }) => throttle, type: "u64" },
] as const satisfies readonly Column<Sample>[];

/** `processes.arrow` */
export const processColumns = [
  { name: "pid", field: "pid", of: ({ pid }) => pid, type: "f64" },
  { name: "utilization", field: "utilization", of: ({ utilization }) => utilization, type: "f32" },
  { name: "memory_bytes", field: "memoryBytes", of: ({ memoryBytes }) => memoryBytes, type: "f64" },
] as const satisfies readonly Column<ProcessUseRow>[];
