/** What the devices of a machine reach, as `wattline calibrate` measured it: `wattline.calibration/1` (docs/calibrate.md). */
import * as v from "valibot";

export const calibrationSchemaName = "wattline.calibration/1";

const positive = v.pipe(v.number(), v.finite(), v.gtValue(0));
const shortText = v.pipe(v.string(), v.maxLength(1024));

/** One device and one kind of number. */
export const calibratedDeviceSchema = v.object({
  /** As its driver names it; of a CPU, its model name. */
  name: shortText,
  kind: v.picklist(["cpu", "gpu"] as const),
  /** `fp64`, `fp32`, `tf32`, `bf16`, `fp16`. */
  dtype: v.pipe(v.string(), v.maxLength(16)),
  /** Of the fastest square matrix product tried; 2 a multiply-add. */
  peakFlopsPerS: positive,
  /** Read and written together, by copies much larger than any cache. */
  bandwidthBytesPerS: positive,
  /** Mean watts while matrices were multiplied. */
  powerW: v.optional(positive),
  /** Watts over FLOP/s of the products, and over byte/s of the copies, what the device draws at idle included. */
  joulesPerFlop: v.optional(positive),
  joulesPerByte: v.optional(positive),
  /** How often the best product was timed. */
  repeats: v.pipe(v.number(), v.integer(), v.minValue(1)),
  /** Largest less smallest of the faster half of the repeats, as a share of the largest. */
  spread: v.pipe(v.number(), v.finite(), v.minValue(0)),
});
export type CalibratedDevice = v.InferOutput<typeof calibratedDeviceSchema>;

export const calibrationSchema = v.object({
  schema: v.literal(calibrationSchemaName),
  /** ISO 8601 with offset. */
  at: shortText,
  /** What it holds for: another driver or library may be faster. */
  machine: v.object({
    host: shortText,
    driver: v.optional(shortText),
    torch: shortText,
    python: shortText,
    threads: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1))),
  }),
  devices: v.pipe(v.array(calibratedDeviceSchema), v.maxLength(1024)),
});
export type Calibration = v.InferOutput<typeof calibrationSchema>;

const keys: Readonly<Record<string, string>> = {
  float64: "fp64",
  float32: "fp32",
  bfloat16: "bf16",
  float16: "fp16",
};

/** A framework's name of a dtype (`float32`, `bfloat16`, `float8_e4m3fn`) as peaks are listed by (`fp32`, `bf16`, `fp8`). */
export function peakKey(dtype: string): string {
  return keys[dtype] ?? (dtype.startsWith("float8") ? "fp8" : dtype.startsWith("float4") ? "fp4" : dtype);
}

const window = {
  repeats: v.pipe(v.number(), v.integer(), v.minValue(1)),
  spread: v.pipe(v.number(), v.finite(), v.minValue(0)),
  /** Seconds of CLOCK_MONOTONIC between which nothing else was done. */
  startS: v.pipe(v.number(), v.finite()),
  endS: v.pipe(v.number(), v.finite()),
};

/** What `calibrate.py` writes: rates as measured, with the times in which the meters are then asked. */
export const calibrationResultSchema = v.object({
  torch: shortText,
  python: shortText,
  threads: v.pipe(v.number(), v.integer(), v.minValue(1)),
  devices: v.pipe(
    v.array(
      v.object({
        kind: v.picklist(["cpu", "gpu"] as const),
        index: v.pipe(v.number(), v.integer(), v.minValue(0)),
        name: v.optional(shortText),
        uuid: v.optional(shortText),
        copy: v.object({ perS: positive, bytes: positive, ...window }),
        products: v.array(
          v.object({ dtype: v.pipe(v.string(), v.maxLength(16)), perS: positive, flops: positive, ...window }),
        ),
      }),
    ),
    v.maxLength(1024),
  ),
});
export type CalibrationResult = v.InferOutput<typeof calibrationResultSchema>;
