/**
 * What recorder and sampler say to each other over the pipe between them. Both are ours and of one version; nothing
 * else listens. Measurements do not come this way: the sampler writes them into the run folder itself.
 */
import type { Device, Unavailable } from "../model/device";

export interface SamplerConfig {
  readonly runPath: string;
  /** CLOCK_MONOTONIC seconds at which the run's time is 0. */
  readonly startedMonotonicS: number;
  /** Stored readings a second and device, outside of bursts. */
  readonly rateHz: number;
}

export type ToSampler = { readonly type: "start"; readonly config: SamplerConfig } | { readonly type: "stop" };

export type FromSampler =
  | { readonly type: "ready"; readonly devices: readonly Device[]; readonly unavailable: readonly Unavailable[] }
  | { readonly type: "failed"; readonly message: string }
  | { readonly type: "ended"; readonly self: SamplerCost; readonly lost: readonly LostSpan[] };

export interface SamplerCost {
  readonly cpuTimeS: number;
  readonly residentBytes: number;
  readonly polls: number;
}

/** A span in which a device could not be read; times as in the samples. */
export interface LostSpan {
  readonly device: string;
  readonly fromS: number;
  readonly toS: number;
  readonly reason: string;
}
