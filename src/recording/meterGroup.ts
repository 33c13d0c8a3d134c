/**
 * Devices that are read together, and what comes of it: samples as they become known, and the spans in which a device
 * could not be read. In this process for meters that are files, in another one for vendor libraries.
 */
import type { Device } from "../model/device";
import type { ProcessUseRow } from "../model/processUse";
import type { Sample } from "../model/sample";
import type { LostSpan } from "./samplerProtocol";

export interface MeterGroup {
  readonly devices: readonly Device[];
  /** Begins to poll. Samples come in order of time a device. */
  start(onSamples: (samples: readonly Sample[]) => void, onProcesses?: (rows: readonly ProcessUseRow[]) => void): void;
  /** Takes a last reading of every device and closes the meters. */
  stop(): Promise<GroupEnd>;
}

export interface GroupEnd {
  readonly polls: number;
  /** Seconds that one poll of all devices took, on average; absent where there was none. */
  readonly meanPollS?: number;
  readonly lost: readonly LostSpan[];
  /** What other processes used for it. */
  readonly cpuTimeS: number;
  readonly residentBytes: number;
}
