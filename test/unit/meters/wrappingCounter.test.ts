import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { WrappingCounter } from "../../../src/meters/wrappingCounter";

const range = 65_532_610_987;

describe("a counter that wraps", () => {
  it("gives back any energy that can have been used between two reads, wherever it starts", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: range - 1 }),
        fc.array(
          fc.record({
            powerW: fc.double({ min: 0, max: 900, noNaN: true }),
            s: fc.double({ min: 0.001, max: 60, noNaN: true }),
          }),
          {
            maxLength: 60,
          },
        ),
        (start, steps) => {
          const counter = new WrappingCounter(range, 1e-6, 1000);
          let raw = start;
          let nowS = 5;
          let trueUj = 0;
          counter.advance(raw, nowS);
          let energyJ = 0;
          for (const { powerW, s } of steps) {
            const usedUj = Math.round(powerW * s * 1e6);
            trueUj += usedUj;
            raw = (raw + usedUj) % range;
            nowS += s;
            const next = counter.advance(raw, nowS);
            expect(next).toBeGreaterThanOrEqual(energyJ);
            energyJ = next;
          }
          expect(energyJ).toBeCloseTo(trueUj / 1e6, 3);
        },
      ),
    );
  });

  it("never falls and never makes up energy when the counter is set back at random", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 0, max: 50_000_000 })), { maxLength: 100 }),
        (steps) => {
          const counter = new WrappingCounter(range, 1e-6, 1000);
          let raw = 30_000_000_000;
          let nowS = 0;
          let usedJ = 0;
          let energyJ = counter.advance(raw, nowS);
          for (const [reset, uj] of steps) {
            nowS += 0.1;
            raw = reset ? 0 : raw + uj;
            if (!reset) usedJ += uj / 1e6;
            const next = counter.advance(raw, nowS);
            if (Number.isNaN(next)) continue;
            expect(next).toBeGreaterThanOrEqual(energyJ);
            energyJ = next;
          }
          expect(energyJ).toBeLessThanOrEqual(usedJ + 1e-6);
        },
      ),
    );
  });

  it("takes every fall for a reset where the range is not known", () => {
    const counter = new WrappingCounter(Number.NaN, 1e-6, 1000);
    counter.advance(5_000_000, 0);
    expect(counter.advance(1_000_000, 1)).toBeNaN();
    expect(counter.advance(3_000_000, 2)).toBeCloseTo(2, 9);
  });
});
