/**
 * Simulated quantization: what is left of a weight matrix after it was rounded to a format, value by value.
 *
 * Every step is float32 arithmetic in a stated order, so that PyTorch gives the same bits (test/unit has the program).
 * Rows are output channels; groups run along the input dimension, and a last group shorter than the group size is a
 * group of its own. A group of zeros has no scale and stays as it is. Definitions: docs/quantization.md.
 */
import type { ScannedFormat } from "../../model/quantization";
import { e2m1Max, e4m3Max, powerOfTwoBelow, roundHalfEven, toE2m1, toE4m3, toNf4 } from "./levels";

const f = Math.fround;

/** Rounds `source[from..to)` into `target`; both keep their places. */
type RoundGroup = (source: Float32Array, from: number, to: number, target: Float32Array, tensorAbsmax: number) => void;

interface Scheme {
  /** 0: the whole row. */
  readonly groupSize: number;
  readonly round: RoundGroup;
}

function absmax(source: Float32Array, from: number, to: number): number {
  let most = 0;
  for (let i = from; i < to; i++) most = Math.max(most, Math.abs(source[i]!));
  return most;
}

function keep(source: Float32Array, from: number, to: number, target: Float32Array): undefined {
  target.set(source.subarray(from, to), from);
}

/** Symmetric: q = round(w / s) clipped to [low, high], w_q = q s, for a scale made of the group's absmax. */
function symmetric(divisor: number, low: number, high: number): RoundGroup {
  return (source, from, to, target) => {
    const scale = f(absmax(source, from, to) / divisor);
    if (scale === 0) return keep(source, from, to, target);
    roundTo(source, from, to, target, scale, low, high);
  };
}

function roundTo(
  source: Float32Array,
  from: number,
  to: number,
  target: Float32Array,
  scale: number,
  low: number,
  high: number,
): void {
  for (let i = from; i < to; i++) {
    const q = Math.min(high, Math.max(low, roundHalfEven(f(source[i]! / scale))));
    target[i] = q * scale;
  }
}

/** Shares of the absmax that are tried as a clip, largest first: 1.00, 0.99 … 0.31. */
export const clips = Float32Array.from({ length: 70 }, (_, i) => (100 - i) / 100);

/**
 * The share of the absmax with the least squared error in the group; a tie goes to the larger.
 *
 * Differences are float32, their squares and the sum are float64, summed in the order of the weights.
 */
export function bestClip(source: Float32Array, from: number, to: number): number {
  const most = absmax(source, from, to);
  let best = clips[0]!;
  let least = Number.POSITIVE_INFINITY;
  for (const clip of clips) {
    const scale = f(f(clip * most) / 7);
    if (scale === 0) break;
    let sum = 0;
    // Squares only add: beyond the least so far this clip has lost, whatever follows.
    for (let i = from; i < to && sum < least; i++) {
      const q = Math.min(7, Math.max(-8, roundHalfEven(f(source[i]! / scale))));
      const error = f(source[i]! - f(q * scale));
      sum += error * error;
    }
    if (sum < least) {
      least = sum;
      best = clip;
    }
  }
  return best;
}

const mseClipped: RoundGroup = (source, from, to, target) => {
  const scale = f(f(bestClip(source, from, to) * absmax(source, from, to)) / 7);
  if (scale === 0) return keep(source, from, to, target);
  roundTo(source, from, to, target, scale, -8, 7);
};

/** s = (max - min) / levels, z = round(-min / s), q = clip(round(w / s) + z, 0, levels), w_q = (q - z) s. */
function asymmetric(levels: number): RoundGroup {
  return (source, from, to, target) => {
    let least = Number.POSITIVE_INFINITY;
    let most = Number.NEGATIVE_INFINITY;
    for (let i = from; i < to; i++) {
      least = Math.min(least, source[i]!);
      most = Math.max(most, source[i]!);
    }
    const scale = f(f(most - least) / levels);
    if (scale === 0) return keep(source, from, to, target);
    const zero = roundHalfEven(f(-least / scale));
    for (let i = from; i < to; i++) {
      const q = Math.min(levels, Math.max(0, f(roundHalfEven(f(source[i]! / scale)) + zero)));
      target[i] = f(q - zero) * scale;
    }
  };
}

const fp8: RoundGroup = (source, from, to, target) => {
  const scale = f(absmax(source, from, to) / e4m3Max);
  if (scale === 0) return keep(source, from, to, target);
  for (let i = from; i < to; i++) target[i] = toE4m3(f(source[i]! / scale)) * scale;
};

const nf4: RoundGroup = (source, from, to, target) => {
  const scale = absmax(source, from, to);
  if (scale === 0) return keep(source, from, to, target);
  for (let i = from; i < to; i++) target[i] = toNf4(f(source[i]! / scale)) * scale;
};

/** Scale of the block in E4M3 times a scale of the tensor; a block too small for E4M3 becomes zeros. */
const nvfp4: RoundGroup = (source, from, to, target, tensorAbsmax) => {
  const tensorScale = f(tensorAbsmax / (e2m1Max * e4m3Max));
  const most = absmax(source, from, to);
  if (most === 0 || tensorScale === 0) return keep(source, from, to, target);
  const scale = f(toE4m3(f(f(most / e2m1Max) / tensorScale)) * tensorScale);
  if (scale === 0) {
    target.fill(0, from, to);
    return;
  }
  for (let i = from; i < to; i++) target[i] = toE2m1(f(source[i]! / scale)) * scale;
};

const mxfp4: RoundGroup = (source, from, to, target) => {
  const most = absmax(source, from, to);
  if (most === 0) return keep(source, from, to, target);
  const scale = f(powerOfTwoBelow(most) / 4);
  if (scale === 0) return keep(source, from, to, target);
  for (let i = from; i < to; i++) target[i] = toE2m1(f(source[i]! / scale)) * scale;
};

const schemes: Record<ScannedFormat, Scheme> = {
  "int8-channel": { groupSize: 0, round: symmetric(127, -127, 127) },
  "fp8-e4m3": { groupSize: 0, round: fp8 },
  "int4-g128": { groupSize: 128, round: symmetric(7, -8, 7) },
  "int4-g128-mse": { groupSize: 128, round: mseClipped },
  "int4-g128-asym": { groupSize: 128, round: asymmetric(15) },
  "int4-g32": { groupSize: 32, round: symmetric(7, -8, 7) },
  nf4: { groupSize: 64, round: nf4 },
  nvfp4: { groupSize: 16, round: nvfp4 },
  mxfp4: { groupSize: 32, round: mxfp4 },
  "int3-g128": { groupSize: 128, round: asymmetric(7) },
  "int2-g128": { groupSize: 128, round: asymmetric(3) },
};

/**
 * Weights rounded to a format and back.
 *
 * @param weights rows × columns, row-major, finite
 * @param tensorAbsmax of the whole tensor where `weights` is a part of it (NVFP4 alone uses it)
 * @returns a new array of the same length
 */
export function simulateQuantization(
  weights: Float32Array,
  rows: number,
  columns: number,
  format: ScannedFormat,
  tensorAbsmax: number = absmax(weights, 0, weights.length),
): Float32Array {
  const { groupSize, round } = schemes[format];
  const target = new Float32Array(weights.length);
  const size = groupSize === 0 ? columns : groupSize;
  for (let row = 0; row < rows; row++) {
    const end = (row + 1) * columns;
    for (let from = row * columns; from < end; from += size) {
      round(weights, from, Math.min(end, from + size), target, tensorAbsmax);
    }
  }
  return target;
}

/** Signal to noise of `rounded` against `weights`, dB: 10 log10(sum w² / sum (w - w_q)²); infinite where exact. */
export function sqnrDb(weights: Float32Array, rounded: Float32Array): number {
  let signal = 0;
  let noise = 0;
  for (let i = 0; i < weights.length; i++) {
    const error = weights[i]! - rounded[i]!;
    signal += weights[i]! * weights[i]!;
    noise += error * error;
  }
  return decibel(signal, noise);
}

export function decibel(signal: number, noise: number): number {
  return 10 * Math.log10(signal / noise);
}
