/**
 * What speaks against quantizing, or against a way of doing it: "Not for you", the anti-rules, and warnings whose trigger
 * is met.
 */
import { formatBytes } from "../../model/format";
import type { Format, ModelFacts, QuantDevice, QuantRequest, TensorStatistics } from "../../model/quantization";
import { decodeErrors, decodeFits, readBytes } from "./decodeModel";
import { longContextTokens } from "./rules/rule";
import { weightBytes } from "./sizes";

export interface Warning {
  readonly code: string;
  readonly message: string;
}

/**
 * Why this model here had better stay as it is; undefined where the rules' format is predicted to help.
 *
 * @param format what the rules chose; @param sixteenFits whether 16 bits fit
 */
export function notForYou(
  facts: ModelFacts,
  format: Format,
  device: QuantDevice | undefined,
  request: QuantRequest,
  sixteenFits: boolean | undefined,
): string | undefined {
  const { quantized } = facts.config;
  if (quantized !== undefined) {
    const bits = quantized.bits === undefined ? "" : `, ${quantized.bits} bit`;
    return `it is quantized already (${quantized.method}${bits}). Rounding it again adds the errors: start from the original weights.`;
  }
  if (facts.generates === false) {
    return `the rules were measured on models that write text, and ${facts.architecture ?? "this one"} is none. Measure before and after.`;
  }
  if (format === "bf16") return `no rule has evidence for ${device?.name ?? "this device"}, and 16 bit fits.`;
  if (sixteenFits === false || device?.bandwidthBytesPerS === undefined || device.kind !== "gpu") return undefined;
  return gainWithinError(facts, format, device, request);
}

/**
 * A step of a server takes some milliseconds whatever the model's size (the fit's t0). Where reading fewer bytes saves
 * less of the step than the fit's own error, nothing can be promised, and weight-only kernels cost time of their own.
 */
function gainWithinError(
  facts: ModelFacts,
  format: Format,
  device: QuantDevice,
  request: QuantRequest,
): string | undefined {
  const bandwidth = device.bandwidthBytesPerS! * device.count * decodeFits.H100.etaBandwidth;
  const before = readBytes(facts, "bf16", request.batch) / bandwidth;
  const after = readBytes(facts, format, request.batch) / bandwidth;
  const fixed = decodeFits.H100.t0Ms / 1000;
  const gain = (before - after) / (fixed + before);
  if (gain >= decodeErrors.leaveOneOut) return undefined;
  const milliseconds = (seconds: number) => `${(seconds * 1000).toPrecision(2)} ms`;
  return (
    `reading its weights takes ${milliseconds(before)} of a step that takes ${milliseconds(fixed)} whatever the model's size, ` +
    `so ${format} could save ${Math.max(0, gain * 100).toFixed(0)} % of the time at most, less than the prediction's own error. ` +
    "Small models were measured slower and hungrier quantized (NF4: 25 to 56 % more energy below 3B). 16 bit fits: keep it, and try a larger batch."
  );
}

/** Below this many parameters NF4 was reported to cost more energy. */
const smallForNf4 = 3e9;
/** Spread of norm gains is a reported correlate of activation outliers, which weights alone do not show. */
const channelOutlier = 10;

export function warningsOf(
  facts: ModelFacts,
  format: Format,
  device: QuantDevice | undefined,
  request: QuantRequest,
  layers: readonly TensorStatistics[],
  kvCacheBytes?: number,
): Warning[] {
  const warnings: Warning[] = [
    {
      code: "no-bitsandbytes-int8",
      message:
        "Do not use bitsandbytes INT8 to save energy: decoding took 2 to 3 times as much as FP32 on an H100 (arXiv 2601.22362).",
    },
  ];
  if (facts.parameters < smallForNf4) {
    warnings.push({
      code: "nf4-small-model",
      message: "NF4 was reported to cost 25 to 56 % more energy below 3B parameters.",
    });
  }
  if (request.mode === "async" && request.batch >= 5 && request.batch <= 16) {
    warnings.push({
      code: "fp8-small-batch",
      message:
        "No energy is claimed for FP8 here: at batch 8 to 16 it took 13 to 56 % more in 7 of 7 measurements (ML.ENERGY v3).",
    });
  }
  if (request.mode === "async" && /^(H100|H200)/.test(device?.name ?? "")) {
    warnings.push({
      code: "int8-weight-only",
      message: "torchao INT8 weight-only decoded at 0.65 of BF16's rate in vLLM on an H100 (torchao documentation).",
    });
  }
  if (request.contextTokens >= longContextTokens && format.startsWith("int4")) {
    warnings.push({
      code: "long-prompts",
      message: "4-bit methods lost up to 59 % on prompts of 64K tokens (arXiv 2505.20276): test on yours.",
    });
  }
  if (!/^(en|eng|english)([-_]|$)/i.test(request.language) && format.startsWith("int4")) {
    warnings.push({
      code: "language",
      message: `4-bit methods lose more in other languages than English (arXiv 2505.20276): test on texts in ${request.language}.`,
    });
  }
  if (format === "int8-channel") {
    const striped = layers.filter(({ columnAbsmaxRatio }) => (columnAbsmaxRatio ?? 0) > channelOutlier).length;
    warnings.push({
      code: "activation-outliers",
      message:
        striped > 0
          ? `${striped} layers have input channels whose largest weight is over ${channelOutlier} times the median channel's. Activation outliers cannot be seen in weights: with W8A8-INT8 test before serving.`
          : "Activation outliers cannot be seen in weights: with W8A8-INT8 test before serving.",
    });
  }
  if (kvCacheBytes !== undefined && kvCacheBytes > weightBytes(facts, format)) {
    const remedy =
      (device?.computeCapability ?? 0) >= 8.9
        ? "An FP8 KV cache halves it, and quantizing weights does not touch it."
        : "Quantizing weights does not touch it: a shorter context or a smaller batch does.";
    warnings.push({
      code: "kv-cache-large",
      message: `The KV cache (${formatBytes(kvCacheBytes)}) is larger than the weights in ${format}. ${remedy}`,
    });
  }
  if (facts.config.experts !== undefined) {
    warnings.push({
      code: "mixture-of-experts",
      message: "The rules were measured on dense models; of experts only those that a batch picks are read.",
    });
  }
  return warnings;
}
