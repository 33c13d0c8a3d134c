import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { scanCheckpoint } from "../../../../src/analysis/quantization/scan";
import { makeScanner } from "../../../../src/analysis/quantization/scanTask";
import { simulateQuantization } from "../../../../src/analysis/quantization/simulate";
import { sqnrOf } from "../../../../src/analysis/quantization/statistics";
import { scannedFormats } from "../../../../src/model/quantization";
import { CheckpointFiles } from "../../../../src/store/checkpoint/files";
import { openCheckpoint } from "../../../../src/store/checkpoint/open";
import { temporaryFolder } from "../../../fixtures/checkpoints/make";
import { hasPython, runPython, simulateInPyTorch } from "./python";

describe.skipIf(!hasPython("torch"))("a small GPT that was trained", () => {
  it("loses under each format what its score says, and PyTorch rounds it to the same bits", async () => {
    const folder = temporaryFolder();
    const text = "examples/data/coriolanus.txt";
    const program = readFileSync("test/fixtures/checkpoints/train_char.py", "utf8");
    runPython(program, "train", folder, text);
    const { loss, untrained } = JSON.parse(readFileSync(join(folder, "loss.json"), "utf8")) as {
      loss: number;
      untrained: number;
    };
    expect(loss).toBeLessThan(untrained * 0.75);

    const path = join(folder, "model.safetensors");
    const checkpoint = openCheckpoint(path);
    const files = new CheckpointFiles([path]);
    const read = (file: number, offset: number, into: Uint8Array) => files.read(file, offset, into);
    const scanner = makeScanner(read);
    const { layers, total } = await scanCheckpoint(checkpoint, {
      size: 1,
      run: async (task) => scanner.run(task),
      close: async () => {},
    });
    expect(layers).toHaveLength(12);
    const score = sqnrOf(total);

    const matrices = Array.from({ length: checkpoint.tensors.count }, (_, i) => checkpoint.tensors.info(i)).filter(
      ({ name }) => name.endsWith("_proj.weight"),
    );
    const weightsOf = ({ bytes, offset }: (typeof matrices)[number]) => {
      const raw = new Uint8Array(bytes);
      read(0, offset, raw);
      return new Float32Array(raw.buffer);
    };
    for (const format of scannedFormats) {
      const rounded = matrices.map(
        (matrix) =>
          new Uint8Array(simulateQuantization(weightsOf(matrix), matrix.shape[0]!, matrix.shape[1]!, format).buffer),
      );
      writeFileSync(join(folder, `all-${format}`), Buffer.concat(rounded));
    }
    const one = matrices.find(({ name }) => name === "layers.1.down_proj.weight")!;
    writeFileSync(join(folder, "in.f32"), new Uint8Array(weightsOf(one).buffer));
    simulateInPyTorch(folder, one.shape[0]!, one.shape[1]!);
    for (const format of scannedFormats) {
      const own = simulateQuantization(weightsOf(one), one.shape[0]!, one.shape[1]!, format).map(
        (weight) => weight + 0,
      );
      expect(Buffer.from(own.buffer).equals(readFileSync(join(folder, `${format}.f32`))), format).toBe(true);
    }

    const losses = JSON.parse(
      runPython(program, "evaluate", folder, text, ...scannedFormats.map((format) => join(folder, `all-${format}`))),
    ) as Record<string, number>;
    const change = (format: string) => losses[join(folder, `all-${format}`)]! - loss;
    // At 8 bits the loss changes by less than the text can tell, in either direction.
    const eightBit: readonly string[] = ["int8-channel", "fp8-e4m3"];
    for (const format of eightBit) expect(Math.abs(change(format))).toBeLessThan(0.002);
    // Formats whose scores are 3 dB apart differ in loss in that order: twice the squared error.
    const told: string[] = [];
    for (const better of scannedFormats) {
      for (const worse of scannedFormats) {
        if (score[better]! - score[worse]! < 3 || eightBit.includes(worse)) continue;
        told.push(`${better} < ${worse}`);
        expect(change(better), `${better} ${change(better)} and ${worse} ${change(worse)}`).toBeLessThan(change(worse));
      }
    }
    expect(told.length).toBeGreaterThan(30);
    files.close();
  }, 120_000);
});
