/** Which of a machine's peaks a layer is held against. */
import type { MachineLimits } from "../../model/gap";
import { isProduct } from "./bytes";
import { computeDtype } from "./dtypes";
import type { LayerMean } from "./layerMeans";
import type { Limits } from "./split";

/** A measured peak scatters by a few percent: above this a layer is over it. */
export const overPeak = 1.05;

export interface LayerLimits {
  /** The row of `peakFlopsPerS`; absent where the layer's format is not known. */
  readonly dtype?: string;
  /** Absent where the machine's figures for that format are not known. */
  readonly limits?: Limits;
}

export interface Peaks {
  of(mean: LayerMean): LayerLimits;
  /** fp32 products are held against TF32's peak, because some ran faster than fp32 can. */
  readonly tf32: boolean;
}

/**
 * PyTorch lets cuDNN's convolutions use TF32 unless told otherwise, and matrix products only where the program says so,
 * which a trace does not tell: a product that is faster than fp32 can be is the evidence.
 */
export function peaksFor(machine: MachineLimits, means: readonly LayerMean[]): Peaks {
  const peaks = machine.peakFlopsPerS ?? {};
  const bandwidthBytesPerS = machine.bandwidthBytesPerS;
  const fp32 = peaks.fp32;
  const tf32 =
    fp32 !== undefined &&
    peaks.tf32 !== undefined &&
    means.some((mean) => {
      const isFp32 = computeDtype(mean.dtype, mean.layer.dtype) === "fp32" && isProduct(mean.layer);
      return isFp32 && (mean.flops ?? 0) > overPeak * fp32 * mean.timeS;
    });
  return {
    tf32,
    of(mean) {
      const computed = computeDtype(mean.dtype, mean.layer.dtype);
      if (computed === undefined) return {};
      const usesTf32 = isProduct(mean.layer) && (tf32 || /^Conv/.test(mean.layer.type));
      const dtype = computed === "fp32" && usesTf32 && peaks.tf32 !== undefined ? "tf32" : computed;
      const peakFlopsPerS = Object.hasOwn(peaks, dtype) ? peaks[dtype] : undefined;
      const known = isPositive(peakFlopsPerS) && isPositive(bandwidthBytesPerS);
      return { dtype, ...(known && { limits: { peakFlopsPerS, bandwidthBytesPerS } }) };
    },
  };
}

function isPositive(value: number | undefined): value is number {
  return value !== undefined && value > 0 && value < Number.POSITIVE_INFINITY;
}
