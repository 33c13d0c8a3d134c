/** Element types of checkpoint files and how many bytes they take. */

/** Bits an element of every type of safetensors (huggingface/safetensors, README "Format"). */
export const safetensorsBits: Readonly<Record<string, number>> = {
  BOOL: 8,
  F4: 4,
  F6_E2M3: 6,
  F6_E3M2: 6,
  U8: 8,
  I8: 8,
  F8_E5M2: 8,
  F8_E4M3: 8,
  F8_E8M0: 8,
  F8_E4M3FNUZ: 8,
  F8_E5M2FNUZ: 8,
  I16: 16,
  U16: 16,
  F16: 16,
  BF16: 16,
  I32: 32,
  U32: 32,
  F32: 32,
  C64: 64,
  F64: 64,
  I64: 64,
  U64: 64,
};

/** A type of ggml: `blockBytes` hold `block` elements of a row. */
export interface GgmlType {
  readonly name: string;
  readonly block: number;
  readonly blockBytes: number;
}

const type = (name: string, block: number, blockBytes: number): GgmlType => ({ name, block, blockBytes });

/** By the number in the file (ggml.h `enum ggml_type`; sizes from the structs in ggml-common.h). */
export const ggmlTypes: ReadonlyMap<number, GgmlType> = new Map([
  [0, type("f32", 1, 4)],
  [1, type("f16", 1, 2)],
  [2, type("q4_0", 32, 18)],
  [3, type("q4_1", 32, 20)],
  [6, type("q5_0", 32, 22)],
  [7, type("q5_1", 32, 24)],
  [8, type("q8_0", 32, 34)],
  [9, type("q8_1", 32, 36)],
  [10, type("q2_k", 256, 84)],
  [11, type("q3_k", 256, 110)],
  [12, type("q4_k", 256, 144)],
  [13, type("q5_k", 256, 176)],
  [14, type("q6_k", 256, 210)],
  [15, type("q8_k", 256, 292)],
  [16, type("iq2_xxs", 256, 66)],
  [17, type("iq2_xs", 256, 74)],
  [18, type("iq3_xxs", 256, 98)],
  [19, type("iq1_s", 256, 50)],
  [20, type("iq4_nl", 32, 18)],
  [21, type("iq3_s", 256, 110)],
  [22, type("iq2_s", 256, 82)],
  [23, type("iq4_xs", 256, 136)],
  [24, type("i8", 1, 1)],
  [25, type("i16", 1, 2)],
  [26, type("i32", 1, 4)],
  [27, type("i64", 1, 8)],
  [28, type("f64", 1, 8)],
  [29, type("iq1_m", 256, 56)],
  [30, type("bf16", 1, 2)],
  [34, type("tq1_0", 256, 54)],
  [35, type("tq2_0", 256, 66)],
  [39, type("mxfp4", 32, 17)],
]);

const ggmlByName = new Map([...ggmlTypes.values()].map((known) => [known.name, known]));

/** Bytes of `elements` of a type in a row; undefined for an unknown type or elements that fill no whole block. */
export function bytesOfType(dtype: string, elements: number): number | undefined {
  const bits = Object.hasOwn(safetensorsBits, dtype) ? safetensorsBits[dtype] : undefined;
  if (bits !== undefined) return (elements * bits) % 8 === 0 ? (elements * bits) / 8 : undefined;
  const ggml = ggmlByName.get(dtype);
  if (ggml === undefined || elements % ggml.block !== 0) return undefined;
  return (elements / ggml.block) * ggml.blockBytes;
}

/** Whether a tensor of this type holds quantized numbers: ggml's blocks. */
export function isBlockType(dtype: string): boolean {
  return (ggmlByName.get(dtype)?.block ?? 1) > 1;
}
