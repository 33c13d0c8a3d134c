/**
 * Thresholds of the proposal, set by a measured loss.
 *
 * Loss grows linearly with the squared relative error of the weights at medium widths (HIGGS, arXiv 2411.17525):
 * loss = a x, x = mean over weights of 10^(-SQNR/10). `a` is fitted through the origin over the formats that were
 * measured; then the loosest thresholds are taken (those with the fewest bytes) for which the predicted loss stays within
 * the tolerance.
 */
import { formatBytes } from "../../model/format";
import {
  type Format,
  formatBits,
  type ModelFacts,
  type QuantDevice,
  type ScannedFormat,
  scannedFormats,
  type TensorStatistics,
} from "../../model/quantization";
import type { Calibration, VerifyResult } from "../../model/verify";
import { exceptionsOf, isScanned, type PenaltyLimits, proposeOverrides } from "./proposal";

/** One percent of perplexity. */
export const toleratedNats = 0.01;
/** Below this many times its standard error a slope is none. */
const leastSlope = 2;
const finerChoices = [Number.POSITIVE_INFINITY, 3, 1.5, 0.75, 0];
const eightBitChoices = [Number.POSITIVE_INFINITY, 6, 4.5, 3, 1.5, 0.75];

/** Mean squared relative error of all weights; a layer that keeps 16 bits adds none. */
export function relativeError(
  layers: readonly TensorStatistics[],
  formatOf: (layer: TensorStatistics) => Format,
): number {
  let sum = 0;
  let weights = 0;
  for (const layer of layers) {
    const elements = layer.shape.reduce((product, size) => product * size, 1);
    const sqnr = layer.sqnrDb[formatOf(layer) as ScannedFormat];
    weights += elements;
    if (sqnr !== undefined) sum += elements * 10 ** (-sqnr / 10);
  }
  return weights === 0 ? 0 : sum / weights;
}

/** @param proposed the proposal's format; one that is not of 4 bits is calibrated as GPTQ's would be */
export function calibrate(
  result: VerifyResult,
  layers: readonly TensorStatistics[],
  facts: ModelFacts,
  proposed: Format,
  device: QuantDevice | undefined,
): Calibration | undefined {
  const points = measuredPoints(result, layers);
  if (points.length < 3 || layers.length === 0) return undefined;
  const format: ScannedFormat = isScanned(proposed) && formatBits[proposed] < 8 ? proposed : "int4-g128-mse";
  const { slope, standardError } = throughOrigin(points);
  const fitted = { format, natsPerError: slope, standardError };
  if (slope < leastSlope * standardError || slope <= 0) {
    return {
      ...fitted,
      decided: false,
      message:
        "The loss on these texts does not grow with the weights' error beyond its scatter: they cannot set the thresholds, which stay as proposed. Longer or more texts would help.",
    };
  }
  const choices = eightBitChoices.flatMap((eightBitDb) =>
    finerChoices.filter((finerDb) => finerDb <= eightBitDb).map((finerDb) => consider({ finerDb, eightBitDb })),
  );
  function consider(limits: PenaltyLimits) {
    const instead = new Map(exceptionsOf(layers, format, device, limits).map(({ layer, format }) => [layer, format]));
    const predictedNats = slope * relativeError(layers, (layer) => instead.get(layer) ?? format);
    return { limits, predictedNats, ...proposeOverrides(facts, layers, format, device, limits) };
  }
  const good = choices.filter(({ predictedNats }) => predictedNats <= toleratedNats);
  const best =
    good.length > 0
      ? good.reduce((least, other) => (other.weightBytes < least.weightBytes ? other : least))
      : choices.reduce((least, other) => (other.predictedNats < least.predictedNats ? other : least));
  const { limits, predictedNats, overrides, weightBytes } = best;
  const error = predictedNats * (standardError / slope);
  const loss = `${percent(predictedNats)} ± ${percent(1.96 * error)} of perplexity`;
  return {
    ...fitted,
    decided: true,
    ...(Number.isFinite(limits.finerDb) ? { finerDb: limits.finerDb } : {}),
    ...(Number.isFinite(limits.eightBitDb) ? { eightBitDb: limits.eightBitDb } : {}),
    predictedNats,
    overrides,
    weightBytes,
    message:
      good.length > 0
        ? `On these texts ${format} needs ${limitText(limits)}: a predicted loss of ${loss} with ${formatBytes(weightBytes)} of weights.`
        : `On these texts no mixture with ${format} stays within ${percent(toleratedNats)} of perplexity: the best loses ${loss}. Take 8 bits.`,
  };
}

const percent = (nats: number) => `${(100 * Math.expm1(nats)).toPrecision(2)} %`;

function limitText({ finerDb, eightBitDb }: PenaltyLimits): string {
  const parts = [
    Number.isFinite(finerDb) ? `finer scales above ${finerDb} dB of penalty` : "",
    Number.isFinite(eightBitDb) ? `8 bits above ${eightBitDb} dB` : "",
  ].filter(Boolean);
  return parts.length === 0 ? "no layer of another format" : parts.join(" and ");
}

interface Point {
  readonly error: number;
  readonly nats: number;
}

/** Formats of 4 to 8 bits, whole; below that the line bends. */
function measuredPoints({ baseline, variants }: VerifyResult, layers: readonly TensorStatistics[]): Point[] {
  const { loss } = baseline;
  if (loss === undefined) return [];
  const mean = (losses: readonly number[], counts: readonly number[]) =>
    losses.reduce((a, b) => a + b, 0) / counts.reduce((a, b) => a + b, 0);
  const own = mean(loss, baseline.count);
  return variants.flatMap(({ name, loss: losses, count }) => {
    const format = scannedFormats.find((each) => each === name);
    if (format === undefined || losses === undefined || formatBits[format] < 4) return [];
    return [{ error: relativeError(layers, () => format), nats: mean(losses, count) - own }];
  });
}

/** Least squares of nats = slope × error. */
export function throughOrigin(points: readonly Point[]): { slope: number; standardError: number } {
  const squares = points.reduce((sum, { error }) => sum + error * error, 0);
  const slope = points.reduce((sum, { error, nats }) => sum + error * nats, 0) / squares;
  const residuals = points.reduce((sum, { error, nats }) => sum + (nats - slope * error) ** 2, 0);
  return { slope, standardError: Math.sqrt(residuals / Math.max(1, points.length - 1) / squares) };
}
