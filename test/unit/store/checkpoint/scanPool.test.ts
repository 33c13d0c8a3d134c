import { truncateSync } from "node:fs";
import { join, resolve } from "node:path";
import { build } from "esbuild";
import { beforeAll, describe, expect, it } from "vitest";
import { scanCheckpoint } from "../../../../src/analysis/quantization/scan";
import { makeScanner } from "../../../../src/analysis/quantization/scanTask";
import { CheckpointFiles } from "../../../../src/store/checkpoint/files";
import { openCheckpoint } from "../../../../src/store/checkpoint/open";
import { openScanPool } from "../../../../src/store/checkpoint/scanPool";
import { temporaryFolder, tinyLlama, writeSafetensors } from "../../../fixtures/checkpoints/make";

const folder = temporaryFolder();
const program = join(folder, "quantScan.js");
const path = writeSafetensors(join(folder, "model.safetensors"), tinyLlama(3).tensors);

beforeAll(async () => {
  await build({
    entryPoints: [resolve("src/quantScan.ts")],
    outfile: program,
    bundle: true,
    platform: "node",
    format: "cjs",
  });
});

describe("threads that scan", () => {
  it("give the bits of one thread, however many they are", async () => {
    const checkpoint = openCheckpoint(path);
    const files = new CheckpointFiles([path]);
    const scanner = makeScanner((file, offset, into) => files.read(file, offset, into));
    const here = await scanCheckpoint(checkpoint, {
      size: 1,
      run: async (task) => scanner.run(task),
      close: async () => {},
    });
    for (const threads of [1, 3]) {
      const pool = openScanPool({ program, paths: [path], threads });
      expect(pool.size).toBe(threads);
      expect(await scanCheckpoint(checkpoint, pool)).toEqual(here);
      await pool.close();
    }
  });

  it("say which file cannot be read", async () => {
    const pool = openScanPool({ program, paths: [join(folder, "gone.safetensors")], threads: 1 });
    await expect(scanCheckpoint(openCheckpoint(path), pool)).rejects.toThrow(
      /gone\.safetensors cannot be read: there is no such file/,
    );
    await pool.close();
  });

  it("say where a file ends that was cut after it was opened", async () => {
    const cut = writeSafetensors(join(folder, "cut.safetensors"), tinyLlama(4).tensors);
    const checkpoint = openCheckpoint(cut);
    truncateSync(cut, 300_000);
    const pool = openScanPool({ program, paths: [cut], threads: 2 });
    await expect(scanCheckpoint(checkpoint, pool)).rejects.toThrow(
      /cut\.safetensors cannot be read: it ends at byte 300000/,
    );
    await pool.close();
  });

  it("end when they are told to, and reject what they had to do", async () => {
    const pool = openScanPool({ program, paths: [path], threads: 1 });
    const scan = scanCheckpoint(openCheckpoint(path), pool);
    await pool.close();
    await expect(scan).rejects.toThrow(/thread ended/);
    await expect(
      pool.run({
        file: 0,
        offset: 0,
        dtype: "F32",
        rows: 1,
        columns: 1,
        transposed: false,
        fromRow: 0,
        toRow: 1,
        pass: "both",
      }),
    ).rejects.toThrow(/thread ended/);
  });
});
