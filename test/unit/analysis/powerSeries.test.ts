import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { powerSeries } from "../../../src/analysis/powerSeries";
import { columnsOf } from "./columns";

const tenths = (count: number) => Array.from({ length: count }, (_, tick) => tick / 10);

describe("the power curve of a device", () => {
  it("has the mean power of each step", () => {
    const powers = tenths(21).map((timeS) => (timeS <= 1 ? 100 : 50));
    const { timeS, powerW } = powerSeries(columnsOf(tenths(21), powers), 0.5);
    expect([...timeS].map((time) => Math.round(time * 10))).toEqual([5, 10, 15, 20]);
    expect([...powerW].map(Math.round)).toEqual([100, 100, 50, 50]);
  });

  it("integrates to the device's energy, whatever the readings", () => {
    const gaps = fc.array(fc.double({ min: 0.001, max: 1, noNaN: true }), { minLength: 5, maxLength: 200 });
    fc.assert(
      fc.property(gaps, fc.double({ min: 0.01, max: 1, noNaN: true }), (steps, stepS) => {
        let atS = 0;
        const times = steps.map((step) => (atS += step));
        const columns = columnsOf(
          times,
          steps.map((step) => 10 + 90 * step),
        );
        const { timeS, powerW } = powerSeries(columns, stepS);
        let fromS = times[0]!;
        let joules = 0;
        timeS.forEach((time, index) => {
          joules += powerW[index]! * (time - fromS);
          fromS = time;
        });
        const last = columns.timeS.indexOf(fromS);
        expect(joules).toBeCloseTo(columns.energyJ[last]!, 6);
        expect([...timeS]).toEqual([...timeS].sort((a, b) => a - b));
      }),
    );
  });

  it("shows a gap where nothing was read for a while", () => {
    const times = [...tenths(11), ...tenths(11).map((timeS) => timeS + 8)];
    const { timeS, powerW } = powerSeries(
      columnsOf(
        times,
        times.map(() => 40),
      ),
      0.5,
    );
    expect([...powerW].filter(Number.isNaN)).toHaveLength(1);
    const gap = powerW.findIndex(Number.isNaN);
    expect(timeS[gap]).toBeCloseTo(1, 9);
    expect(timeS[gap + 1]).toBeCloseTo(8.5, 9);
  });

  it("of no readings is empty", () => {
    expect(powerSeries(columnsOf([], []), 0.5).timeS).toHaveLength(0);
    expect(powerSeries(columnsOf([1], [5]), 0.5).timeS).toHaveLength(0);
  });
});
