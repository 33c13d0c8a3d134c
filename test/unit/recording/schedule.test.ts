import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { inBurst, nextPollS } from "../../../src/recording/schedule";

/** Polls from one time to another, each as soon as it is due. */
function polls(fromS: number, toS: number, rateHz: number, periods: readonly (number | undefined)[] = []): number[] {
  const times: number[] = [];
  for (let nowS = nextPollS(fromS, rateHz, periods); nowS < toS; nowS = nextPollS(nowS, rateHz, periods))
    times.push(nowS);
  return times;
}

describe("the polling schedule", () => {
  it("polls a hundred times a second in the first minute and in the first seconds of every other", () => {
    expect(polls(0, 60, 10).length / 60).toBeCloseTo(97, 0);
    expect(polls(120, 125, 10).length / 5).toBeCloseTo(97, 0);
    expect(polls(-1, 0, 10).length).toBeGreaterThan(90);
    expect([inBurst(-0.5), inBurst(59.9), inBurst(60), inBurst(65.1), inBurst(119), inBurst(121)]).toEqual([
      true,
      true,
      true,
      false,
      false,
      true,
    ]);
  });

  it("polls at the storing rate between bursts, and costs an hour a fifth of what dense polls would", () => {
    expect(polls(70, 110, 10).length / 40).toBeCloseTo(9.7, 0);
    expect(polls(0, 3600, 10).length / 3600).toBeLessThan(19.5);
  });

  it("begins a burst on time", () => {
    expect(polls(110, 121, 1).some((timeS) => Math.abs(timeS - 120) < 0.011)).toBe(true);
  });

  it("polls devices that are all slow less densely, one fast device densely", () => {
    expect(polls(0, 10, 10, [0.5]).length / 10).toBeLessThan(25);
    expect(polls(0, 10, 10, [0.5, 0.001]).length / 10).toBeGreaterThan(90);
    expect(polls(0, 10, 10, [0.1]).length / 10).toBeGreaterThan(90);
    expect(polls(0, 10, 10, [0.5, undefined]).length / 10).toBeGreaterThan(90);
  });

  it("never polls in step with a meter: every moment of its period is looked at", () => {
    for (const periodS of [0.01, 0.02, 0.025, 1 / 30, 0.05, 0.1]) {
      const seen = new Set(polls(0, 60, 10).map((timeS) => Math.floor(((timeS / periodS) % 1) * 20)));
      expect(seen.size, `${periodS} s`).toBe(20);
    }
  });

  it("always comes later than now, and soon", () => {
    const period = fc.option(fc.double({ min: 0.001, max: 2, noNaN: true }), { nil: undefined });
    fc.assert(
      fc.property(
        fc.double({ min: -5, max: 1e5, noNaN: true }),
        fc.double({ min: 0.2, max: 200, noNaN: true }),
        fc.array(period, { maxLength: 4 }),
        (nowS, rateHz, periods) => {
          const atS = nextPollS(nowS, rateHz, periods);
          expect(atS).toBeGreaterThan(nowS);
          expect(atS - nowS).toBeLessThan(Math.max(2 / rateHz, 0.3));
        },
      ),
    );
  });
});
