import { writeFileSync } from "node:fs";
import { join } from "node:path";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { WattlineError } from "../../../../src/model/errors";
import { openCheckpoint } from "../../../../src/store/checkpoint/open";
import { GgufWriter, gguf, temporaryFolder } from "../../../fixtures/checkpoints/make";

const folder = temporaryFolder();
let made = 0;
function file(bytes: Uint8Array): string {
  const path = join(folder, `${made++}.gguf`);
  writeFileSync(path, bytes);
  return path;
}
function faultOf(bytes: Uint8Array): string {
  const path = file(bytes);
  try {
    openCheckpoint(path);
  } catch (error) {
    expect(error).toBeInstanceOf(WattlineError);
    expect((error as Error).message).toContain(path);
    return (error as Error).message;
  }
  return "no fault";
}

function right(): Buffer {
  return gguf(2, 9)
    .word("general.architecture", "llama")
    .word("general.name", "Tiny")
    .number("general.file_type", 15)
    .number("llama.block_count", 2)
    .number("llama.embedding_length", 256)
    .number("llama.attention.head_count", 8)
    .number("llama.attention.head_count_kv", 2)
    .number("llama.context_length", 4096)
    .text("tokenizer.ggml.tokens")
    .u32(9)
    .u32(8)
    .u64(3)
    .text("a")
    .text("b")
    .text("")
    .tensor("blk.0.ffn_up.weight", [4, 256], 12, 0)
    .tensor("output_norm.weight", [256], 0, 576)
    .pad()
    .raw(Buffer.alloc(576 + 1024))
    .bytes();
}

describe("a GGUF header", () => {
  it("gives tensors outermost dimension first, and the model's shape", () => {
    const { tensors, config, kind } = openCheckpoint(file(right()));
    expect(kind).toBe("gguf");
    expect(tensors.info(0)).toMatchObject({ name: "blk.0.ffn_up.weight", dtype: "q4_k", shape: [4, 256], bytes: 576 });
    expect(tensors.info(0).offset % 32).toBe(0);
    expect(config).toMatchObject({
      architecture: "llama",
      name: "Tiny",
      layers: 2,
      kvHeads: 2,
      headSize: 32,
      vocabularySize: 3,
      maxContext: 4096,
      dtype: "q4_k_m",
    });
  });

  const key = (type: number, rest: (writer: GgufWriter) => GgufWriter) =>
    rest(gguf(0, 1).text("k").u32(type)).raw(Buffer.alloc(64)).bytes();
  it.each([
    ["another magic", Buffer.concat([Buffer.from("GGML"), Buffer.alloc(64)]), 'does not begin with "GGUF"'],
    ["version 9", gguf(0, 0, 9).bytes(), "GGUF version 9"],
    [
      "2^60 tensors",
      new GgufWriter()
        .raw(Buffer.from("GGUF"))
        .u32(3)
        .u64(1n << 60n)
        .u64(0)
        .bytes(),
      "1,152,921,504,606,846,976 tensors, more than it can hold",
    ],
    [
      "2^60 metadata keys",
      new GgufWriter()
        .raw(Buffer.from("GGUF"))
        .u32(3)
        .u64(0)
        .u64(1n << 60n)
        .bytes(),
      "metadata keys, more than it can hold",
    ],
    [
      "a key of 2^60 bytes",
      gguf(0, 1)
        .u64(1n << 60n)
        .raw(Buffer.alloc(64))
        .bytes(),
      "larger than any file",
    ],
    [
      "a key of a megabyte",
      gguf(0, 1).u64(1e6).raw(Buffer.alloc(2e6)).bytes(),
      "a metadata key would have 1,000,000 bytes",
    ],
    ["a string beyond the file", key(8, (w) => w.u64(1e9)), "goes beyond the end of the file"],
    ["an array of 2^60 strings", key(9, (w) => w.u32(8).u64(1n << 60n)), "more than it can hold"],
    ["an array of 2^60 numbers", key(9, (w) => w.u32(12).u64(1n << 60n)), "more than it can hold"],
    [
      "arrays in arrays without end",
      key(9, (w) => {
        for (let i = 0; i < 9; i++) w.u32(9).u64(1);
        return w;
      }),
      "nested too deep",
    ],
    ["an unknown value type", key(77, (w) => w), "unknown type 77"],
    ["a key that comes twice", gguf(0, 2).number("k", 1).number("k", 1).bytes(), '"k" twice'],
    ["an alignment of 0", gguf(0, 1).number("general.alignment", 0).bytes(), "general.alignment"],
    ["a tensor of 9 dimensions", gguf(1, 0).text("t").u32(9).raw(Buffer.alloc(200)).bytes(), "9 dimensions"],
    [
      "a tensor of 2^60 elements",
      gguf(1, 0)
        .tensor("t", [2 ** 30, 2 ** 30], 0, 0)
        .bytes(),
      "more elements than any file holds",
    ],
    [
      "a tensor of an unknown type",
      gguf(1, 0).tensor("t", [1], 99, 0).pad().raw(Buffer.alloc(64)).bytes(),
      "ggml type 99",
    ],
    [
      "rows that fill no block",
      gguf(1, 0).tensor("t", [2, 33], 2, 0).pad().raw(Buffer.alloc(64)).bytes(),
      "no multiple of 32",
    ],
    ["a tensor beyond the file", gguf(1, 0).tensor("t", [1000], 0, 0).pad().bytes(), "it is truncated"],
    [
      "a tensor that comes twice",
      gguf(2, 0).tensor("t", [0], 0, 0).tensor("t", [0], 0, 0).pad().bytes(),
      "is there twice",
    ],
    [
      "overlapping tensors",
      gguf(2, 0).tensor("t", [8], 0, 0).tensor("u", [8], 0, 16).pad().raw(Buffer.alloc(64)).bytes(),
      '"t" and "u" overlap',
    ],
    ["a cut header", right().subarray(0, 150), "truncated"],
  ])("with %s is refused, and the message names the file and the fault", (_, bytes, fault) => {
    expect(faultOf(bytes)).toContain(fault);
  });

  it("of any bytes is an answer or a fault that names the file, quickly", () => {
    const good = right();
    const mutation = fc.record({ at: fc.nat(good.length - 1), byte: fc.nat(255) });
    fc.assert(
      fc.property(fc.array(mutation, { minLength: 1, maxLength: 8 }), fc.nat(good.length), (mutations, cut) => {
        const bytes = Buffer.from(good);
        for (const { at, byte } of mutations) bytes[at % (cut % 2 ? 400 : good.length)] = byte;
        const started = performance.now();
        const fault = faultOf(cut % 3 === 0 ? bytes.subarray(0, cut) : bytes);
        expect(fault.length).toBeGreaterThan(5);
        expect(performance.now() - started).toBeLessThan(2000);
      }),
      { numRuns: 400 },
    );
  });
});
