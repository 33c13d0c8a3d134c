/**
 * From sums to statistics: kurtosis, largest weight in sigmas, ratios of row and column extremes, signal to noise of each
 * format; and which layers stand out among their neighbours.
 */
import { type ScannedFormat, scannedFormats, type TensorStatistics } from "../../model/quantization";
import type { FirstSums, SecondSums } from "../../model/quantScan";
import { decibel } from "./simulate";

/** Signal to noise of Gaussian weights, dB (docs/quantization.md); MXFP4's is that of weights of sigma 0.02. */
export const gaussianSqnrDb: Readonly<Record<ScannedFormat, number>> = {
  "int8-channel": 41.2,
  "fp8-e4m3": 31.5,
  "int4-g128": 18.6,
  "int4-g128-mse": 19.9,
  "int4-g128-asym": 20.0,
  "int4-g32": 20.3,
  nf4: 20.7,
  nvfp4: 20.4,
  mxfp4: 18.9,
  "int3-g128": 13.3,
  "int2-g128": 6.0,
};

/** Sums of all blocks of a tensor, added in the order of the blocks, so that no thread's speed changes a bit. */
export interface TensorSums {
  readonly name: string;
  readonly shape: readonly number[];
  readonly elements: number;
  readonly first: readonly FirstSums[];
  readonly second: readonly SecondSums[];
}

export interface Noise {
  /** Sum of w². */
  readonly signal: number;
  /** Sum of (w - w_q)² of each format. */
  readonly noise: Readonly<Record<ScannedFormat, number>>;
}

/** In the weights' own units, so that tensors can be added. */
export function noiseOf({ first, second }: Pick<TensorSums, "first" | "second">): Noise {
  const signal = first.reduce((sum, part) => sum + part.squares, 0);
  const noise = Object.fromEntries(
    scannedFormats.map((format) => [
      format,
      second.reduce((sum, part) => sum + part.noise[format] / part.factor ** 2, 0),
    ]),
  ) as Record<ScannedFormat, number>;
  return { signal, noise };
}

/** dB of every format; one without noise is exact and has none. */
export function sqnrOf({ signal, noise }: Noise): Partial<Record<ScannedFormat, number>> {
  return Object.fromEntries(
    scannedFormats.flatMap((format) =>
      noise[format] > 0 && signal > 0 ? [[format, decibel(signal, noise[format])]] : [],
    ),
  );
}

/** Everything but the flag, which needs the neighbours. */
export function statisticsOf(sums: TensorSums): Omit<TensorStatistics, "flagged"> {
  const { name, shape, elements, first, second } = sums;
  const secondMoment = second.reduce((sum, part) => sum + part.second / part.factor ** 2, 0) / elements;
  const fourthMoment = second.reduce((sum, part) => sum + part.fourth / part.factor ** 4, 0) / elements;
  const absmax = first.reduce((most, part) => Math.max(most, part.absmax), 0);
  const rowRatio = ratio(joined(first.map(({ rowAbsmax }) => rowAbsmax)));
  const columnRatio = ratio(columnwise(first.map(({ columnAbsmax }) => columnAbsmax)));
  return {
    name,
    shape,
    kurtosis: secondMoment > 0 ? fourthMoment / secondMoment ** 2 : 0,
    maxOverSigma: secondMoment > 0 ? absmax / Math.sqrt(secondMoment) : 0,
    ...(rowRatio === undefined ? {} : { rowAbsmaxRatio: rowRatio }),
    ...(columnRatio === undefined ? {} : { columnAbsmaxRatio: columnRatio }),
    sqnrDb: sqnrOf(noiseOf(sums)),
  };
}

function joined(parts: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

function columnwise(parts: readonly Float32Array[]): Float32Array {
  const most = new Float32Array(parts[0]?.length ?? 0);
  for (const part of parts) for (let i = 0; i < most.length; i++) most[i] = Math.max(most[i]!, part[i]!);
  return most;
}

/** Largest over median; undefined where the median is 0. */
function ratio(extremes: Float32Array): number | undefined {
  if (extremes.length === 0) return undefined;
  const sorted = extremes.slice().sort();
  const median = sorted[sorted.length >> 1]!;
  return median > 0 ? sorted.at(-1)! / median : undefined;
}

/** Where a tensor stands: the number of its layer, and its name without it. */
export function placeOf(name: string): { layer: number; projection: string } | undefined {
  const match = /(^|\.)(layers?|h|blocks?|blk|layer_module)\.(\d+)\.(.*)$/.exec(name);
  return match === null ? undefined : { layer: Number(match[3]), projection: match[4]! };
}

/** A jump this many trimmed standard deviations from the trimmed mean stands out. */
const zLimit = 3;
const trimmedShare = 0.05;
/** Below this many layers a spread means nothing. */
const leastLayers = 6;

/**
 * Names whose kurtosis jumps against their neighbours of the same projection (KurtBoost, arXiv 2503.06518): differences
 * of adjacent layers, mean and standard deviation after 5 % are cut off at both ends, |z| > 3; the higher side is named.
 */
export function outliersInKurtosis(
  tensors: readonly { readonly name: string; readonly kurtosis: number }[],
): Set<string> {
  const byProjection = new Map<string, { name: string; layer: number; kurtosis: number }[]>();
  for (const { name, kurtosis } of tensors) {
    const place = placeOf(name);
    if (place === undefined) continue;
    // Experts of one layer are no neighbours: each is followed through the layers.
    const row = byProjection.get(place.projection) ?? [];
    row.push({ name, layer: place.layer, kurtosis });
    byProjection.set(place.projection, row);
  }
  const outliers = new Set<string>();
  for (const row of byProjection.values()) {
    if (row.length < leastLayers) continue;
    row.sort((a, b) => a.layer - b.layer);
    const jumps = row.slice(1).map(({ kurtosis }, i) => kurtosis - row[i]!.kurtosis);
    const { mean, deviation } = trimmed(jumps);
    jumps.forEach((jump, i) => {
      // Layers that are equal but for one have no spread: a jump of a hundredth still is none.
      if (Math.abs(jump - mean) > zLimit * Math.max(deviation, 0.01)) outliers.add(row[jump > mean ? i + 1 : i]!.name);
    });
  }
  return outliers;
}

function trimmed(values: readonly number[]): { mean: number; deviation: number } {
  const cut = Math.ceil(values.length * trimmedShare);
  const kept = [...values].sort((a, b) => a - b).slice(cut, values.length - cut);
  const mean = kept.reduce((sum, value) => sum + value, 0) / kept.length;
  const variance = kept.reduce((sum, value) => sum + (value - mean) ** 2, 0) / Math.max(1, kept.length - 1);
  return { mean, deviation: Math.sqrt(variance) };
}
