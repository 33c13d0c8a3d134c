/**
 * Whether a device has a kernel for a format: hardware minima and vLLM's table of supported hardware (docs.vllm.ai,
 * "Supported hardware for quantization kernels").
 */
import { type Answer, known, unknown } from "../../model/answer";
import type { Format, QuantDevice } from "../../model/quantization";

/** Least NVIDIA compute capability. */
export const leastCapability: Readonly<Partial<Record<Format, number>>> = {
  bf16: 8.0,
  "int8-channel": 7.5,
  "fp8-e4m3": 8.9,
  "int4-g128": 7.5,
  "int4-g128-mse": 7.5,
  "int4-g128-asym": 7.5,
  "int4-g32": 7.5,
  nf4: 6.0,
  nvfp4: 10.0,
  mxfp4: 10.0,
};

const everywhere = new Set<Format>(["fp16", "q4_k_m", "q8_0"]);

/** @returns known where the format runs; else the reason why not */
export function runsOn(format: Format, device: QuantDevice | undefined): Answer<true> {
  if (format === "int3-g128" || format === "int2-g128") {
    return unknown("No kernel in use today takes it, and rounding below 4 bits needs training (R10).");
  }
  if (device === undefined || everywhere.has(format)) return known(true);
  if (device.kind !== "gpu") {
    if (format === "bf16" || format === "nf4") return known(true);
    return unknown(`${device.name} has no kernel for it: vLLM's are for GPUs.`);
  }
  if (device.vendor === "amd") {
    if (format === "bf16" || format === "nf4") return known(true);
    return unknown("The rules and their minima were measured on NVIDIA GPUs; what runs on this one is not known here.");
  }
  const capability = device.computeCapability;
  if (capability === undefined) return known(true);
  const least = leastCapability[format];
  if (least !== undefined && capability < least) {
    const why = format === "bf16" ? "no BF16 tensor cores" : "no kernel";
    return unknown(`${device.name} has compute capability ${capability.toFixed(1)}: ${why} below ${least.toFixed(1)}.`);
  }
  if (format === "int8-channel" && capability >= 10)
    return unknown("vLLM runs W8A8-INT8 on Turing to Hopper, not on Blackwell.");
  return known(true);
}
