import { describe, expect, it } from "vitest";
import { attributionAtLeastS, knownAtLeastS, totalAtLeastS } from "../../../../src/analysis/attribution/enough";
import { stretchesOf } from "../../../../src/analysis/attribution/readings";
import { energyAtMost, totalEnergy } from "../../../../src/analysis/attribution/total";

/** 50 W, read every 100 ms. */
const timeS = Float64Array.from({ length: 41 }, (_, k) => -1 + 0.1 * k);
const readings = { timeS, spreadS: timeS.map(() => 0.001), energyJ: timeS.map((at) => 500 + 50 * at) };
const part = (from: number, to: number) => ({
  timeS: readings.timeS.subarray(from, to),
  spreadS: readings.spreadS.subarray(from, to),
  energyJ: readings.energyJ.subarray(from, to),
});

describe("the total", () => {
  it("is the difference of the readings, between them by a straight line", () => {
    const total = totalEnergy(readings, { fromS: 0.03, toS: 2.07 });
    if (!total.known) throw new Error(total.reason);
    expect(total.value.energyJ).toBeCloseTo(50 * 2.04, 9);
    expect(total.value.meanPowerW).toBeCloseTo(50, 9);
    expect(total.value.standardErrorJ).toBeGreaterThan(0.5);
    expect(total.value.standardErrorJ).toBeLessThan(3);
  });

  it("is surer of ends that have a reading", () => {
    const error = (fromS: number) => {
      const total = totalEnergy(readings, { fromS, toS: 2 });
      return total.known ? total.value.standardErrorJ : Number.NaN;
    };
    expect(error(0)).toBeLessThan(error(0.05) / 5);
  });

  it("goes on beyond the last reading for a while, with an error that says so", () => {
    const total = totalEnergy(part(12, 31), { fromS: 0.1, toS: 2.1 });
    if (!total.known) throw new Error(total.reason);
    expect(total.value.energyJ).toBeCloseTo(100, 6);
    expect(total.value.standardErrorJ).toBeGreaterThan(2);
  });

  it("is not told from a few readings, nor from those of another time", () => {
    expect(totalEnergy(readings, { fromS: 0, toS: 0.25 })).toEqual({
      known: false,
      reason: expect.stringContaining("too short to say"),
    });
    expect(totalEnergy(readings, { fromS: 1, toS: 9 }).known).toBe(false);
    expect(totalEnergy(readings, { fromS: 1, toS: 1 }).known).toBe(false);
  });

  it("is bounded by the readings around a run that is too short", () => {
    expect(energyAtMost(readings, { fromS: 0.02, toS: 0.15 })).toBeCloseTo(50 * 0.2, 9);
    expect(energyAtMost(readings, { fromS: 2.9, toS: 3.2 })).toBeUndefined();
  });
});

describe("how long a run must be", () => {
  it("grows with the meter's period and with what is asked of it", () => {
    expect(totalAtLeastS(0.1)).toBeCloseTo(2);
    expect(totalAtLeastS(0.001)).toBe(1);
    expect(attributionAtLeastS(0.1, 5)).toBeCloseTo(12.5);
    expect(knownAtLeastS(10, 20, 10, 0.25)).toBeCloseTo(40);
    expect(knownAtLeastS(10, 20, 1, 0.25)).toBe(10);
    expect(knownAtLeastS(10, 0, 1, 0.25)).toBeUndefined();
  });
});

describe("stretches", () => {
  it("have no interval that reaches into a hole", () => {
    const holes = [
      { fromS: 0.52, toS: 0.95 },
      { fromS: -0.3, toS: 0.2 },
      { fromS: 1.51, toS: 1.55 },
    ];
    const found = stretchesOf(readings, { fromS: 0, toS: 2.05 }, holes);
    expect(found.map((stretch) => [stretch.timeS[0]!.toFixed(1), stretch.timeS.at(-1)!.toFixed(1)])).toEqual([
      ["0.2", "0.5"],
      ["1.0", "1.5"],
      ["1.6", "2.0"],
    ]);
  });
});
