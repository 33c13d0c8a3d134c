/**
 * The waste factor: how many watts go in for each watt that becomes the signal, stage by stage.
 *
 * For stages in a chain, source first, with waste factors W_k and gains G_k, the whole has
 * W = 1 + sum over k of (W_k - 1) / (product of the gains behind k); a passive stage has W = 1 / G (Ying, Shakya, Poddar
 * & Rappaport 2023, Waste Factor, arXiv:2309.01018). In dB it is 10 log10 W. Power beside the path is not in it.
 *
 * That a computer is such a chain (wall plug, PUE, power supply, the device's share of its node, useful FLOPs) is
 * Wattline's own reading, and so is what counts as useful: a FLOP at the device's best joules a FLOP, which is its rated
 * power over its peak.
 */

/** One stage from the wall plug on: the share of its power that goes on to the next, in 0..1 (0 excluded). */
export interface WasteStage {
  readonly id: string;
  readonly efficiency: number;
}

export interface WastePart extends WasteStage {
  /** The stage's part of `factor - 1`: watts lost here for each useful watt. */
  readonly lostPerUseful: number;
  /** The same as a share of what goes in at the plug. */
  readonly share: number;
}

export interface WasteCascade {
  /** Watts at the plug for each useful watt; at least 1. */
  readonly factor: number;
  /** 10 log10 of it. */
  readonly decibels: number;
  /** The useful share of what goes in: with the shares of the parts it adds up to 1. */
  readonly usefulShare: number;
  readonly parts: readonly WastePart[];
}

/**
 * The cascade of passive stages.
 * @param stages from the plug on
 * @returns undefined where a stage's efficiency lies outside of 0..1: then something else is wrong, and no number helps
 */
export function wasteCascade(stages: readonly WasteStage[]): WasteCascade | undefined {
  if (!stages.every(({ efficiency }) => efficiency > 0 && efficiency <= 1)) return undefined;
  let behind = 1;
  const parts: WastePart[] = [];
  for (const stage of [...stages].reverse()) {
    parts.unshift({ ...stage, lostPerUseful: (1 / stage.efficiency - 1) / behind, share: 0 });
    behind *= stage.efficiency;
  }
  const factor = 1 / behind;
  return {
    factor,
    decibels: 10 * Math.log10(factor),
    usefulShare: behind,
    parts: parts.map((part) => ({ ...part, share: part.lostPerUseful / factor })),
  };
}

export interface ComputeChain {
  /** Power usage effectiveness of the building, at least 1; absent: not known, and then not in the cascade. */
  readonly pue?: number;
  /** Efficiency of the power supply, 0..1. */
  readonly supplyEfficiency?: number;
  /** The device's watts as a share of its node's, 0..1. */
  readonly nodeShare?: number;
  /** From `usefulShare`. */
  readonly usefulShare?: number;
}

/** From the wall plug to useful FLOPs, as far as the chain is known. */
export function computeCascade({ pue, supplyEfficiency, nodeShare, usefulShare }: ComputeChain) {
  return wasteCascade([
    ...(pue !== undefined ? [{ id: "pue", efficiency: 1 / pue }] : []),
    ...(supplyEfficiency !== undefined ? [{ id: "supply", efficiency: supplyEfficiency }] : []),
    ...(nodeShare !== undefined ? [{ id: "node", efficiency: nodeShare }] : []),
    ...(usefulShare !== undefined ? [{ id: "device", efficiency: usefulShare }] : []),
  ]);
}

/**
 * What share of a device's watts its FLOPs would have needed at its best: achieved FLOP/s times its joules a FLOP at
 * full load (rated power over peak FLOP/s), over the watts that were measured. At most 1: a device below its rated
 * power at its peak is all useful.
 */
export function usefulShare(flopsPerS: number, powerW: number, peakFlopsPerS: number, ratedPowerW: number): number {
  return Math.min(1, (flopsPerS * (ratedPowerW / peakFlopsPerS)) / powerW);
}
