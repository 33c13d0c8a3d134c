/**
 * Stored numbers to float32. Types that come in bulk, bfloat16 and float16, are kernels; the rest is here and in
 * `ggufBlocks.ts`.
 */
import { dequantizers } from "./ggufBlocks";

/** IEEE binary16. */
export function halfToFloat(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 31;
  const fraction = half & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25));
}

/**
 * The 256 values of an 8-bit float.
 * @param finite: E4M3FN has no infinities and one NaN; the FNUZ types have a bias one higher, no -0, and NaN in its place
 */
function float8(exponentBits: number, kind: "ieee" | "fn" | "fnuz"): Float32Array {
  const fractionBits = 7 - exponentBits;
  const bias = 2 ** (exponentBits - 1) - (kind === "fnuz" ? 0 : 1);
  const lastExponent = 2 ** exponentBits - 1;
  return Float32Array.from({ length: 256 }, (_, code) => {
    if (kind === "fnuz" && code === 128) return Number.NaN;
    const exponent = (code & 127) >> fractionBits;
    const fraction = code & (2 ** fractionBits - 1);
    const sign = code & 128 ? -1 : 1;
    if (kind === "ieee" && exponent === lastExponent)
      return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
    if (kind === "fn" && (code & 127) === 127) return Number.NaN;
    const unit = 2 ** -fractionBits;
    return sign * (exponent === 0 ? fraction * unit * 2 ** (1 - bias) : (1 + fraction * unit) * 2 ** (exponent - bias));
  });
}

const float8Tables: Readonly<Record<string, () => Float32Array>> = {
  F8_E4M3: once(() => float8(4, "fn")),
  F8_E5M2: once(() => float8(5, "ieee")),
  F8_E4M3FNUZ: once(() => float8(4, "fnuz")),
  F8_E5M2FNUZ: once(() => float8(5, "fnuz")),
};

function once<T>(make: () => T): () => T {
  let value: T | undefined;
  return () => (value ??= make());
}

/** Reads `target.length` numbers from `source`, whose layout is little-endian. */
export type Decoder = (source: Uint8Array, target: Float32Array) => void;

const decoders: Readonly<Record<string, Decoder>> = {
  F32: (source, target) => new Uint8Array(target.buffer, target.byteOffset, target.byteLength).set(source),
  F64: (source, target) => {
    const view = new DataView(source.buffer, source.byteOffset, source.byteLength);
    for (let i = 0; i < target.length; i++) target[i] = view.getFloat64(i * 8, true);
  },
  ...Object.fromEntries(
    Object.entries(float8Tables).map(([name, table]) => [
      name,
      (source: Uint8Array, target: Float32Array) => {
        const values = table();
        for (let i = 0; i < target.length; i++) target[i] = values[source[i]!]!;
      },
    ]),
  ),
};

/** Types in bulk, by kernel. */
export const kernelTypes: Readonly<Record<string, "bf16" | "f16">> = {
  BF16: "bf16",
  bf16: "bf16",
  F16: "f16",
  f16: "f16",
};

/** How numbers of a type are read; undefined where they are no real numbers (integers, packed codes, scales). */
export function decoderOf(dtype: string): Decoder | undefined {
  const name = dtype === "f32" ? "F32" : dtype === "f64" ? "F64" : dtype;
  if (Object.hasOwn(decoders, name)) return decoders[name];
  return Object.hasOwn(dequantizers, dtype) ? dequantizers[dtype] : undefined;
}

/** Whether the scan can read weights of this type. */
export function isScannable(dtype: string): boolean {
  return Object.hasOwn(kernelTypes, dtype) || decoderOf(dtype) !== undefined;
}
