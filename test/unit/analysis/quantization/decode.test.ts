import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { decoderOf, halfToFloat } from "../../../../src/analysis/quantization/decode";
import { bytesOfType } from "../../../../src/model/tensorTypes";

interface Golden {
  /** Places in a block whose bit 6 is cleared, so that the scale there is finite. */
  halfAt: number[];
  first: number[];
  sha256: string;
}
/** What gguf-py's `dequantize` makes of eight blocks of the bytes below (gguf 0.17, made once). */
const golden = JSON.parse(readFileSync("test/fixtures/checkpoints/reference/gguf_dequantized.json", "utf8")) as Record<
  string,
  Golden
>;

function bytesFor(dtype: string, halfAt: readonly number[]): Uint8Array {
  const block = ["q2_k", "q3_k", "q4_k", "q5_k", "q6_k"].includes(dtype) ? 256 : 32;
  const size = bytesOfType(dtype, block)!;
  let state = 12345n;
  const bytes = Uint8Array.from({ length: 8 * size }, () => {
    state = (state * 1103515245n + 12345n) & 0x7fffffffn;
    return Number((state >> 16n) & 255n);
  });
  for (let at = 0; at < bytes.length; at += size) {
    for (const place of halfAt) bytes[at + place]! &= 0xbf;
    if (dtype === "mxfp4") bytes[at] = 120 + (bytes[at]! & 7);
  }
  return bytes;
}

describe("GGUF's blocks", () => {
  it.each(Object.keys(golden))("of %s become the very floats of llama.cpp's reference", (dtype) => {
    const { halfAt, first, sha256 } = golden[dtype]!;
    const source = bytesFor(dtype, halfAt);
    const target = new Float32Array((source.length / bytesOfType(dtype, 256)!) * 256);
    decoderOf(dtype)!(source, target);
    expect(Array.from(target.subarray(0, 4))).toEqual(first);
    // -0 is 0.
    for (let i = 0; i < target.length; i++) target[i]! += 0;
    expect(createHash("sha256").update(new Uint8Array(target.buffer)).digest("hex")).toBe(sha256);
  });
});

describe("small floats", () => {
  it("of 16 bits are read with subnormals, infinities and NaN", () => {
    expect([0x3c00, 0xc000, 0x0001, 0x7bff, 0x8000].map(halfToFloat)).toEqual([1, -2, 2 ** -24, 65504, -0]);
    expect([0x7c00, 0xfc00].map(halfToFloat)).toEqual([Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]);
    expect(halfToFloat(0x7e00)).toBeNaN();
  });

  it.each([
    ["F8_E4M3", [0x38, 0x7e, 0x01, 0xb8], [1, 448, 2 ** -9, -1], [0x7f, 0xff]],
    ["F8_E5M2", [0x3c, 0x7b, 0x01], [1, 57344, 2 ** -16], [0x7d, 0xff]],
    ["F8_E4M3FNUZ", [0x40, 0x7f, 0x01], [1, 240, 2 ** -10], [0x80]],
    ["F8_E5M2FNUZ", [0x40, 0x7f, 0x01], [1, 57344, 2 ** -17], [0x80]],
  ] as const)("of type %s have the values of its definition", (dtype, codes, values, nan) => {
    const target = new Float32Array(codes.length);
    decoderOf(dtype)!(Uint8Array.from(codes), target);
    expect(Array.from(target)).toEqual(values);
    const none = new Float32Array(nan.length);
    decoderOf(dtype)!(Uint8Array.from(nan), none);
    expect(Array.from(none).every(Number.isNaN)).toBe(true);
  });

  it("of 64 bits are rounded to 32", () => {
    const target = new Float32Array(1);
    decoderOf("F64")!(new Uint8Array(Float64Array.of(0.1).buffer), target);
    expect(target[0]).toBe(Math.fround(0.1));
  });

  it("are none where integers or codes are stored", () => {
    for (const dtype of ["I8", "U8", "I32", "BOOL", "F4", "F8_E8M0", "iq2_xs", "constructor"])
      expect(decoderOf(dtype)).toBeUndefined();
  });
});
