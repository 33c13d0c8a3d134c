import * as v from "valibot";

/** How a number came about; the same four words, with these marks, on every screen. */
export const sources = ["measured", "integrated", "modelled", "estimated"] as const;
export type Source = (typeof sources)[number];

/** measured: a counter; integrated: power over time; modelled: a formula; estimated: a guess from load. */
export const sourceMarks: Record<Source, string> = { measured: "●", integrated: "◐", modelled: "○", estimated: "◌" };

export const deviceKinds = ["gpu", "cpu", "dram", "system", "battery"] as const;
export type DeviceKind = (typeof deviceKinds)[number];

const finite = v.pipe(v.number(), v.finite());
const positive = v.pipe(finite, v.gtValue(0));
const shortText = v.pipe(v.string(), v.maxLength(1024));

/** One thing whose energy can be told, as `meters --json` prints it and a run's manifest keeps it. */
export const deviceSchema = v.object({
  /** Stable on this machine: `rapl:intel-rapl:0`, `nvml:GPU-5e8f…`, `estimate:cpu`. */
  id: shortText,
  kind: v.picklist(deviceKinds),
  name: shortText,
  /** Which of `src/meters` reads it. */
  meter: shortText,
  source: v.picklist(["measured", "integrated", "estimated"] as const),
  /** The device whose energy contains this one's: a RAPL core in its package. Such a part is never added to a total. */
  partOf: v.optional(shortText),
  /** Whether this device's energy belongs into a total: false for parts and for wholes that contain others (psys). */
  counted: v.boolean(),
  /** Seconds between two new values of its counter or sensor, as published or as found. */
  updatePeriodS: v.optional(positive),
  /** Seconds over which the sensor averages its power. */
  averagingWindowS: v.optional(positive),
  powerLimitW: v.optional(positive),
  powerLimitRangeW: v.optional(v.tuple([positive, positive])),
  /** What the reading covers where that is not plain: "GPU and its memory", "module (CPU and GPU)". */
  scope: v.optional(shortText),
  /** The sensor's own relative error as published (0.05: ±5 %). */
  gainError: v.optional(v.pipe(finite, v.minValue(0))),
  /** For an estimate: the formula in words, with its citation. */
  model: v.optional(shortText),
});
export type Device = v.InferOutput<typeof deviceSchema>;

/** A meter, or a part of one, that cannot be read here. */
export const unavailableSchema = v.object({
  meter: shortText,
  /** What is missing, a sentence. */
  reason: v.pipe(v.string(), v.maxLength(4096)),
  /** What the user can do so that it works and still works after a reboot, with the exact commands. */
  remedy: v.pipe(v.string(), v.maxLength(8192)),
});
export type Unavailable = v.InferOutput<typeof unavailableSchema>;
