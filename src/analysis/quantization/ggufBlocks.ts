/**
 * GGUF's common block types to float32: Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q2_K to Q6_K, IQ4_NL and MXFP4.
 *
 * A block is a run of 32 (K types: 256) weights of a row with its scales. Layouts: the structs in llama.cpp's
 * ggml/src/ggml-common.h; how scales are packed: gguf-py/gguf/quants.py @150f157. Products and differences are float32
 * in that file's order, so both give the same bits.
 */
const f = Math.fround;

/** Reads one block at `at` into `target[to …]`. */
type Block = (bytes: Uint8Array, at: number, target: Float32Array, to: number) => void;

/** IEEE binary16, little-endian. */
function half(bytes: Uint8Array, at: number): number {
  const code = bytes[at]! | (bytes[at + 1]! << 8);
  const exponent = (code >> 10) & 31;
  const fraction = code & 1023;
  const sign = code & 0x8000 ? -1 : 1;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25));
}

const signed = (byte: number) => (byte << 24) >> 24;

/** 32 nibbles from `codes` on: the low halves are the first 16 weights. */
function nibbles(bytes: Uint8Array, codes: number, each: (nibble: number, index: number) => void): void {
  for (let i = 0; i < 16; i++) each(bytes[codes + i]! & 15, i);
  for (let i = 0; i < 16; i++) each(bytes[codes + i]! >> 4, i + 16);
}

const q4_0: Block = (bytes, at, target, to) => {
  const d = half(bytes, at);
  nibbles(bytes, at + 2, (q, i) => {
    target[to + i] = d * (q - 8);
  });
};

const q4_1: Block = (bytes, at, target, to) => {
  const d = half(bytes, at);
  const m = half(bytes, at + 2);
  nibbles(bytes, at + 4, (q, i) => {
    target[to + i] = f(d * q) + m;
  });
};

/** The fifth bit of weight i is bit i of four bytes. */
const fifth = (bytes: Uint8Array, at: number, i: number) => ((bytes[at + (i >> 3)]! >> (i & 7)) & 1) << 4;

const q5_0: Block = (bytes, at, target, to) => {
  const d = half(bytes, at);
  nibbles(bytes, at + 6, (q, i) => {
    target[to + i] = d * ((q | fifth(bytes, at + 2, i)) - 16);
  });
};

const q5_1: Block = (bytes, at, target, to) => {
  const d = half(bytes, at);
  const m = half(bytes, at + 2);
  nibbles(bytes, at + 8, (q, i) => {
    target[to + i] = f(d * (q | fifth(bytes, at + 4, i))) + m;
  });
};

const q8_0: Block = (bytes, at, target, to) => {
  const d = half(bytes, at);
  for (let i = 0; i < 32; i++) target[to + i] = signed(bytes[at + 2 + i]!) * d;
};

/** 16 scales (low 4 bits) and minima (high), 64 bytes of two-bit codes, d, dmin. */
const q2K: Block = (bytes, at, target, to) => {
  const d = half(bytes, at + 80);
  const dmin = half(bytes, at + 82);
  for (let part = 0; part < 16; part++) {
    const scales = bytes[at + part]!;
    const scale = f(d * (scales & 15));
    const least = f(dmin * (scales >> 4));
    const codes = at + 16 + (part >> 3) * 32 + (part & 1) * 16;
    const shift = ((part >> 1) & 3) * 2;
    for (let i = 0; i < 16; i++) target[to + part * 16 + i] = f(scale * ((bytes[codes + i]! >> shift) & 3)) - least;
  }
};

/** 32 bytes of high bits (0 means -4), 64 of two-bit codes, 16 scales of 6 bits in 12 bytes, d. */
const q3K: Block = (bytes, at, target, to) => {
  const d = half(bytes, at + 108);
  const scales = at + 96;
  for (let part = 0; part < 16; part++) {
    const low = (bytes[scales + (part & 7)]! >> (part >> 3 ? 4 : 0)) & 15;
    const high = (bytes[scales + 8 + (part & 3)]! >> ((part >> 2) * 2)) & 3;
    const scale = f(d * ((low | (high << 4)) - 32));
    const codes = at + 32 + (part >> 3) * 32 + (part & 1) * 16;
    const shift = ((part >> 1) & 3) * 2;
    const mask = at + (part & 1) * 16;
    for (let i = 0; i < 16; i++) {
      const highBit = (bytes[mask + i]! >> (part >> 1)) & 1;
      target[to + part * 16 + i] = scale * (((bytes[codes + i]! >> shift) & 3) - (highBit ? 0 : 4));
    }
  }
};

/** Scale and minimum of eight sub-blocks, 6 bits each in 12 bytes. */
function scaleAndMinimum(bytes: Uint8Array, at: number, part: number): [number, number] {
  if (part < 4) return [bytes[at + part]! & 63, bytes[at + 4 + part]! & 63];
  const mixed = bytes[at + 4 + part]!;
  const [high, highMinimum] = [bytes[at + part - 4]!, bytes[at + part]!];
  return [(mixed & 15) | ((high >> 2) & 0x30), (mixed >> 4) | ((highMinimum >> 2) & 0x30)];
}

/** d, dmin, scales, [32 bytes of fifth bits,] 128 of nibbles: each 32 bytes hold two sub-blocks. */
function q45K(fifthBits: boolean): Block {
  return (bytes, at, target, to) => {
    const d = half(bytes, at);
    const dmin = half(bytes, at + 2);
    const codes = at + 16 + (fifthBits ? 32 : 0);
    for (let part = 0; part < 8; part++) {
      const [scale, minimum] = scaleAndMinimum(bytes, at + 4, part);
      const [step, least] = [f(d * scale), f(dmin * minimum)];
      for (let i = 0; i < 32; i++) {
        const nibble = (bytes[codes + (part >> 1) * 32 + i]! >> (part & 1 ? 4 : 0)) & 15;
        const fifthBit = fifthBits ? ((bytes[at + 16 + i]! >> part) & 1) << 4 : 0;
        target[to + part * 32 + i] = f(step * (nibble | fifthBit)) - least;
      }
    }
  };
}

/** 128 bytes of low nibbles, 64 of high pairs, 16 signed scales, d. */
const q6K: Block = (bytes, at, target, to) => {
  const d = half(bytes, at + 208);
  for (let part = 0; part < 8; part++) {
    // Each 128 weights: 64 bytes of nibbles (32 low, 32 low, then the high ones) and 32 of pairs.
    const [side, quarter] = [part >> 2, part & 3];
    const low = at + side * 64 + (quarter & 1) * 32;
    const high = at + 128 + side * 32;
    for (let i = 0; i < 32; i++) {
      const scale = f(d * signed(bytes[at + 192 + part * 2 + (i >> 4)]!));
      const q = ((bytes[low + i]! >> (quarter >> 1 ? 4 : 0)) & 15) | (((bytes[high + i]! >> (quarter * 2)) & 3) << 4);
      target[to + part * 32 + i] = scale * (q - 32);
    }
  }
};

/** Levels of IQ4_NL (llama.cpp `kvalues_iq4nl`). */
const iq4Levels = [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113];

const iq4Nl: Block = (bytes, at, target, to) => {
  const d = half(bytes, at);
  nibbles(bytes, at + 2, (q, i) => {
    target[to + i] = d * iq4Levels[q]!;
  });
};

const e2m1 = [0, 0.5, 1, 1.5, 2, 3, 4, 6];

/** A power of two (E8M0, bias 127) and 32 codes of E2M1. */
const mxfp4: Block = (bytes, at, target, to) => {
  const scale = 2 ** (bytes[at]! - 127);
  nibbles(bytes, at + 1, (q, i) => {
    target[to + i] = (q & 8 ? -1 : 1) * e2m1[q & 7]! * scale;
  });
};

function blocks(size: number, bytesEach: number, block: Block) {
  return (source: Uint8Array, target: Float32Array): void => {
    for (let i = 0; i * size < target.length; i++) block(source, i * bytesEach, target, i * size);
  };
}

/** By ggml's name in lower case; `target.length` is a multiple of the block. */
export const dequantizers: Readonly<Record<string, (source: Uint8Array, target: Float32Array) => void>> = {
  q4_0: blocks(32, 18, q4_0),
  q4_1: blocks(32, 20, q4_1),
  q5_0: blocks(32, 22, q5_0),
  q5_1: blocks(32, 24, q5_1),
  q8_0: blocks(32, 34, q8_0),
  q2_k: blocks(256, 84, q2K),
  q3_k: blocks(256, 110, q3K),
  q4_k: blocks(256, 144, q45K(false)),
  q5_k: blocks(256, 176, q45K(true)),
  q6_k: blocks(256, 210, q6K),
  iq4_nl: blocks(32, 18, iq4Nl),
  mxfp4: blocks(32, 17, mxfp4),
};
