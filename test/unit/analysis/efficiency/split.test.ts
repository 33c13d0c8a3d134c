import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  attainableOfAll,
  balanceOf,
  fusionSavingS,
  rooflineTimeS,
  splitTime,
} from "../../../../src/analysis/efficiency/split";

const a100 = { peakFlopsPerS: 312e12, bandwidthBytesPerS: 2039e9 };
const positive = fc.double({ min: 1e-9, max: 1e18, noNaN: true });
const work = fc.record({
  flops: fc.double({ min: 0, max: 1e16, noNaN: true }),
  bytes: fc.double({ min: 0, max: 1e13, noNaN: true }),
});
const limits = fc.record({
  peakFlopsPerS: fc.double({ min: 1e6, max: 1e16, noNaN: true }),
  bandwidthBytesPerS: fc.double({ min: 1e6, max: 1e14, noNaN: true }),
});

describe("the worked example: a block of 64, 256 and 64 channels on an A100, batch 32, 56 x 56, half precision", () => {
  const pixels = 32 * 56 * 56;
  const pointwise = { flops: 2 * pixels * 64 * 256, bytes: 2 * (pixels * (64 + 256) + 64 * 256) };
  const depthwise = { flops: 2 * pixels * 9 * 256, bytes: 2 * (pixels * (256 + 256) + 9 * 256) };
  const layers = [pointwise, depthwise, pointwise];
  const flops = layers.reduce((sum, layer) => sum + layer.flops, 0);
  const fused = { flops, bytes: 2 * (pixels * (64 + 64) + 2 * 64 * 256 + 9 * 256) };

  it("has intensities of 51, 4.5 and 51 under a waterline of 153", () => {
    expect(layers.map((layer) => (layer.flops / layer.bytes).toPrecision(2))).toEqual(["51", "4.5", "51"]);
    expect(balanceOf(a100).toFixed(0)).toBe("153");
  });

  it("takes 113 us by the roofline, a fifth of the peak", () => {
    const timeS = layers.reduce((sum, layer) => sum + rooflineTimeS(layer, a100), 0);
    expect((timeS * 1e6).toFixed(0)).toBe("113");
    expect(attainableOfAll(layers.map((layer) => ({ ...layer, limits: a100 })))!.toFixed(2)).toBe("0.20");
  });

  it("takes 22.6 us as one kernel, five times as fast, at an intensity of 273", () => {
    const timeS = rooflineTimeS(fused, a100);
    expect((timeS * 1e6).toFixed(1)).toBe("22.6");
    expect((fused.flops / fused.bytes).toFixed(0)).toBe("273");
    const apartS = timeS + fusionSavingS(layers, fused, a100);
    expect((apartS / timeS).toFixed(1)).toBe("5.0");
  });
});

describe("a layer's time in three parts", () => {
  it("adds up to the last bit, with no part negative, and keeps the measured time", () => {
    fc.assert(
      fc.property(positive, work, limits, (timeS, done, machine) => {
        const { idealTimeS, memoryGapS, kernelGapS, timeS: whole } = splitTime(timeS, done, machine);
        expect(Math.min(idealTimeS, memoryGapS, kernelGapS)).toBeGreaterThanOrEqual(0);
        expect(idealTimeS + memoryGapS + kernelGapS).toBe(whole);
        expect(Math.abs(whole - timeS)).toBeLessThanOrEqual(timeS * 2 ** -52);
      }),
    );
  });

  it("gives nothing to the kernel where the layer is as fast as its roofline, and all to it where nothing is moved", () => {
    fc.assert(
      fc.property(work, limits, (done, machine) => {
        const roofS = rooflineTimeS(done, machine);
        fc.pre(roofS > 0);
        expect(splitTime(roofS, done, machine).kernelGapS).toBeLessThanOrEqual(roofS * 1e-15);
        expect(splitTime(2 * roofS, { ...done, bytes: 0 }, machine).memoryGapS).toBe(0);
      }),
    );
  });

  it("scales with time: a machine half as fast on work half as much says the same", () => {
    fc.assert(
      fc.property(positive, work, limits, (timeS, done, machine) => {
        const slower = { peakFlopsPerS: machine.peakFlopsPerS / 2, bandwidthBytesPerS: machine.bandwidthBytesPerS / 2 };
        const half = { flops: done.flops / 2, bytes: done.bytes / 2 };
        expect(splitTime(timeS, half, slower)).toEqual(splitTime(timeS, done, machine));
      }),
    );
  });
});

it("fusing never costs by the roofline where the chain moves less than its layers", () => {
  fc.assert(
    fc.property(
      fc.array(work, { minLength: 1, maxLength: 6 }),
      limits,
      fc.double({ min: 0, max: 1, noNaN: true }),
      (layers, machine, kept) => {
        const flops = layers.reduce((sum, layer) => sum + layer.flops, 0);
        const bytes = kept * layers.reduce((sum, layer) => sum + layer.bytes, 0);
        expect(fusionSavingS(layers, { flops, bytes }, machine)).toBeGreaterThanOrEqual(0);
      },
    ),
  );
});
