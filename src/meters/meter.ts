import type { Device, Unavailable } from "../model/device";
import type { Files } from "./files";

/**
 * A way to read energy or power. One file a meter, one line in `index.ts`.
 *
 * A meter knows no clock, no thread and no VS Code: `find` looks at the machine, `open` gives something that reads
 * every device once a call, quickly and without waiting. What the readings mean over time (when a counter changed,
 * gaps, wraps seen as intervals) is the poller's affair, the same for all meters.
 */
export interface Meter {
  readonly id: string;
  /** Vendor libraries can hang or crash: such a meter is read in a process of its own. */
  readonly isolated?: boolean;
  /** The id of a better meter of the same devices: this one is asked only where that finds none. */
  readonly fallbackFor?: string;
  /** What can be read here; for each thing that cannot, why, and what lasts over a reboot. Never throws. */
  find(host: Host): Promise<Found>;
  /** Begins to read `devices` (of this meter, from `find`). */
  open(devices: readonly Device[], host: Host): OpenMeter | Promise<OpenMeter>;
}

export interface Found {
  readonly devices: readonly Device[];
  readonly unavailable: readonly Unavailable[];
}

export interface OpenMeter {
  /** One reading a device, in the order given to `open`. A device that could not be read has a `failure` and no values. */
  read(): readonly Reading[] | Promise<readonly Reading[]>;
  /**
   * Who uses a shared device (a GPU), one entry a process and device; devices by their place in `open`'s list. Slower
   * than `read`: once a second or so. Absent: this meter cannot know.
   */
  processes?(): readonly ProcessUse[] | Promise<readonly ProcessUse[]>;
  /**
   * Where each device's own counter stood when its `energyJ` was 0, joules since the hardware began to count; undefined
   * where that is not known. What was used while nobody had the meter open is then not forgotten. Absent: the counters
   * have no memory, or the meter no counters.
   */
  counterAtOpenJ?(): readonly (number | undefined)[];
  close(): void | Promise<void>;
}

/**
 * What one poll of one device gave. What was not read is absent, never 0. Without values and without a `failure`:
 * nothing is known yet (the estimate needs a moment of load before it can say anything).
 */
export interface Reading {
  /** Cumulative joules since `open`, wraps and resets undone; never falls. Absent: the device has no counter, or it failed. */
  readonly energyJ?: number | undefined;
  readonly powerW?: number | undefined;
  readonly powerInstantW?: number | undefined;
  readonly utilization?: number | undefined;
  readonly memoryBytes?: number | undefined;
  readonly smClockMhz?: number | undefined;
  readonly memoryClockMhz?: number | undefined;
  readonly temperatureC?: number | undefined;
  readonly throttle?: number | undefined;
  /** Why nothing could be read this time, a sentence. The interval is then a gap. */
  readonly failure?: string | undefined;
}

/** One process on one device. */
export interface ProcessUse {
  /** Index into the devices given to `open`. */
  readonly device: number;
  readonly pid: number;
  /** 0..1 of the device's compute time since the last call. */
  readonly utilization?: number;
  readonly memoryBytes?: number;
}

/** What a meter may know of the machine. Tests hand in their own. */
export interface Host {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platform: NodeJS.Platform;
  /** Default: the machine's own. */
  readonly files?: Files;
  /** Seconds that never go backwards, only to tell whether a counter can have wrapped. Default: the machine's own. */
  readonly nowS?: () => number;
}
