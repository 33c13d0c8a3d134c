import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { computeCascade, usefulShare, wasteCascade } from "../../../../src/analysis/efficiency/wasteFactor";

const share = fc.double({ min: 0.01, max: 1, noNaN: true });

describe("the waste factor", () => {
  it("of the reference's worked example is 3.64, 5.6 dB, with its additive parts", () => {
    const cascade = computeCascade({ pue: 1.2, supplyEfficiency: 0.94, nodeShare: 0.75, usefulShare: 0.467 })!;
    expect(cascade.factor).toBeCloseTo(3.64, 2);
    expect(cascade.decibels).toBeCloseTo(5.6, 1);
    expect(cascade.factor - 1).toBeCloseTo(2.64, 2);
    const lost = Object.fromEntries(cascade.parts.map(({ id, lostPerUseful }) => [id, lostPerUseful]));
    expect(lost.pue).toBeCloseTo(0.61, 2);
    expect(lost.supply).toBeCloseTo(0.18, 2);
    expect(lost.node).toBeCloseTo(0.71, 2);
    expect(lost.device).toBeCloseTo(1.14, 2);
  });

  it("is the product of what the stages divide by, and its shares add up to the whole", () => {
    fc.assert(
      fc.property(fc.array(share, { minLength: 1, maxLength: 6 }), (efficiencies) => {
        const cascade = wasteCascade(efficiencies.map((efficiency, k) => ({ id: String(k), efficiency })))!;
        const product = efficiencies.reduce((whole, one) => whole / one, 1);
        expect(cascade.factor / product).toBeCloseTo(1, 9);
        const all = cascade.usefulShare + cascade.parts.reduce((sum, part) => sum + part.share, 0);
        expect(all).toBeCloseTo(1, 9);
        expect(cascade.parts.every((part) => part.lostPerUseful >= 0)).toBe(true);
      }),
    );
  });

  it("weighs a loss near the plug by all that must still get through behind it", () => {
    const [early, late] = [
      [0.5, 0.9],
      [0.9, 0.5],
    ].map(
      ([a, b]) =>
        wasteCascade([
          { id: "a", efficiency: a! },
          { id: "b", efficiency: b! },
        ])!,
    );
    expect(early!.factor).toBeCloseTo(late!.factor, 12);
    expect(early!.parts[0]!.share).toBeCloseTo(0.5, 12);
    expect(late!.parts[1]!.share).toBeCloseTo(0.45, 12);
  });

  it("is not said where a stage gives out more than goes in, or nothing", () => {
    expect(computeCascade({ pue: 0.9 })).toBeUndefined();
    expect(computeCascade({ nodeShare: 0 })).toBeUndefined();
    expect(computeCascade({ usefulShare: Number.NaN })).toBeUndefined();
    expect(computeCascade({})!.factor).toBe(1);
  });

  it("takes for useful what the FLOPs would have needed at the device's best", () => {
    // 140 of 312 TFLOP/s on an A100 of 400 W that drew 384 W.
    expect(usefulShare(140e12, 384, 312e12, 400)).toBeCloseTo(0.467, 3);
    expect(usefulShare(312e12, 300, 312e12, 400)).toBe(1);
  });
});
