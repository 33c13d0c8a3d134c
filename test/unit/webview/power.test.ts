import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { curveOf, dotColumns } from "../../../webview/shared/chart/downsample";
import { PowerStore } from "../../../webview/shared/chart/powerStore";

/** Rising times with a power each, about a fifth of them gaps. */
const series = fc
  .array(
    fc.tuple(
      fc.double({ min: 1e-3, max: 2, noNaN: true }),
      fc.option(fc.double({ min: 0, max: 900, noNaN: true }), { freq: 4, nil: Number.NaN }),
    ),
    { minLength: 2, maxLength: 400 },
  )
  .map((rows) => {
    let timeS = 0;
    return {
      timeS: Float64Array.from(rows, ([step]) => (timeS += step)),
      powerW: Float64Array.from(rows, ([, powerW]) => powerW),
    };
  });

function storeOf(columns: { timeS: Float64Array; powerW: Float64Array }): PowerStore {
  const store = new PowerStore();
  store.append(columns.timeS, columns.powerW);
  return store;
}

describe("power over time", () => {
  it("sums the energy of any span as adding up its steps does", () => {
    fc.assert(
      fc.property(
        series,
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (columns, a, b) => {
          const endS = columns.timeS.at(-1)!;
          const [from, to] = [Math.min(a, b) * endS, Math.max(a, b) * endS];
          let [energyJ, coveredS] = [0, 0];
          for (let i = 1; i < columns.timeS.length; i++) {
            const overlap = Math.min(to, columns.timeS[i]!) - Math.max(from, columns.timeS[i - 1]!);
            if (overlap <= 0 || Number.isNaN(columns.powerW[i])) continue;
            energyJ += overlap * columns.powerW[i]!;
            coveredS += overlap;
          }
          const sum = storeOf(columns).between(from, to);
          expect(sum.energyJ).toBeCloseTo(energyJ, 6);
          expect(sum.coveredS).toBeCloseTo(coveredS, 9);
        },
      ),
    );
  });

  it("leaves out times that do not go forward, and takes what is no number for a gap", () => {
    const store = storeOf({
      timeS: Float64Array.of(0, 1, 1, 0.5, Number.NaN, 2, 3),
      powerW: Float64Array.of(5, 10, 99, 99, 99, Number.POSITIVE_INFINITY, 20),
    });
    expect([...store.timeS]).toEqual([0, 1, 2, 3]);
    expect([...store.powerW]).toEqual([5, 10, Number.NaN, 20]);
    expect(store.between(0, 3)).toEqual({ energyJ: 30, coveredS: 2 });
    expect(store.at(0.5)).toBe(10);
    expect(store.at(1.5)).toBeNaN();
    expect(store.at(9)).toBeNaN();
    expect(store.maxW).toBe(20);
  });

  it("goes on where the chunk before ended", () => {
    fc.assert(
      fc.property(series, fc.nat(400), (columns, at) => {
        const parts = new PowerStore();
        parts.append(columns.timeS.slice(0, at), columns.powerW.slice(0, at));
        parts.append(columns.timeS.slice(at), columns.powerW.slice(at));
        const whole = storeOf(columns);
        expect([...parts.powerW]).toEqual([...whole.powerW]);
        expect(parts.between(0, 1e9)).toEqual(whole.between(0, 1e9));
      }),
    );
  });
});

describe("a curve made for pixels", () => {
  it("keeps the smallest and the largest value in sight, however few the pixels", () => {
    fc.assert(
      fc.property(series, fc.integer({ min: 1, max: 60 }), (columns, pixels) => {
        const { line, band } = curveOf(storeOf(columns), columns.timeS[0]!, columns.timeS.at(-1)!, pixels);
        const drawn = [...(band?.low ?? []), ...(band?.high ?? []), ...line.filter((_, i) => i % 2 === 1)].filter(
          (value) => !Number.isNaN(value),
        );
        const known = [...columns.powerW.slice(1)].filter((value) => !Number.isNaN(value));
        expect(drawn.length === 0).toBe(known.length === 0);
        if (known.length === 0) return;
        expect(Math.max(...drawn)).toBeCloseTo(Math.max(...known), 6);
        expect(Math.min(...drawn)).toBeCloseTo(Math.min(...known), 6);
      }),
    );
  });

  it("has under its line the energy of the window, however few the pixels", () => {
    const timeS = Float64Array.from({ length: 5000 }, (_, i) => i * 0.01);
    const powerW = Float64Array.from(timeS, (time) => 100 + 90 * Math.sin(time * 40));
    const store = storeOf({ timeS, powerW });
    const { line, band } = curveOf(store, 0, 49.99, 37);
    expect(band).toBeDefined();
    const mean = line.filter((_, i) => i % 2 === 1).reduce((sum, value) => sum + value, 0) / 37;
    expect(mean * 49.99).toBeCloseTo(store.between(0, 49.99).energyJ, 4);
  });

  it("has points for the pixels and not for the samples", () => {
    const count = 1_000_000;
    const timeS = Float64Array.from({ length: count }, (_, i) => i * 1e-3);
    const powerW = Float64Array.from({ length: count }, (_, i) => (i === 654_321 ? 5000 : 40 + (i % 7)));
    const { line, band } = curveOf(storeOf({ timeS, powerW }), 0, 1000, 800);
    expect(line.length).toBe(1600);
    expect(band!.high).toHaveLength(800);
    expect(Math.max(...band!.high)).toBe(5000);
  });

  it("lifts the pen in a gap", () => {
    const store = storeOf({ timeS: Float64Array.of(0, 1, 2, 3), powerW: Float64Array.of(1, 10, Number.NaN, 30) });
    expect(curveOf(store, 0, 3, 300)).toEqual({ line: [0, 10, 1, 10, Number.NaN, Number.NaN, 2, 30, 3, 30] });
    const timeS = Float64Array.from({ length: 1001 }, (_, i) => i);
    const long = storeOf({ timeS, powerW: timeS.map((time) => (time > 400 && time <= 600 ? Number.NaN : 5)) });
    const { line, band } = curveOf(long, 0, 1000, 10);
    expect(line.filter((_, i) => i % 2 === 1)).toEqual([5, 5, 5, 5, Number.NaN, Number.NaN, 5, 5, 5, 5]);
    expect([...band!.high].map(Number.isNaN)).toEqual(
      [4, 5].reduce((all, i) => all.with(i, true), Array(10).fill(false)),
    );
  });

  it("is nothing for nothing", () => {
    expect(curveOf(new PowerStore(), 0, 1, 100)).toEqual({ line: [] });
    expect(curveOf(storeOf({ timeS: Float64Array.of(0, 1), powerW: Float64Array.of(1, 1) }), 1, 1, 100)).toEqual({
      line: [],
    });
  });
});

describe("dots in columns", () => {
  it("have smallest, largest and mean of what is counted", () => {
    const columns = dotColumns(
      Float64Array.of(0, 1, 2, 3, 9),
      Float64Array.of(4, 8, 1000, Number.NaN, 5),
      Uint8Array.of(0, 0, 2, 0, 0),
      0,
      10,
      2,
    );
    expect([...columns.low]).toEqual([4, 5]);
    expect([...columns.high]).toEqual([8, 5]);
    expect([...columns.mean]).toEqual([6, 5]);
  });
});
