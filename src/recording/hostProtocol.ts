/** What the sampler and the process that reads a vendor's library say to each other. Samples go by hostRing.ts. */
import type { Found } from "../meters/meter";
import type { Device } from "../model/device";
import type { ProcessUseRow } from "../model/processUse";
import type { LostSpan } from "./samplerProtocol";

export type ToHost =
  | { readonly type: "find"; readonly meter: string }
  | {
      readonly type: "open";
      readonly meter: string;
      readonly devices: readonly Device[];
      readonly rateHz: number;
      readonly startedMonotonicS: number;
      readonly bursts?: boolean;
    }
  | { readonly type: "stop" };

export type FromHost =
  | { readonly type: "found"; readonly found: Found }
  /** Where the devices' own counters stand (`OpenMeter.counterAtOpenJ`), null for one that is not known. */
  | { readonly type: "opened"; readonly countersJ?: readonly (number | null)[] }
  | { readonly type: "failed"; readonly message: string }
  /** As long as the library answers: twice a second where no device can be read, and every two seconds else. */
  | { readonly type: "alive"; readonly state: HostState; readonly processes?: readonly ProcessUseRow[] }
  | { readonly type: "stopped"; readonly state: HostState; readonly processes?: readonly ProcessUseRow[] };

export interface HostState {
  readonly cpuTimeS: number;
  readonly residentBytes: number;
  readonly polls: number;
  /** Seconds that one poll of all devices took, on average; absent where there was none. */
  readonly meanPollS?: number;
  /** All spans so far in which a device could not be read. */
  readonly lost: readonly LostSpan[];
  /** For how many seconds no device could be read; 0 while one can. */
  readonly failingS: number;
}
