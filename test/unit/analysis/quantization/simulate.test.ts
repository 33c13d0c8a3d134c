import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { toE2m1, toE4m3, toNf4 } from "../../../../src/analysis/quantization/levels";
import { bestClip, simulateQuantization, sqnrDb } from "../../../../src/analysis/quantization/simulate";
import { gaussianSqnrDb } from "../../../../src/analysis/quantization/statistics";
import { type ScannedFormat, scannedFormats } from "../../../../src/model/quantization";
import { gaussian, temporaryFolder } from "../../../fixtures/checkpoints/make";
import { hasPython, runPython, simulateInPyTorch } from "./python";

/** Names of the reference's table; its column names. */
const reference = JSON.parse(readFileSync("test/fixtures/checkpoints/reference/sqnr_reference.json", "utf8"))
  .sqnr_db as Record<string, Record<string, number>>;
const referenceName: Record<ScannedFormat, string> = {
  "int8-channel": "INT8 per-channel",
  "fp8-e4m3": "FP8 E4M3 per-channel",
  "int4-g128": "INT4 g128 sym absmax",
  "int4-g128-mse": "INT4 g128 sym MSE-clip",
  "int4-g128-asym": "INT4 g128 asym",
  "int4-g32": "INT4 g32 sym",
  nf4: "NF4 b64",
  nvfp4: "NVFP4 g16",
  mxfp4: "MXFP4 g32",
  "int3-g128": "INT3 g128 asym",
  "int2-g128": "INT2 g128 asym",
};

describe("the small formats", () => {
  it("round to the nearest value, ties to the even one, and stay at their largest", () => {
    expect([0.2, 0.25, 0.26, 0.75, 1.25, 2.5, 3.5, 5, 5.1, 9].map(toE2m1)).toEqual([0, 0, 0.5, 1, 1, 2, 4, 4, 6, 6]);
    expect([1, 1.0625, 1.07, 448, 500, 2 ** -9, 2 ** -10, 2 ** -10 * 1.01, -17.5].map(toE4m3)).toEqual([
      1,
      1,
      1.125,
      448,
      448,
      2 ** -9,
      0,
      2 ** -9,
      -18,
    ]);
    expect([-1, -0.8, 0, 0.03, 0.05, 1].map(toNf4)).toEqual([-1, -0.6961928009986877, 0, 0, 0.07958029955625534, 1]);
  });
});

describe("simulated quantization", () => {
  it("gives hand-computed values", () => {
    const weights = Float32Array.of(7, -3.4, 0.5, 1.5, -0.5, 2.6, 0, 3);
    expect(Array.from(simulateQuantization(weights, 1, 8, "int4-g128"))).toEqual([7, -3, 0, 2, 0, 3, 0, 3]);
    const positive = Float32Array.of(0, 15, 4.4, 7.5);
    expect(Array.from(simulateQuantization(positive, 1, 4, "int4-g128-asym"))).toEqual([0, 15, 4, 8]);
    expect(Array.from(simulateQuantization(Float32Array.of(4, 1.2, 7, -5), 1, 4, "mxfp4"))).toEqual([4, 1, 6, -4]);
  });

  it("keeps groups of zeros, and a last group that is shorter is one of its own", () => {
    const weights = new Float32Array(130).fill(0, 0, 128);
    weights.set([1, -1], 128);
    for (const format of scannedFormats) {
      const rounded = simulateQuantization(weights, 1, 130, format);
      expect(Array.from(rounded.subarray(0, 128)).every((weight) => weight === 0)).toBe(true);
      expect(Math.abs(rounded[129]! + 1)).toBeLessThan(0.34);
    }
  });

  it("takes the larger clip where two are as good, and a smaller one where it is better", () => {
    expect(bestClip(Float32Array.of(7, 1, 2, 3), 0, 4)).toBe(1);
    const outlier = gaussian(128, 5);
    expect(bestClip(outlier, 0, 128)).toBeLessThan(1);
  });

  it("does not change when weights are scaled by a power of two", () => {
    const weights = gaussian(4 * 200, 9);
    fc.assert(
      fc.property(fc.integer({ min: -20, max: 20 }), fc.constantFrom(...scannedFormats), (exponent, format) => {
        const scaled = weights.map((weight) => weight * 2 ** exponent);
        const [plain, other] = [
          simulateQuantization(weights, 4, 200, format),
          simulateQuantization(scaled, 4, 200, format),
        ];
        expect(other.every((weight, i) => weight === plain[i]! * 2 ** exponent)).toBe(true);
      }),
      { numRuns: 40 },
    );
  });

  it.each(scannedFormats)("of Gaussian weights reaches the reference in %s", (format) => {
    // Sigma 0.02, where the reference's MXFP4 was computed: its scale is a power of two, so sigma matters.
    const weights = gaussian(256 * 4096, 11, 0.02);
    const reached = sqnrDb(weights, simulateQuantization(weights, 256, 4096, format));
    expect(Math.abs(reached - reference[referenceName[format]]!.gaussian!)).toBeLessThan(0.1);
    expect(Math.abs(gaussianSqnrDb[format] - reference[referenceName[format]]!.gaussian!)).toBeLessThan(0.07);
  });
});

describe.skipIf(!hasPython("numpy"))("the reference's five seeded distributions", () => {
  const folder = temporaryFolder();
  const make = `
import sys, numpy as np
g = np.random.default_rng(0); shape = (256, 4096); unit = [1, 0.8 ** .5, 0.6 ** .5, 1, 1]
a = [g.standard_normal(shape), g.standard_t(10, shape), g.standard_t(5, shape), g.standard_normal(shape)]
a[3][:, g.choice(4096, 8, replace=False)] *= 20
b = g.standard_normal(shape); b[g.random(shape) < 1e-4] *= 20
for i, w in enumerate(a + [b]):
    w.astype(np.float32).tofile(f"{sys.argv[1]}/{i}.f32")
    (w * 0.02 * unit[i]).astype(np.float32).tofile(f"{sys.argv[1]}/small{i}.f32")
`;
  const read = (name: string) => new Float32Array(new Uint8Array(readFileSync(join(folder, `${name}.f32`))).buffer);
  const columns = [
    "gaussian",
    "student_t df=10",
    "student_t df=5",
    "gauss + 8 outlier cols x20",
    "gauss + 1e-4 sparse x20",
  ];

  it("give the reference's SQNR within 0.1 dB in every format", () => {
    runPython(make, folder);
    for (const [index, column] of columns.entries()) {
      for (const format of scannedFormats) {
        // The reference's MXFP4 figures are those of weights of sigma 0.02 (t distributions brought to unit variance):
        // a power-of-two scale depends on the weights' size, all others do not.
        const weights = read(`${format === "mxfp4" ? "small" : ""}${index}`);
        const reached = sqnrDb(weights, simulateQuantization(weights, 256, 4096, format));
        expect(
          Math.abs(reached - reference[referenceName[format]]![column]!),
          `${format}, ${column}: ${reached}`,
        ).toBeLessThan(0.1);
      }
    }
  });
});

describe.skipIf(!hasPython("torch"))("PyTorch doing the same", () => {
  it("agrees bit for bit in every format, with tails, outliers and zeros", () => {
    const folder = temporaryFolder();
    const [rows, columns] = [24, 4096 + 80];
    const weights = gaussian(rows * columns, 21, 0.03);
    for (let row = 0; row < rows; row += 3) weights[row * columns + row * 7] = 2.5;
    weights.fill(0, columns, 2 * columns);
    weights.fill(0, 5 * columns + 128, 5 * columns + 256);
    weights.fill(1e-7, 6 * columns, 6 * columns + 16);
    writeFileSync(join(folder, "in.f32"), new Uint8Array(weights.buffer));
    simulateInPyTorch(folder, rows, columns);
    for (const format of scannedFormats) {
      const theirs = new Uint32Array(new Uint8Array(readFileSync(join(folder, `${format}.f32`))).buffer);
      const own = simulateQuantization(weights, rows, columns, format);
      // -0 and 0 are the same weight.
      const ours = new Uint32Array(own.map((weight) => weight + 0).buffer);
      let different = 0;
      for (let i = 0; i < ours.length; i++) if (ours[i] !== theirs[i]) different++;
      expect(different, format).toBe(0);
    }
  }, 60_000);
});
