/**
 * Words of efficiency gaps and the answer of `wattline gap` (`wattline.gap/1`). docs/efficiency.md explains them; docs and
 * JSON keep these names. FLOPs count 2 a multiply-add; figures of a layer are for one iteration, the mean of those sampled.
 */
import type { Source } from "./device";

export const gapSchemaName = "wattline.gap/1";

/** What the machine can do at most. Absent is not known: nothing is then said of utilization. */
export interface MachineLimits {
  readonly name: string;
  /** FLOP/s by dtype (`fp32`, `tf32`, `bf16`, …), dense. */
  readonly peakFlopsPerS?: Readonly<Record<string, number>>;
  /** Of device memory, bytes/s. */
  readonly bandwidthBytesPerS?: number;
  /** calibrated: measured on this machine; datasheet: published. */
  readonly source: "calibrated" | "datasheet" | "unknown";
}

export interface GapDevice extends MachineLimits {
  /** Peak over bandwidth for the dtype in which most FLOPs are done: the waterline. */
  readonly balanceFlopsPerByte?: number;
  /** That dtype. */
  readonly mainDtype?: string;
}

export type Pass = "forward" | "backward";

export interface GapLayer {
  /** Dotted, as in `named_modules()`. */
  readonly name: string;
  /** Its class. */
  readonly type: string;
  /** Its class, and for a convolution which kind: `Conv2d depthwise`. */
  readonly kind: string;
  readonly pass: Pass;
  /** In which it computes, as `peakFlopsPerS` names it. */
  readonly dtype?: string;
  readonly calls: number;
  /** Of an iteration, its calls together. */
  readonly timeS: number;
  /** Of `timeS` over the sampled iterations; absent with a single one. */
  readonly standardErrorS?: number;
  readonly flops?: number;
  /** Bytes that must pass to or from memory at least: caches that miss and copies of a layout come on top. */
  readonly bytes?: number;
  /** FLOPs a byte. */
  readonly operationalIntensity?: number;
  /** FLOPs over peak and time; over 1 where the peak is too low or a count too high, which a note then says. */
  readonly efficiency?: number;
  /** What the roofline allows at most: min(1, intensity over balance). */
  readonly attainableEfficiency?: number;
  /** The three are never negative and add up to `timeS`, in this order to the last bit. */
  readonly idealTimeS?: number;
  readonly memoryGapS?: number;
  readonly kernelGapS?: number;
  readonly bound?: "memory" | "compute";
  /** Modelled: the mean power of its phase times its time. */
  readonly energyJ?: number;
  /** The part of `energyJ` in proportion to the time that is lost. */
  readonly lostEnergyJ?: number;
  /** Where the layer is made. */
  readonly file?: string;
  readonly line?: number;
  /** Where it is called. */
  readonly callFile?: string;
  readonly callLine?: number;
  readonly inputShape?: readonly number[];
  readonly outputShape?: readonly number[];
}

/** Sums of rows; a sum is absent where no row has the figure. */
export interface GapSums {
  readonly timeS: number;
  readonly flops?: number;
  readonly bytes?: number;
  readonly idealTimeS?: number;
  readonly memoryGapS?: number;
  readonly kernelGapS?: number;
  /** Time that cannot be split, because limits or bytes are not known: with the three it makes `timeS`. Absent: none. */
  readonly unsplitTimeS?: number;
  readonly energyJ?: number;
  readonly lostEnergyJ?: number;
  readonly operationalIntensity?: number;
  /** Ideal time over the time of the rows that have one. */
  readonly efficiency?: number;
}

export interface GapTotals extends GapSums {
  /** What the roofline allows the whole: ideal time over the sum of the rows' roofline times. */
  readonly attainableEfficiency?: number;
}

export interface GapGroup extends GapSums {
  readonly name: string;
  readonly layers: number;
}

export const groupings = ["module", "type", "block"] as const;
export type Grouping = (typeof groupings)[number];

/** Neighbouring layers that one kernel could compute without writing what lies between them. */
export interface Fusion {
  readonly kind: "convolutions" | "elementwise" | "attention" | "optimizer";
  /** Names in the order in which they run. */
  readonly layers: readonly string[];
  /** Their measured time. */
  readonly timeS: number;
  /** Roofline time of the layers one by one, less that of the chain as one kernel: modelled, and at most the time. */
  readonly savingS: number;
  readonly intensityBefore?: number;
  readonly intensityAfter?: number;
  /** What must stay on chip at once, where shapes tell. */
  readonly tileBytes?: number;
  /** What does it in practice. */
  readonly advice: string;
  readonly file?: string;
  readonly line?: number;
}

export const waitCauses = ["data", "synchronization", "launch", "communication", "untraced"] as const;
export type WaitCause = (typeof waitCauses)[number];

export interface Wait {
  readonly cause: WaitCause;
  /** An iteration. */
  readonly timeS: number;
  /** Share of the iteration. */
  readonly share: number;
  /** measured: between two marks of a clock; modelled: by the formula that `text` names. */
  readonly basis: "measured" | "modelled";
  /** Parts of data that the program names: `decode`, `transform`, `transfer`. */
  readonly parts?: readonly { readonly name: string; readonly timeS: number }[];
  /** What was seen, what to try. */
  readonly text: string;
  readonly places?: readonly { readonly file: string; readonly line: number; readonly text: string }[];
}

/** Where an iteration's time goes besides the model. */
export interface HostSide {
  readonly iterationTimeS: number;
  /** True where a device's own clock told when it was idle; else the host's time is all there is. */
  readonly deviceTimed: boolean;
  readonly waits: readonly Wait[];
  /** Share of the iteration that a faster model shortens: s of 1 / ((1 − s) + s / k). */
  readonly modelShare: number;
  /** End-to-end gain of a model k times as fast; `limit` is that of one that takes no time. */
  readonly amdahl: { readonly twice: number; readonly tenTimes: number; readonly limit?: number };
}

export interface GapNote {
  readonly code:
    | "no-layers"
    | "unknown-device"
    | "no-peak"
    | "no-flops"
    | "no-bytes"
    | "bad-rows"
    | "over-peak"
    | "from-cache"
    | "few-samples"
    | "datasheet"
    | "tf32";
  /** A sentence for people. */
  readonly message: string;
}

/** Watts that go in for each that becomes useful FLOPs: modelled. Parts and useful share add up to 1. */
export interface GapWaste {
  /** At least 1; in dB 10 log10 of it. */
  readonly factor: number;
  readonly decibels: number;
  readonly usefulShare: number;
  /** Stages from the plug on; those that are not known are left out. `share` of what goes in is lost there. */
  readonly parts: readonly {
    readonly id: "pue" | "supply" | "node" | "device";
    readonly efficiency: number;
    readonly share: number;
  }[];
  /** What a useful FLOP takes: measured by a calibration, or power limit over published peak. */
  readonly joulesPerFlop: number;
  readonly source: "calibrated" | "datasheet";
}

/** `wattline gap RUN --json`. */
export interface GapReport {
  readonly schema: typeof gapSchemaName;
  readonly run: { readonly id: string; readonly path: string };
  readonly headline: string;
  readonly device: GapDevice;
  readonly iterations: { readonly sampled: number; readonly leftOut: number };
  /** In the order in which they run: forward, then backward. */
  readonly layers: readonly GapLayer[];
  readonly totals: GapTotals;
  readonly groups: Readonly<Record<Grouping, readonly GapGroup[]>>;
  /** The most saving first. */
  readonly fusions: readonly Fusion[];
  readonly host?: HostSide;
  readonly waste?: GapWaste;
  /** How `energyJ` came about. */
  readonly energySource?: Extract<Source, "modelled" | "estimated">;
  readonly notes: readonly GapNote[];
}
