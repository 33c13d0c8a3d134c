/**
 * Time and energy of a decode step: a fit on ML.ENERGY v3 for batches of 8 to 300, the measured share of peak bandwidth
 * below.
 *
 * step = t0 + [n > 1] tp L / 80 + (W + KV) / (eta BW n) + 2 P b / (mfu peak n); energy a token = 1.06 power × step / b,
 * power = TDP n × (0.62 at batch 8 … 0.87 at 256, linear in log b). 72 rows on H100, dense models of 8B to 70B: in-sample
 * mean error 6.8 %, leave-one-model-out 2 to 11 %, 21 % when extrapolated to 405B-FP8; energy 9.9 %. The B200 has a fit of
 * its own, 24 % off. Ranges are those errors; a range between both fits is given for any other GPU.
 */
import { type Answer, known, unknown } from "../../model/answer";
import {
  type Format,
  formatBits,
  type ModelFacts,
  type QuantDevice,
  type QuantRequest,
} from "../../model/quantization";
import { kvCacheBytes, weightBytes } from "./sizes";

export interface DecodeFit {
  readonly t0Ms: number;
  readonly tpMsPer80Layers: number;
  readonly etaBandwidth: number;
  readonly mfu: number;
}

export const decodeFits = {
  H100: {
    t0Ms: 2.663980705630383,
    tpMsPer80Layers: 2.4140209543758555,
    etaBandwidth: 0.9131488625971573,
    mfu: 0.3418304746640475,
  },
  B200: { t0Ms: 2.1234886600937335, tpMsPer80Layers: 0, etaBandwidth: 0.5284976299516475, mfu: 0.48049387470286237 },
} as const satisfies Record<string, DecodeFit>;

/** Relative errors: mean of the worst model left out, extrapolation to 405B-FP8, the B200's own fit, energy. */
export const decodeErrors = {
  leaveOneOut: 0.112,
  extrapolated: 0.213,
  b200: 0.2385962684192295,
  energy: 0.099,
} as const;
export const fittedBatch = { from: 8, to: 300 } as const;
/** Parameters of the models that the fit saw. */
const fittedParameters = { from: 8e9 * 0.9, to: 70e9 * 1.05 } as const;

/** Share of peak bandwidth at batch 1, from the paper's code-completion times (arXiv 2411.02355, table 5). */
const bandwidthShare = {
  bits16: [0.68, 0.82],
  bits8: [0.65, 0.74],
  bits4Ampere: [0.54, 0.64],
  bits4Hopper: [0.4, 0.43],
  bits4Other: [0.4, 0.64],
} as const;

/** A decode at small batches draws 137 W of 700 at least (arXiv 2605.11999), and at batch 8 of the fit 0.62. */
const smallBatchPower = [137 / 700, 0.62] as const;

export interface Prediction {
  readonly timePerTokenS: readonly [number, number];
  readonly energyPerTokenJ?: readonly [number, number];
  /** Why the fit does not hold here; absent inside of its range. */
  readonly outside?: string;
}

/** Which peak a format multiplies at: weight-only formats compute in 16 bits. */
function peakOf(format: Format, peaks: Readonly<Record<string, number>>): number | undefined {
  const own =
    format === "fp8-e4m3"
      ? peaks.fp8
      : format === "int8-channel"
        ? peaks.int8
        : format === "nvfp4" || format === "mxfp4"
          ? peaks.fp4
          : undefined;
  return own ?? peaks.bf16 ?? peaks.fp16;
}

/** Share of the experts that a step of `batch` tokens reads: each token picks k of E. */
function expertShare(facts: ModelFacts, batch: number): number {
  const { experts, expertsPerToken } = facts.config;
  if (experts === undefined || expertsPerToken === undefined || experts === 0) return 1;
  return 1 - (1 - Math.min(1, expertsPerToken / experts)) ** batch;
}

/** Bytes of weights that a step reads: of experts those that are picked, of the embedding only where it is the head. */
export function readBytes(facts: ModelFacts, format: Format, batch: number): number {
  const bits = formatBits[format];
  const unread = facts.expertParameters * (1 - expertShare(facts, batch));
  const lookedUp = facts.headParameters > 0 ? facts.embeddingParameters : 0;
  return (
    weightBytes(facts, format) -
    (unread * bits) / 8 -
    lookedUp * (format === "q4_k_m" || format === "q8_0" ? bits / 8 : 2)
  );
}

function activeParameters(facts: ModelFacts): number {
  return facts.parameters - facts.expertParameters * (1 - expertShare(facts, 1));
}

/** The fitted step, seconds. @param weights bytes; @param kv bytes; peaks of one device */
export function fittedStepS(
  fit: DecodeFit,
  input: {
    weights: number;
    kv: number;
    parameters: number;
    batch: number;
    layers: number;
    devices: number;
    bandwidthBytesPerS: number;
    peakPerS: number;
  },
): number {
  const { weights, kv, parameters, batch, layers, devices, bandwidthBytesPerS, peakPerS } = input;
  const parallelMs = devices > 1 ? (fit.tpMsPer80Layers * layers) / 80 : 0;
  const memoryS = (weights + kv) / (fit.etaBandwidth * bandwidthBytesPerS * devices);
  const computeS = (2 * parameters * batch) / (fit.mfu * peakPerS * devices);
  return (fit.t0Ms + parallelMs) / 1000 + memoryS + computeS;
}

/** Share of the TDP that decoding draws: 0.62 at batch 8, 0.87 at 256. */
export function powerShare(batch: number): number {
  const position = Math.log2(Math.min(256, Math.max(8, batch)) / 8) / 5;
  return 0.62 + position * (0.87 - 0.62);
}

/** @returns unknown, with the reason, where the device's bandwidth or the model's kind does not allow a prediction */
export function predictDecode(
  facts: ModelFacts,
  format: Format,
  device: QuantDevice | undefined,
  request: QuantRequest,
): Answer<Prediction> {
  if (facts.generates === false)
    return unknown(`${facts.architecture ?? "This model"} does not write text token by token.`);
  if (device?.bandwidthBytesPerS === undefined || device.peakPerS === undefined || device.kind !== "gpu") {
    return unknown("The decode model was fitted on GPUs whose bandwidth is known.");
  }
  if (format === "q4_k_m" || format === "q8_0")
    return unknown("The decode model was fitted on vLLM, which these files are not for.");
  const peak = peakOf(format, device.peakPerS);
  if (peak === undefined) return unknown("The device's peak is not known.");
  return known(
    request.batch < fittedBatch.from
      ? smallBatch(facts, format, device, request)
      : fitted(facts, format, device, request, peak),
  );
}

function smallBatch(facts: ModelFacts, format: Format, device: QuantDevice, request: QuantRequest): Prediction {
  const bytes =
    readBytes(facts, format, request.batch) + (kvCacheBytes(facts.config, request.contextTokens, request.batch) ?? 0);
  const [low, high] = shareOf(format, device);
  const peak = device.bandwidthBytesPerS! * device.count;
  // The shares were measured from 8B on. Below, a step's fixed time counts, and nobody measured how much of it.
  const small = facts.parameters < fittedParameters.from;
  const fixedS = small ? decodeFits.H100.t0Ms / 1000 : 0;
  const time: [number, number] = [bytes / (high * peak), bytes / (low * peak) + fixedS];
  const power = device.tdpW === undefined ? undefined : device.tdpW * device.count;
  return {
    timePerTokenS: time,
    ...(power === undefined
      ? {}
      : {
          energyPerTokenJ: [
            (smallBatchPower[0] * power * time[0]) / request.batch,
            (smallBatchPower[1] * power * time[1]) / request.batch,
          ] as const,
        }),
    outside: `Batch ${request.batch} is below ${fittedBatch.from}: the time is bytes over the measured share of peak bandwidth (arXiv 2411.02355), the power between 137 W of 700 (arXiv 2605.11999) and the fit's at batch 8.${small ? " Below 8B the upper end has the fit's 2.7 ms a step besides." : ""}`,
  };
}

function shareOf(format: Format, device: QuantDevice): readonly [number, number] {
  const bits = formatBits[format];
  const many = device.count >= 8;
  if (bits >= 16) return many ? [0.31, bandwidthShare.bits16[1]] : bandwidthShare.bits16;
  if (bits >= 8) return many ? [0.5, bandwidthShare.bits8[1]] : bandwidthShare.bits8;
  if (device.architecture === "Hopper") return bandwidthShare.bits4Hopper;
  return device.architecture === "Ampere" ? bandwidthShare.bits4Ampere : bandwidthShare.bits4Other;
}

function fitted(
  facts: ModelFacts,
  format: Format,
  device: QuantDevice,
  request: QuantRequest,
  peakPerS: number,
): Prediction {
  const { batch, contextTokens } = request;
  const unread = facts.expertParameters * (1 - expertShare(facts, batch));
  const input = {
    weights: weightBytes(facts, format) - (unread * formatBits[format]) / 8,
    kv: kvCacheBytes(facts.config, contextTokens, batch) ?? 0,
    parameters: activeParameters(facts),
    batch,
    layers: facts.config.layers ?? 0,
    devices: device.count,
    bandwidthBytesPerS: device.bandwidthBytesPerS!,
    peakPerS,
  };
  const steps = { H100: fittedStepS(decodeFits.H100, input), B200: fittedStepS(decodeFits.B200, input) };
  const outside = outsideOf(facts, device, request);
  const error = outside.length === 0 ? decodeErrors.leaveOneOut : decodeErrors.extrapolated;
  const around = (step: number, relative: number): [number, number] => [step * (1 - relative), step * (1 + relative)];
  const time = /^H100|^H200/.test(device.name)
    ? around(steps.H100, error)
    : /^G?B200/.test(device.name)
      ? around(steps.B200, decodeErrors.b200)
      : ([Math.min(steps.H100, steps.B200), Math.max(steps.H100, steps.B200)] as [number, number]);
  const power = device.tdpW === undefined ? undefined : 1.06 * device.tdpW * device.count * powerShare(batch);
  const middle = (time[0] + time[1]) / 2;
  const spread = Math.max(decodeErrors.energy, (time[1] - time[0]) / 2 / middle);
  return {
    timePerTokenS: time,
    ...(power === undefined ? {} : { energyPerTokenJ: around((power * middle) / batch, spread) }),
    ...(outside.length === 0 ? {} : { outside: outside.join(" ") }),
  };
}

function outsideOf(facts: ModelFacts, device: QuantDevice, { batch }: QuantRequest): string[] {
  const reasons: string[] = [];
  if (/^G?B200/.test(device.name)) reasons.push("The B200 has a fit of its own, whose mean error is 24 %.");
  else if (/^H200/.test(device.name))
    reasons.push(
      "The fit is of the H100; the H200 has its chip and another memory: ±21 %, the error when extrapolated.",
    );
  else if (!device.name.startsWith("H100"))
    reasons.push(`Fitted on H100 and B200, not on ${device.name}: the range lies between both fits.`);
  if (batch > fittedBatch.to) reasons.push(`Batch ${batch} is above ${fittedBatch.to}, the largest that was fitted.`);
  if (facts.config.experts !== undefined) reasons.push("Fitted on dense models, not on a mixture of experts.");
  if (facts.parameters < fittedParameters.from || facts.parameters > fittedParameters.to) {
    reasons.push("Fitted on models of 8B to 70B: ±21 %, the error when extrapolated.");
  }
  return reasons;
}
