import { describe, expect, it } from "vitest";
import { activationBytes, kvCacheBytes, totalBytes, weightBytes } from "../../../../src/analysis/quantization/sizes";
import { formatBits, formats } from "../../../../src/model/quantization";
import { llama } from "./models";

const near = (value: number, wanted: number, share = 0.01) =>
  expect(Math.abs(value / wanted - 1), `${value} for ${wanted}`).toBeLessThan(share);

describe("sizes", () => {
  it("are those of the reference: W4A16 is 0.355 of BF16 at 8B and 0.28 at 70B", () => {
    near(weightBytes(llama("8B"), "bf16"), 16.06e9);
    near(weightBytes(llama("8B"), "int4-g128"), 5.7e9);
    near(weightBytes(llama("8B"), "int4-g128") / weightBytes(llama("8B"), "bf16"), 0.355);
    near(weightBytes(llama("70B"), "int4-g128") / weightBytes(llama("70B"), "bf16"), 0.28);
  });

  it("of GGUF's formats are those of llama.cpp's files", () => {
    near(weightBytes(llama("8B"), "q4_k_m"), 4.58 * 2 ** 30);
    near(weightBytes(llama("8B"), "q8_0"), 7.95 * 2 ** 30);
  });

  it("follow the formula in every format: linear weights at its bits, the rest at 16", () => {
    const facts = llama("70B");
    for (const format of formats) {
      const whole = format === "q4_k_m" || format === "q8_0";
      const wanted = whole
        ? (facts.parameters * formatBits[format]) / 8
        : (facts.linearParameters * formatBits[format]) / 8 + 2 * (facts.embeddingParameters + facts.headParameters);
      near(weightBytes(facts, format), wanted, 1e-9);
    }
    expect([
      formatBits["int4-g128"],
      formatBits["int4-g128-asym"],
      formatBits.mxfp4,
      formatBits.nvfp4,
      formatBits.nf4,
    ]).toEqual([4.125, 4.15625, 4.25, 4.5, 4.5]);
  });

  it("of the cache grow with context and batch, and a sliding layer keeps its window", () => {
    const { config } = llama("8B");
    // 2 × 32 layers × 8 heads × 128 × 2 B = 131,072 B a token.
    expect(kvCacheBytes(config, 1000, 3)).toBe(131_072 * 3000);
    expect(kvCacheBytes({ ...config, slidingWindow: 100, slidingLayers: 16 }, 1000, 1)).toBe(131_072 * 550);
    expect(kvCacheBytes({ layers: 61, latentKvSize: 576 }, 1, 1)).toBe(61 * 576 * 2);
    expect(kvCacheBytes({}, 1000, 1)).toBeUndefined();
  });

  it("in all have a tenth of slack, or the activations where those are more", () => {
    expect(totalBytes(100, 20, undefined)).toBe(132);
    expect(totalBytes(100, 20, 50)).toBe(170);
    expect(activationBytes({}, 100, 1)).toBeUndefined();
    const { config } = llama("8B");
    expect(activationBytes(config, 4096, 1)).toBe(2048 * 2 * (4 * 4096 + 3 * 14336) + 128256 * 4);
  });
});
