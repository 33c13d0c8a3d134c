import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { planScan, scanCheckpoint } from "../../../../src/analysis/quantization/scan";
import { makeScanner } from "../../../../src/analysis/quantization/scanTask";
import { sqnrOf } from "../../../../src/analysis/quantization/statistics";
import type { Checkpoint } from "../../../../src/model/checkpoint";
import { scannedFormats } from "../../../../src/model/quantization";
import type { ScanPool, ScanTask } from "../../../../src/model/quantScan";
import { TensorTable } from "../../../../src/model/tensorTable";
import { bf16, f32, gaussian, type MadeTensor, random } from "../../../fixtures/checkpoints/make";

/** A checkpoint that lies in memory. */
function inMemory(tensors: Readonly<Record<string, MadeTensor>>, config: Checkpoint["config"] = {}) {
  const table = new TensorTable();
  let offset = 0;
  const parts: Uint8Array[] = [];
  for (const [name, { dtype, shape, data }] of Object.entries(tensors)) {
    const bytes = new TextEncoder().encode(name);
    table.add(bytes, 0, bytes.length, shape, shape.length, { dtype, file: 0, offset, bytes: data.length });
    offset += data.length;
    parts.push(data);
  }
  const file = Buffer.concat(parts);
  const read = (_: number, at: number, into: Uint8Array) => into.set(file.subarray(at, at + into.length));
  const checkpoint: Checkpoint = { path: "m", kind: "safetensors", files: [], tensors: table, config, notes: [] };
  return { checkpoint, read };
}

function pool(read: ReturnType<typeof inMemory>["read"], kernels: "wasm" | "plain" = "wasm", size = 1): ScanPool {
  const scanner = makeScanner(read, kernels);
  return { size, run: async (task) => scanner.run(task), close: async () => {} };
}

const scan = (
  tensors: Readonly<Record<string, MadeTensor>>,
  config?: Checkpoint["config"],
  kernels?: "wasm" | "plain",
) => {
  const { checkpoint, read } = inMemory(tensors, config);
  return scanCheckpoint(checkpoint, pool(read, kernels));
};

/**
 * NVFP4 rounds each block's scale to an 8-bit float. A scale in the middle between two of those goes one way in 32 bits and
 * may go the other in 64, and in a matrix of a few hundred weights one block is seen (0.04 dB in 4 x 75).
 */
const toleranceDb = (format: string) => (format === "nvfp4" ? 0.05 : 1e-3);

describe("the scan's kernels", () => {
  it("give the plain loops' statistics within 0.001 dB for any shape, type and spread", async () => {
    const shape = fc.tuple(fc.integer({ min: 2, max: 9 }), fc.integer({ min: 2, max: 700 }));
    await fc.assert(
      fc.asyncProperty(
        shape,
        fc.nat(1000),
        fc.constantFrom(1e-20, 0.02, 1, 3e5),
        fc.boolean(),
        async ([rows, columns], seed, sigma, heavy) => {
          const weights = gaussian(rows * columns, seed, sigma);
          const uniform = random(seed);
          if (heavy) for (let i = 0; i < weights.length; i += 37) weights[i] = weights[i]! * (1 + 30 * uniform());
          const tensors = { "a.weight": seed % 2 ? bf16(weights, [rows, columns]) : f32(weights, [rows, columns]) };
          const [fast] = (await scan(tensors)).layers;
          const [plain] = (await scan(tensors, {}, "plain")).layers;
          for (const format of scannedFormats) {
            const [x, y] = [fast!.sqnrDb[format], plain!.sqnrDb[format]];
            // Above 100 dB nothing but float32's own rounding is left of the noise.
            if (x !== undefined && y !== undefined && Math.min(x, y) < 100)
              expect(Math.abs(x - y), format).toBeLessThan(toleranceDb(format));
          }
          expect(fast!.kurtosis).toBeCloseTo(plain!.kurtosis, 3);
          expect(fast!.maxOverSigma).toBeCloseTo(plain!.maxOverSigma, 3);
          expect(fast!.columnAbsmaxRatio).toBe(plain!.columnAbsmaxRatio);
          expect(fast!.rowAbsmaxRatio).toBe(plain!.rowAbsmaxRatio);
        },
      ),
      { numRuns: 60 },
    );
  });

  it("read every float of 16 bits", async () => {
    const codes = Uint16Array.from({ length: 65536 }, (_, i) => i).filter((code) => (code & 0x7c00) !== 0x7c00);
    const tensors = {
      "a.weight": { dtype: "F16", shape: [codes.length / 512, 512], data: new Uint8Array(codes.buffer) },
    };
    const [fast] = (await scan(tensors)).layers;
    const [plain] = (await scan(tensors, {}, "plain")).layers;
    expect(fast!.kurtosis).toBeCloseTo(plain!.kurtosis, 4);
    expect(fast!.sqnrDb.nf4).toBeCloseTo(plain!.sqnrDb.nf4!, 3);
    const infinite = {
      "a.weight": { dtype: "F16", shape: [2, 2], data: new Uint8Array(Uint16Array.of(1, 0x7c00, 3, 4).buffer) },
    };
    expect((await scan(infinite)).skipped).toEqual([{ name: "a.weight", reason: "it has NaN or infinite weights" }]);
  });
});

describe("a scan", () => {
  it("knows a Gaussian from heavy tails", async () => {
    const weights = gaussian(512 * 512, 3, 0.02);
    const heavy = weights.map((weight, i) => (i % 512 < 4 ? weight * 20 : weight));
    const { layers } = await scan({ "h.0.a.weight": f32(weights, [512, 512]), "h.1.a.weight": f32(heavy, [512, 512]) });
    expect(layers[0]!.kurtosis).toBeCloseTo(3, 1);
    expect(layers[0]!.columnAbsmaxRatio).toBeLessThan(2);
    expect(layers[1]!.kurtosis).toBeGreaterThan(50);
    expect(layers[1]!.columnAbsmaxRatio).toBeGreaterThan(15);
    expect(layers[1]!.sqnrDb["int8-channel"]!).toBeLessThan(layers[0]!.sqnrDb["int8-channel"]! - 10);
  });

  it("of a tensor in many blocks is that of the tensor in one", async () => {
    // 17,000 rows of 128 floats are more than a block's 2 Mi.
    const weights = gaussian(17_000 * 128, 8, 0.05);
    weights[5] = 3;
    const { checkpoint, read } = inMemory({ "a.weight": bf16(weights, [17_000, 128]) });
    const tasks: ScanTask[] = [];
    const own = pool(read);
    const watched: ScanPool = { ...own, run: (task) => own.run(tasks[tasks.push(task) - 1]!) };
    const { layers, total } = await scanCheckpoint(checkpoint, watched);
    expect(tasks.map(({ pass }) => pass).sort()).toEqual(["first", "first", "second", "second"]);
    const halves = await scan({
      "a.weight": bf16(weights.slice(0, 8000 * 128), [8000, 128]),
      "b.weight": bf16(weights.slice(8000 * 128), [9000, 128]),
    });
    const whole = sqnrOf(total);
    expect(layers[0]!.sqnrDb).toEqual(whole);
    // Formats whose scales lie within a row do not see where a tensor was cut; NVFP4's does.
    for (const format of scannedFormats) {
      if (format !== "nvfp4") expect(sqnrOf(halves.total)[format]).toBeCloseTo(whole[format]!, 4);
    }
  });

  it("gives the same bits whatever finishes first", async () => {
    const tensors: Record<string, MadeTensor> = {};
    for (let i = 0; i < 6; i++) tensors[`model.layers.${i}.a.weight`] = bf16(gaussian(64 * 256, i), [64, 256]);
    const straight = await scan(tensors);
    const { checkpoint, read } = inMemory(tensors);
    const scanner = makeScanner(read);
    let calls = 0;
    const jumbled: ScanPool = {
      size: 3,
      run: async (task) => {
        const partial = scanner.run(task);
        await new Promise((ready) => setTimeout(ready, (calls++ * 7) % 5));
        return partial;
      },
      close: async () => {},
    };
    const { layers, total } = await scanCheckpoint(checkpoint, jumbled);
    expect(layers).toEqual(straight.layers);
    expect(total).toEqual(straight.total);
  });

  it("turns GPT-2's weights, which are stored input by output", async () => {
    const [inputs, outputs] = [300, 200];
    const weights = gaussian(inputs * outputs, 4);
    for (let input = 0; input < inputs; input++) weights[input * outputs + 3] = weights[input * outputs + 3]! * 50;
    const turned = new Float32Array(weights.length);
    for (let i = 0; i < inputs; i++)
      for (let o = 0; o < outputs; o++) turned[o * inputs + i] = weights[i * outputs + o]!;
    const [stored] = (
      await scan({ "h.0.mlp.c_fc.weight": f32(weights, [inputs, outputs]) }, { transposedLinear: true })
    ).layers;
    const [plain] = (await scan({ "h.0.mlp.c_fc.weight": f32(turned, [outputs, inputs]) })).layers;
    expect(stored).toEqual(plain);
    expect(stored!.shape).toEqual([outputs, inputs]);
  });

  it("leaves out what is no weight matrix, and names what it cannot read", async () => {
    const nan = gaussian(64, 1);
    nan[9] = Number.NaN;
    const { layers, skipped } = await scan({
      "model.embed_tokens.weight": f32(gaussian(64, 2), [8, 8]),
      "lm_head.weight": f32(gaussian(64, 2), [8, 8]),
      "model.layers.0.input_layernorm.weight": f32(gaussian(8, 2), [8]),
      "model.layers.0.q.weight": f32(gaussian(64, 3), [8, 8]),
      "model.layers.1.q.weight": f32(nan, [8, 8]),
      "model.layers.2.q.weight": f32(new Float32Array(64), [8, 8]),
      "model.layers.3.q.qweight": { dtype: "I32", shape: [8, 8], data: new Uint8Array(256) },
    });
    expect(layers.map(({ name }) => name)).toEqual(["model.layers.0.q.weight"]);
    expect(skipped).toEqual([
      { name: "model.layers.1.q.weight", reason: "it has NaN or infinite weights" },
      { name: "model.layers.2.q.weight", reason: "all its weights are 0" },
      {
        name: "model.layers.3.q.qweight",
        reason: "I32 holds codes or integers, not weights that could be rounded again",
      },
    ]);
  });

  it("does not take rows that would not fit its buffers", () => {
    const { checkpoint } = inMemory({ "a.weight": { dtype: "BF16", shape: [2, 2 ** 21], data: new Uint8Array(0) } });
    expect(planScan(checkpoint).skipped[0]!.reason).toMatch(/rows have 2,097,152 weights/);
  });

  it("tells how far it is, and stops when it is told to", async () => {
    const tensors: Record<string, MadeTensor> = {};
    for (let i = 0; i < 20; i++) tensors[`model.layers.${i}.a.weight`] = bf16(gaussian(64 * 256, i), [64, 256]);
    const { checkpoint, read } = inMemory(tensors);
    const seen: number[] = [];
    await scanCheckpoint(checkpoint, pool(read), { onProgress: (done, total) => seen.push(done / total) });
    expect(seen).toHaveLength(20);
    expect(seen.at(-1)).toBe(1);
    const stop = new AbortController();
    let tasks = 0;
    const own = pool(read);
    const stopping: ScanPool = {
      ...own,
      run: (task) => {
        if (++tasks === 3) stop.abort(new Error("enough"));
        return own.run(task);
      },
    };
    await expect(scanCheckpoint(checkpoint, stopping, { signal: stop.signal })).rejects.toThrow("enough");
    expect(tasks).toBeLessThan(8);
  });
});
