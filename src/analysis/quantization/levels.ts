/**
 * The small number formats: nearest values of E4M3 and E2M1, and the levels of NF4.
 *
 * Ties go to the even mantissa, as PyTorch's casts do; what is beyond the largest value becomes the largest value.
 */

/** Largest E4M3 value: bias 7, no infinities (OCP 8-bit floating point, E4M3). */
export const e4m3Max = 448;
/** Largest E2M1 value (OCP microscaling formats): 0, .5, 1, 1.5, 2, 3, 4, 6. */
export const e2m1Max = 6;

/** Sixteen NormalFloat levels of the QLoRA paper (2305.14314, appendix E), as float32. */
export const nf4Levels = Float32Array.of(
  -1,
  -0.6961928009986877,
  -0.5250730514526367,
  -0.39491748809814453,
  -0.28444138169288635,
  -0.18477343022823334,
  -0.09105003625154495,
  0,
  0.07958029955625534,
  0.16093020141124725,
  0.24611230194568634,
  0.33791524171829224,
  0.44070982933044434,
  0.5626170039176941,
  0.7229568362236023,
  1,
);

/** Halfway between neighbours, in float32; a value on one goes to the lower level. */
export const nf4Midpoints = Float32Array.from({ length: 15 }, (_, i) =>
  Math.fround(Math.fround(nf4Levels[i]! + nf4Levels[i + 1]!) / 2),
);

/** Round half to even, for magnitudes below 2^51. */
export function roundHalfEven(value: number): number {
  // Adding 1.5 × 2^52 leaves no room for a fraction; the processor rounds half to even.
  return value + 6755399441055744 - 6755399441055744;
}

const bits = new DataView(new ArrayBuffer(4));

/** Largest power of two not above a positive finite float32, itself normal. */
export function powerOfTwoBelow(value: number): number {
  bits.setFloat32(0, value);
  const exponent = bits.getUint32(0) & 0x7f800000;
  if (exponent !== 0) {
    bits.setUint32(0, exponent);
    return bits.getFloat32(0);
  }
  return 2 ** Math.floor(Math.log2(value)); // a subnormal
}

/** @param mantissaBits explicit ones; @param smallest exponent of the smallest normal value */
function nearest(value: number, mantissaBits: number, smallest: number, largest: number): number {
  const magnitude = Math.abs(value);
  if (magnitude === 0 || Number.isNaN(value)) return value;
  const binade = Math.max(powerOfTwoBelow(Math.fround(magnitude)), 2 ** smallest);
  const step = binade * 2 ** -mantissaBits;
  return Math.sign(value) * Math.min(roundHalfEven(magnitude / step) * step, largest);
}

/** Nearest E4M3 value of a float32. */
export function toE4m3(value: number): number {
  return nearest(value, 3, -6, e4m3Max);
}

/** Nearest E2M1 value of a float32. */
export function toE2m1(value: number): number {
  return nearest(value, 1, 0, e2m1Max);
}

/** Nearest NF4 level of a value in -1..1. */
export function toNf4(value: number): number {
  let level = 0;
  for (let step = 8; step > 0; step >>= 1) if (value > nf4Midpoints[level + step - 1]!) level += step;
  return nf4Levels[level]!;
}
