/** What the sampler and the process that reads a vendor's library say to each other. */
import type { Found } from "../meters/meter";
import type { Device } from "../model/device";
import type { Sample } from "../model/sample";
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
  | { readonly type: "opened" }
  | { readonly type: "failed"; readonly message: string }
  /** Sent several times a second even when there is no sample: the sign of life. */
  | { readonly type: "samples"; readonly samples: readonly Sample[]; readonly cost: HostCost }
  | { readonly type: "stopped"; readonly lost: readonly LostSpan[]; readonly cost: HostCost };

export interface HostCost {
  readonly cpuTimeS: number;
  readonly residentBytes: number;
  readonly polls: number;
}
