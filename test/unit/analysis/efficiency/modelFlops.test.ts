import { describe, expect, it } from "vitest";
import {
  forwardFlopsPerToken,
  hardwareFlopsUtilization,
  modelFlopsUtilization,
  trainingFlopsPerToken,
} from "../../../../src/analysis/efficiency/modelFlops";

/** GPT-2 124M as nanoGPT has it. */
const small = { parameters: 123_653_376, layers: 12, heads: 12, headSize: 64, sequenceLength: 1024 };

describe("FLOPs of a transformer", () => {
  it("are 6 N and 12 L H Q T a token, a third of it forward", () => {
    const byHand = 6 * 123_653_376 + 12 * 12 * 12 * 64 * 1024;
    expect(trainingFlopsPerToken(small)).toBe(byHand);
    expect(forwardFlopsPerToken(small) * 3).toBe(byHand);
  });

  it("are a third more with full checkpointing: 8 N and 16 L H Q T", () => {
    expect(trainingFlopsPerToken(small, 1)).toBe(8 * 123_653_376 + 16 * 12 * 12 * 64 * 1024);
  });

  it("give the MFU that nanoGPT reports, and an HFU a third higher where all is computed again", () => {
    // 178,000 tokens/s on one A100 of 312 TFLOP/s: (178,000 x 855,166,464) / 312e12, divided by hand.
    const mfu = modelFlopsUtilization(small, 178_000, { devices: 1, peakFlopsPerS: 312e12 });
    expect(mfu).toBeCloseTo(0.4879, 4);
    expect(hardwareFlopsUtilization(small, 178_000, { devices: 1, peakFlopsPerS: 312e12 }, 1)).toBeCloseTo(
      (mfu * 4) / 3,
      12,
    );
    expect(modelFlopsUtilization(small, 178_000, { devices: 8, peakFlopsPerS: 312e12 })).toBeCloseTo(mfu / 8, 12);
  });
});
