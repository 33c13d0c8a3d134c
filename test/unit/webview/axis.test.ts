import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  axisFromZero,
  axisUnit,
  niceTicks,
  tickText,
  timeTicks,
  timeTickText,
} from "../../../webview/shared/chart/axis";

describe("ticks", () => {
  it("are round, inside, and no more than asked for", () => {
    expect(niceTicks(0, 43, 4).values).toEqual([0, 20, 40]);
    expect(niceTicks(0.1, 0.35, 5).values.map((value) => value.toFixed(2))).toEqual([
      "0.10",
      "0.15",
      "0.20",
      "0.25",
      "0.30",
      "0.35",
    ]);
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 1e4, noNaN: true }),
        fc.double({ min: 1e-4, max: 1e6, noNaN: true }),
        fc.integer({ min: 1, max: 12 }),
        (from, span, most) => {
          const { step, values } = niceTicks(from, from + span, most);
          expect(values.length).toBeLessThanOrEqual(most + 1);
          for (const value of values) {
            expect(value).toBeGreaterThanOrEqual(from - step * 1e-6);
            expect(value).toBeLessThanOrEqual(from + span + step * 1e-6);
          }
          expect(["1", "2", "5"]).toContain(step.toExponential(0)[0]);
        },
      ),
    );
  });

  it("of nonsense are none", () => {
    expect(niceTicks(0, 0, 5).values).toEqual([]);
    expect(niceTicks(0, Number.NaN, 5).values).toEqual([]);
    expect(niceTicks(0, Number.POSITIVE_INFINITY, 5).values).toEqual([]);
  });

  it("from zero end at a labelled tick that is not below the data", () => {
    expect(axisFromZero(43, 5)).toMatchObject({ top: 50, values: [0, 10, 20, 30, 40, 50] });
    fc.assert(
      fc.property(fc.double({ min: 1e-9, max: 1e9, noNaN: true }), fc.integer({ min: 2, max: 8 }), (largest, most) => {
        const { top, values } = axisFromZero(largest, most);
        expect(top).toBeGreaterThanOrEqual(largest * (1 - 1e-9));
        expect(values.at(-1)).toBeCloseTo(top, 12);
        expect(values.length).toBeLessThanOrEqual(most + 2);
      }),
    );
  });

  it("have as many decimals as their step needs, in one prefix", () => {
    expect(tickText(0.30000000000000004, 0.1)).toBe("0.3");
    expect(tickText(0, 0.05)).toBe("0.00");
    expect(axisUnit(1500, "W")).toEqual({ unit: "kW", factor: 1000 });
    expect(tickText(1500, 500, 1000)).toBe("1.5");
    expect(axisUnit(0.2, "J")).toEqual({ unit: "mJ", factor: 1e-3 });
  });

  it("of time are seconds, then minutes on a clock", () => {
    expect(timeTicks(0, 35, 8).values).toEqual([0, 5, 10, 15, 20, 25, 30, 35]);
    const long = timeTicks(0, 8400, 8);
    expect(long.values.map((value) => timeTickText(value, long.step))).toEqual([
      "0:00",
      "30:00",
      "1:00:00",
      "1:30:00",
      "2:00:00",
    ]);
  });
});
