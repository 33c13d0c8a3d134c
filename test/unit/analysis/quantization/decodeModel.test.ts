import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import {
  decodeErrors,
  decodeFits,
  fittedStepS,
  powerShare,
  predictDecode,
  readBytes,
} from "../../../../src/analysis/quantization/decodeModel";
import type { Answer } from "../../../../src/model/answer";
import { cpu, gpu, llama, request, sized } from "./models";

const published = JSON.parse(readFileSync("test/fixtures/checkpoints/reference/decode_fit.json", "utf8"));
function value<T>(answer: Answer<T>): T {
  if (!answer.known) throw new Error(answer.reason);
  return answer.value;
}
const middle = ([low, high]: readonly [number, number]) => (low + high) / 2;
const server = (batch: number, contextTokens = 1000) => request({ mode: "async", batch, contextTokens });

describe("the decode model", () => {
  it.each(["H100", "B200"] as const)("has the published coefficients of the %s", (device) => {
    const { t0_ms, tp_ms_per_80_layers, eta_bw, mfu_eff } = published[device];
    expect(decodeFits[device]).toEqual({
      t0Ms: t0_ms,
      tpMsPer80Layers: tp_ms_per_80_layers,
      etaBandwidth: eta_bw,
      mfu: mfu_eff,
    });
    expect(decodeErrors.b200).toBe(published.B200.mape);
  });

  it("is the formula", () => {
    const input = {
      weights: 16e9,
      kv: 2e9,
      parameters: 8e9,
      batch: 64,
      layers: 32,
      devices: 2,
      bandwidthBytesPerS: 3.35e12,
      peakPerS: 989.5e12,
    };
    const ms =
      2.663980705630383 +
      (2.4140209543758555 * 32) / 80 +
      (1e3 * 18e9) / (0.9131488625971573 * 3.35e12 * 2) +
      (1e3 * 2 * 8e9 * 64) / (0.3418304746640475 * 989.5e12 * 2);
    expect(fittedStepS(decodeFits.H100, input)).toBeCloseTo(ms / 1000, 12);
    expect(fittedStepS(decodeFits.H100, { ...input, devices: 1 }) * 1000).toBeCloseTo(
      2.664 + 18e9 / (0.91315 * 3.35e9) + 1.024e15 / (0.34183 * 989.5e12),
      2,
    );
  });

  it("inside of its range gives its own error, and does not say that it is outside", () => {
    const { timePerTokenS, energyPerTokenJ, outside } = value(
      predictDecode(llama("8B"), "bf16", gpu("H100"), server(64)),
    );
    const step = fittedStepS(decodeFits.H100, {
      weights: 16.06e9,
      kv: 131_072 * 64_000,
      parameters: 8.03e9,
      batch: 64,
      layers: 32,
      devices: 1,
      bandwidthBytesPerS: 3.35e12,
      peakPerS: 989.5e12,
    });
    expect(middle(timePerTokenS) / step).toBeCloseTo(1, 3);
    expect(timePerTokenS[1] / middle(timePerTokenS) - 1).toBeCloseTo(0.112, 3);
    expect(middle(energyPerTokenJ!) / ((1.06 * 700 * powerShare(64) * step) / 64)).toBeCloseTo(1, 3);
    expect(outside).toBeUndefined();
  });

  it("draws 0.62 of the TDP at batch 8 and 0.87 at 256", () => {
    expect([8, 256, 1000].map(powerShare)).toEqual([0.62, 0.87, 0.87]);
    expect(powerShare(45.25)).toBeCloseTo(0.745, 3);
  });

  it("below batch 8 gives the measured share of bandwidth as a range, and says so", () => {
    const at7 = value(predictDecode(llama("8B"), "bf16", gpu("H100"), server(7)));
    const at8 = value(predictDecode(llama("8B"), "bf16", gpu("H100"), server(8)));
    expect(at7.outside).toMatch(/Batch 7 is below 8/);
    expect(at8.outside).toBeUndefined();
    const { timePerTokenS } = value(predictDecode(llama("8B"), "bf16", gpu("H100"), request({ contextTokens: 1 })));
    // All but the input embedding is read.
    const bytes = readBytes(llama("8B"), "bf16", 1);
    expect(bytes).toBeCloseTo((8.03e9 - 0.525e9) * 2, -8);
    expect(timePerTokenS[0] * 3.35e12 * 0.82).toBeCloseTo(bytes + 131_072, -3);
    expect(timePerTokenS[1] * 3.35e12 * 0.68).toBeCloseTo(bytes + 131_072, -3);
  });

  it("reproduces the measured single streams that the shares came from", () => {
    // 8B on A6000 (768 GB/s), 1024 tokens: 24.5 s BF16, 15.9 s INT8, 9.7 s INT4.
    const a6000 = { ...gpu("A40"), name: "RTX A6000", bandwidthBytesPerS: 768e9 };
    for (const [format, seconds] of [
      ["bf16", 24.5],
      ["int8-channel", 15.9],
      ["int4-g128", 9.7],
    ] as const) {
      const [low, high] = value(
        predictDecode(llama("8B"), format, a6000, request({ contextTokens: 768 })),
      ).timePerTokenS;
      expect(low * 1024 * 0.97).toBeLessThan(seconds);
      expect(high * 1024 * 1.03).toBeGreaterThan(seconds);
    }
  });

  it.each([
    ["above batch 300", llama("8B"), "H100", 301, /above 300/],
    ["on another GPU", llama("8B"), "A100", 64, /not on A100/],
    ["on the B200", llama("8B"), "B200", 64, /24 %/],
    ["on the H200", llama("8B"), "H200", 64, /H200/],
    ["of a model above 70B", llama("405B"), "H100", 64, /8B to 70B/],
    ["of a model below 8B", sized(3e9), "H100", 64, /8B to 70B/],
    [
      "of a mixture of experts",
      sized(47e9, { config: { ...llama("8B").config, experts: 8, expertsPerToken: 2 } }),
      "H100",
      64,
      /mixture of experts/,
    ],
  ] as const)("%s says that it was not fitted there", (_, facts, device, batch, why) => {
    const { outside, timePerTokenS } = value(predictDecode(facts, "bf16", gpu(device), server(batch)));
    expect(outside).toMatch(why);
    expect(timePerTokenS[1] / timePerTokenS[0]).toBeGreaterThan(device === "A100" ? 1.2 : 1.45);
  });

  it("has no answer where it has no ground", () => {
    expect(predictDecode(llama("8B"), "bf16", cpu, request()).known).toBe(false);
    expect(predictDecode(llama("8B"), "bf16", undefined, request()).known).toBe(false);
    expect(predictDecode(llama("8B"), "q4_k_m", gpu("H100"), request()).known).toBe(false);
    expect(predictDecode(llama("8B", { generates: false }), "bf16", gpu("H100"), request()).known).toBe(false);
  });

  it("reads of experts only those that the batch picks", () => {
    const config = { ...llama("8B").config, experts: 64, expertsPerToken: 8 };
    const facts = sized(30e9, { expertParameters: 28e9, config });
    expect(readBytes(facts, "bf16", 1)).toBeCloseTo(2 * (2e9 + 28e9 / 8), 0);
    expect(readBytes(facts, "bf16", 512)).toBeCloseTo(2 * 30e9, -3);
  });
});
