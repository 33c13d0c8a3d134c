/**
 * How far a layer is from the machine's limit, and why.
 *
 * With F FLOPs, B bytes, peak P, bandwidth W and measured time t: the ideal time is F / P, the roofline time
 * max(F / P, B / W) (Williams, Waterman & Patterson 2009). What lies between ideal and roofline is lost to memory, what
 * lies above the roofline to the kernel. Ideal time, gap and waterline are named after Lavin, "On the Efficiency of
 * Convolutional Neural Networks" (arXiv 2404.03617); the formulas here are worked out from its abstract and are not its
 * own definitions.
 */
export interface Limits {
  /** FLOP/s. */
  readonly peakFlopsPerS: number;
  /** Bytes/s. */
  readonly bandwidthBytesPerS: number;
}

/** Work of one layer or chain. */
export interface Work {
  readonly flops: number;
  readonly bytes: number;
}

/** Seconds; `timeS` is the sum of the other three in this order, to the last bit. */
export interface TimeSplit {
  readonly timeS: number;
  readonly idealTimeS: number;
  readonly memoryGapS: number;
  readonly kernelGapS: number;
}

/**
 * The measured time in three parts that are never negative. A layer faster than its roofline (its data came from a
 * cache) has no kernel gap, one over the peak neither gap.
 *
 * `timeS` may come back another last bit than it went in, so that the parts add up to it without a remainder.
 */
export function splitTime(timeS: number, { flops, bytes }: Work, limits: Limits): TimeSplit {
  const idealTimeS = Math.min(timeS, flops / limits.peakFlopsPerS);
  const memoryGapS = Math.max(0, Math.min(timeS, bytes / limits.bandwidthBytesPerS) - idealTimeS);
  const kernelGapS = Math.max(0, timeS - (idealTimeS + memoryGapS));
  return { timeS: idealTimeS + memoryGapS + kernelGapS, idealTimeS, memoryGapS, kernelGapS };
}

/** Seconds that the roofline allows. */
export function rooflineTimeS({ flops, bytes }: Work, { peakFlopsPerS, bandwidthBytesPerS }: Limits): number {
  return Math.max(flops / peakFlopsPerS, bytes / bandwidthBytesPerS);
}

/** FLOPs a byte at which computing takes as long as moving: the waterline. */
export function balanceOf({ peakFlopsPerS, bandwidthBytesPerS }: Limits): number {
  return peakFlopsPerS / bandwidthBytesPerS;
}

/** min(1, intensity / balance): the share of the peak that memory allows. 1 where nothing is moved. */
export function attainableEfficiency({ flops, bytes }: Work, limits: Limits): number {
  return bytes > 0 ? Math.min(1, flops / bytes / balanceOf(limits)) : 1;
}

/** Of one layer or of several after each other: the FLOP-weighted harmonic mean of what each can reach. */
export function attainableOfAll(all: readonly (Work & { readonly limits: Limits })[]): number | undefined {
  let idealS = 0;
  let roofS = 0;
  for (const { limits, ...work } of all) {
    idealS += work.flops / limits.peakFlopsPerS;
    roofS += rooflineTimeS(work, limits);
  }
  return roofS > 0 ? idealS / roofS : undefined;
}

/**
 * Roofline time of layers one after the other, less that of one kernel which does the same work and moves `fused.bytes`.
 * Never negative. Recomputed borders are not counted, and it holds only where the tile between them fits on chip.
 */
export function fusionSavingS(layers: readonly Work[], fused: Work, limits: Limits): number {
  const apartS = layers.reduce((sum, layer) => sum + rooflineTimeS(layer, limits), 0);
  return Math.max(0, apartS - rooflineTimeS(fused, limits));
}
