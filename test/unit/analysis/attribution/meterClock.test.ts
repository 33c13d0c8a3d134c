import { describe, expect, it } from "vitest";
import { meterClock } from "../../../../src/analysis/attribution/meterClock";
import { random } from "../../../fixtures/simulation/random";

interface Clock {
  readonly periodS: number;
  readonly jitterS?: number;
  readonly wanderS?: number;
  readonly count?: number;
  /** Seconds between polls at a time. */
  readonly pollS?: (timeS: number) => number;
}

/** Changes of a meter as polls see them, and when they really were. */
function seen({ periodS, jitterS = 0, wanderS = 0, count = 250, pollS = () => 0.01 }: Clock, seed = 1) {
  const { next, normal, between } = random(seed);
  const timeS: number[] = [];
  const halfS: number[] = [];
  const trueS: number[] = [];
  let pollAtS = 0;
  let regularS = periodS * next();
  let changeS = regularS;
  let lastS = Number.NaN;
  while (trueS.length < count) {
    const before = pollAtS;
    pollAtS += pollS(pollAtS) * between(0.7, 1.3);
    while (changeS <= pollAtS) {
      lastS = changeS;
      regularS += periodS + wanderS * normal();
      changeS = regularS + jitterS * normal();
    }
    if (lastS > before) {
      timeS.push((before + pollAtS) / 2);
      halfS.push((pollAtS - before) / 2);
      trueS.push(lastS);
    }
  }
  return { seen: { timeS: Float64Array.from(timeS), halfS: Float64Array.from(halfS) }, trueS };
}

function errors(clock: Clock, seed?: number) {
  const { seen: moments, trueS } = seen(clock, seed);
  const found = meterClock(moments);
  const rms = (values: readonly number[]) =>
    Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);
  const error = trueS.map((value, k) => found.timeS[k]! - value);
  return {
    found,
    rmsS: rms(error),
    rawS: rms(trueS.map((value, k) => moments.timeS[k]! - value)),
    inUnits: rms(error.map((value, k) => value / found.spreadS[k]!)),
  };
}

describe("meterClock", () => {
  it("knows the changes of a regular meter to a fraction of a millisecond where polls know them to ten", () => {
    for (const periodS of [0.1, 0.05, 0.0333, 0.025]) {
      const { found, rmsS, rawS } = errors({ periodS });
      expect(found.periodS).toBeCloseTo(periodS, 5);
      expect(rawS).toBeGreaterThan(0.0025);
      expect(rmsS).toBeLessThan(0.0004);
    }
  });

  it("says how well it knows them when updates jitter and the clock wanders", () => {
    for (const [jitterS, wanderS, most] of [
      [0.0005, 0, 0.0008],
      [0.002, 0, 0.0022],
      [0, 0.0003, 0.0008],
    ] as const) {
      const { rmsS, inUnits } = errors({ periodS: 0.1, jitterS, wanderS }, 7);
      expect(rmsS).toBeLessThan(most);
      expect(inUnits).toBeGreaterThan(0.3);
      expect(inUnits).toBeLessThan(1.5);
    }
  });

  it("carries the clock from one burst of polls to the next", () => {
    const pollS = (timeS: number) => (timeS % 60 < 5 || timeS < 60 ? 0.01 : 0.1);
    for (const seed of [1, 2, 3]) {
      const { seen: moments, trueS } = seen(
        { periodS: 0.1, count: 2000, pollS, wanderS: 0.00003, jitterS: 0.0004 },
        seed,
      );
      const { timeS, spreadS } = meterClock(moments);
      const errorS = trueS.map((value, k) => Math.abs(timeS[k]! - value));
      const rawS = trueS.map((value, k) => Math.abs(moments.timeS[k]! - value));
      const sure = errorS.filter((_, k) => Number.isFinite(spreadS[k]!));
      expect(rawS.filter((error) => error > 0.02).length).toBeGreaterThan(300);
      // Most are sure, and of those none is taken for the update before or after.
      expect(sure.length).toBeGreaterThan(1900);
      expect(Math.max(...sure)).toBeLessThan(0.01);
    }
  });

  it("keeps what polls saw where the meter has no rhythm, or is faster than they are", () => {
    expect(errors({ periodS: 0.1, jitterS: 0.04 }).found.periodS).toBeUndefined();
    const fast = seen({ periodS: 0.001 }).seen;
    const found = meterClock(fast);
    expect(found.periodS).toBeUndefined();
    expect(found.timeS).toEqual(fast.timeS);
    expect(found.spreadS[9]).toBeCloseTo(fast.halfS[9]! / Math.sqrt(3), 12);
  });

  it("never puts a reading outside of what was seen, nor before its predecessor", () => {
    const { seen: moments } = seen({ periodS: 0.1, jitterS: 0.003 }, 3);
    const { timeS } = meterClock(moments);
    for (let k = 0; k < timeS.length; k++) {
      expect(Math.abs(timeS[k]! - moments.timeS[k]!)).toBeLessThanOrEqual(moments.halfS[k]! * 1.001);
      if (k > 0) expect(timeS[k]).toBeGreaterThanOrEqual(timeS[k - 1]!);
    }
  });

  it("has nothing to say of no reading, or of one", () => {
    expect(meterClock({ timeS: new Float64Array(0), halfS: new Float64Array(0) }).timeS).toHaveLength(0);
    expect(meterClock({ timeS: Float64Array.of(1), halfS: Float64Array.of(0.1) }).timeS).toEqual(Float64Array.of(1));
  });
});
