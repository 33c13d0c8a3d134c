import { closeSync, ftruncateSync, mkdirSync, openSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { WattlineError } from "../../../../src/model/errors";
import { openCheckpoint } from "../../../../src/store/checkpoint/open";
import {
  f32,
  gaussian,
  headerOf,
  type MadeTensor,
  safetensorsBytes,
  temporaryFolder,
  writeSafetensors,
  writeShards,
} from "../../../fixtures/checkpoints/make";

const folder = temporaryFolder();
let made = 0;
function file(bytes: Uint8Array): string {
  const path = join(folder, `${made++}.safetensors`);
  writeFileSync(path, bytes);
  return path;
}
const faultOf = (bytes: Uint8Array): string => {
  const path = file(bytes);
  try {
    openCheckpoint(path);
  } catch (error) {
    expect(error).toBeInstanceOf(WattlineError);
    expect((error as Error).message.startsWith(path)).toBe(true);
    return (error as Error).message.slice(path.length);
  }
  return "no fault";
};
const two = { a: f32(gaussian(6, 1), [2, 3]), b: f32(gaussian(4, 2), [4]) };
const data = Object.values(two).map((tensor) => tensor.data);
const withEntry = (entry: unknown) => safetensorsBytes({ a: entry }, [new Uint8Array(24)]);

describe("a safetensors header", () => {
  it("gives names, types, shapes and places", () => {
    const path = writeSafetensors(join(folder, "right.safetensors"), two);
    const { tensors, kind } = openCheckpoint(path);
    expect(kind).toBe("safetensors");
    expect(tensors.count).toBe(2);
    const header = JSON.stringify(headerOf(two)).length;
    expect(tensors.info(0)).toEqual({ name: "a", dtype: "F32", shape: [2, 3], file: 0, offset: 8 + header, bytes: 24 });
    expect(tensors.info(1)).toMatchObject({ name: "b", shape: [4], offset: 8 + header + 24 });
  });

  it("is read with spaces, escapes, metadata and keys in any order", () => {
    const text =
      ' { "__metadata__" : {"format":"pt","x":"\\"}"} , "caf\\u00e9 \\"1\\"" : { "data_offsets" : [ 0 , 24 ], "shape":[2,3] , "dtype" : "F32" } }   ';
    const path = file(safetensorsBytes(text.slice(1), [new Uint8Array(24)]));
    expect(openCheckpoint(path).tensors.info(0)).toMatchObject({ name: 'café "1"', shape: [2, 3], dtype: "F32" });
  });

  it("may have scalars, empty tensors and sub-byte types", () => {
    const header = {
      s: { dtype: "F32", shape: [], data_offsets: [0, 4] },
      e: { dtype: "F16", shape: [0, 5], data_offsets: [4, 4] },
      q: { dtype: "F4", shape: [3, 2], data_offsets: [4, 7] },
    };
    const { tensors } = openCheckpoint(file(safetensorsBytes(header, [new Uint8Array(7)])));
    expect([0, 1, 2].map((i) => tensors.elements[i])).toEqual([1, 0, 6]);
  });

  it.each([
    [
      "a header of 100 MB and a byte",
      safetensorsBytes("{}", [], 100_000_001n),
      "100,000,001 bytes; at most 100,000,000",
    ],
    ["a header of 2^60 bytes", safetensorsBytes("{}", [], 1n << 60n), "at most 100,000,000"],
    ["a header longer than the file", safetensorsBytes("{}", [], 5000n), "it is truncated"],
    ["an empty file", new Uint8Array(0), "no safetensors file"],
    ["a header that is no JSON", safetensorsBytes("hello, you"), 'does not begin with "{"'],
    ["JSON that ends early", safetensorsBytes('{"a":{"dtype":"F32","shape":[2'), "ends too early"],
    ["more after the closing brace", safetensorsBytes("{}  {}"), "goes on after the closing brace"],
    ["a missing comma", safetensorsBytes('{"__metadata__":{} "a":{}}'), 'has """ where "}" should be'],
    ["JSON nested without end", safetensorsBytes(`{"__metadata__":{"x":${"[".repeat(100_000)}`), "nested too deep"],
    [
      "objects nested without end in an entry",
      safetensorsBytes(`{"a":{"x":${'{"x":'.repeat(100_000)}`),
      "nested too deep",
    ],
    [
      "a tensor that comes twice",
      safetensorsBytes(
        '{"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0]},"\\u0061":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}',
      ),
      'tensor "a" is there twice',
    ],
    [
      "a key that comes twice",
      safetensorsBytes('{"a":{"dtype":"F32","dtype":"F16","shape":[0],"data_offsets":[0,0]}}'),
      'tensor "a" has dtype twice',
    ],
    ["a negative size", withEntry({ dtype: "F32", shape: [-2, -3], data_offsets: [0, 24] }), "a size is negative"],
    ["a size with a fraction", withEntry({ dtype: "F32", shape: [1.5, 4], data_offsets: [0, 24] }), "no whole number"],
    [
      "a size beyond 2^53",
      safetensorsBytes('{"a":{"dtype":"F32","shape":[99999999999999999999],"data_offsets":[0,24]}}', [
        new Uint8Array(24),
      ]),
      "larger than any file",
    ],
    [
      "a product of sizes beyond 2^53",
      withEntry({ dtype: "F32", shape: [2 ** 40, 2 ** 40], data_offsets: [0, 24] }),
      "more elements than any file holds",
    ],
    ["a range beyond the file", withEntry({ dtype: "F32", shape: [2, 4], data_offsets: [0, 32] }), "it is truncated"],
    [
      "a range that ends before it begins",
      withEntry({ dtype: "F32", shape: [2, 3], data_offsets: [24, 0] }),
      "ends before it begins",
    ],
    [
      "a range that is no size of the shape",
      withEntry({ dtype: "F32", shape: [2, 2], data_offsets: [0, 24] }),
      "has 24 bytes where its shape and type need 16",
    ],
    ["an unknown type", withEntry({ dtype: "__proto__", shape: [1], data_offsets: [0, 24] }), "unknown type"],
    ["no shape", withEntry({ dtype: "F32", data_offsets: [0, 24] }), "has no shape"],
    [
      "65 dimensions",
      withEntry({ dtype: "F32", shape: new Array(65).fill(1), data_offsets: [0, 4] }),
      "more than 64 dimensions",
    ],
    [
      "overlapping tensors",
      safetensorsBytes(
        {
          b: { dtype: "F32", shape: [4], data_offsets: [8, 24] },
          a: { dtype: "F32", shape: [4], data_offsets: [0, 16] },
        },
        [new Uint8Array(24)],
      ),
      '"a" and "b" overlap',
    ],
    [
      "a control character in a name",
      safetensorsBytes('{"a\u001b[2J":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}', [new Uint8Array(4)]),
      "control character",
    ],
  ])("with %s is refused, and the message names the file and the fault", (_, bytes, fault) => {
    expect(faultOf(bytes)).toContain(fault);
  });

  it("never lets a name drive the terminal", () => {
    expect(faultOf(safetensorsBytes('{"a\\u001b[2J\\u202e":{"dtype":"F32"}}'))).toMatch(/^[\x20-\x7e]*$/);
  });

  it("of a file of terabytes is read without reading the file", () => {
    const shape = [2 ** 20, 2 ** 20];
    const path = file(safetensorsBytes({ a: { dtype: "BF16", shape, data_offsets: [0, 2 ** 41] } }));
    const descriptor = openSync(path, "r+");
    ftruncateSync(descriptor, 2 ** 41 + 200);
    closeSync(descriptor);
    const started = performance.now();
    expect(openCheckpoint(path).tensors.elements[0]).toBe(2 ** 40);
    expect(performance.now() - started).toBeLessThan(500);
  });

  it("larger than a piece of 16 MB gives the same tensors, in bounded memory", () => {
    const entries: string[] = [`"__metadata__":{"long":"${"x".repeat(18e6)}"}`];
    for (let i = 0; i < 150_000; i++)
      entries.push(
        `"model.layers.${i}.mlp.experts.down_proj.weight":{"dtype":"BF16","shape":[2,${i % 7}],"data_offsets":[0,${(i % 7) * 4}]}`
          .replace(/\[0,\d+\]\}$/, `[0,0]}`)
          .replace(/\[2,\d+\]/, "[2,0]"),
      );
    const path = file(safetensorsBytes(`{${entries.join(",")}}`));
    const before = process.memoryUsage().arrayBuffers;
    const { tensors } = openCheckpoint(path);
    expect(tensors.count).toBe(150_000);
    expect(tensors.name(149_999)).toBe("model.layers.149999.mlp.experts.down_proj.weight");
    expect(tensors.patterns).toHaveLength(1);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(150e6);
  });

  it("of any bytes is an answer or a fault that names the file, quickly", () => {
    const good = safetensorsBytes(headerOf(two), data);
    const mutation = fc.record({ at: fc.nat(good.length - 1), byte: fc.nat(255) });
    fc.assert(
      fc.property(fc.array(mutation, { minLength: 1, maxLength: 6 }), fc.nat(good.length), (mutations, cut) => {
        const bytes = Buffer.from(good);
        for (const { at, byte } of mutations) bytes[at] = byte;
        const path = join(folder, "fuzz.safetensors");
        writeFileSync(path, cut % 3 === 0 ? bytes.subarray(0, cut) : bytes);
        const started = performance.now();
        try {
          const { tensors } = openCheckpoint(path);
          for (let i = 0; i < tensors.count; i++)
            expect(tensors.offset[i]! + tensors.bytes[i]!).toBeLessThanOrEqual(good.length);
        } catch (error) {
          expect(error).toBeInstanceOf(WattlineError);
          expect((error as Error).message).toContain(path);
        }
        expect(performance.now() - started).toBeLessThan(2000);
      }),
      { numRuns: 400 },
    );
  });

  it("made of any JSON is an answer or a fault", () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 6 }), (text) => {
        const fault = faultOf(
          safetensorsBytes(`{"a":${text},"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, [new Uint8Array(4)]),
        );
        expect(fault === "no fault" || fault.length > 10).toBe(true);
      }),
      { numRuns: 200 },
    );
  });
});

describe("a model in several files", () => {
  const many: Record<string, MadeTensor> = { ...two, c: f32(gaussian(2, 3), [2]) };

  it("has the tensors of all of them", () => {
    const shards = openCheckpoint(writeShards(join(folder, "shards"), many, 2));
    expect(shards.files).toHaveLength(2);
    expect(Array.from({ length: 3 }, (_, i) => shards.tensors.name(i)).sort()).toEqual(["a", "b", "c"]);
    expect(shards.notes).toEqual([]);
  });

  it("opens by its index too, and without an index where all parts are there", () => {
    const path = writeShards(join(folder, "shards2"), many, 3);
    expect(openCheckpoint(join(path, "model.safetensors.index.json")).tensors.count).toBe(3);
    writeFileSync(join(path, "model.safetensors.index.json"), "{");
    expect(() => openCheckpoint(path)).toThrow(/index\.json cannot be read: the JSON ends too early/);
  });

  it("with a part missing names the part", () => {
    const path = writeShards(join(folder, "shards3"), many, 2);
    writeFileSync(
      join(path, "model.safetensors.index.json"),
      JSON.stringify({ weight_map: { a: "gone.safetensors" } }),
    );
    expect(() => openCheckpoint(path)).toThrow(/gone\.safetensors cannot be read: there is no such file/);
  });

  it("never reads outside of its folder", () => {
    const path = join(folder, "outside");
    mkdirSync(path);
    for (const name of ["../x.safetensors", "/etc/x.safetensors", "a\\b.safetensors", "x.bin"]) {
      writeFileSync(join(path, "model.safetensors.index.json"), JSON.stringify({ weight_map: { a: name } }));
      expect(() => openCheckpoint(path)).toThrow(/no safetensors file beside it/);
    }
  });

  it("with one name in two parts is refused", () => {
    const path = writeShards(join(folder, "shards4"), many, 2);
    writeSafetensors(join(path, "model-00002-of-00002.safetensors"), two);
    expect(() => openCheckpoint(path)).toThrow(/is there twice/);
  });
});
