import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Reading } from "../../../src/meters/meter";
import type { Sample } from "../../../src/model/sample";
import { ChangeTracker, type TrackedDevice } from "../../../src/recording/changeTracker";

const pollS = 0.00005;

/** Polls at these times, in order. */
function polled(
  device: Omit<TrackedDevice, "id">,
  times: readonly number[],
  reading: (timeS: number) => Reading,
  rateHz = 10,
): { samples: Sample[]; tracker: ChangeTracker } {
  const tracker = new ChangeTracker({ id: "device", ...device }, rateHz);
  const samples = times.flatMap((timeS, k) => {
    const sample = tracker.poll(timeS, timeS + pollS, reading(timeS), k === times.length - 1);
    return sample ? [sample] : [];
  });
  return { samples, tracker };
}

const everyS = (stepS: number, fromS: number, toS: number) =>
  Array.from({ length: Math.round((toS - fromS) / stepS) + 1 }, (_, k) => fromS + k * stepS);

/** A counter of 50 W, published at regular times a little after the full step. */
const published = (updateS: number) => (timeS: number) => ({
  energyJ: 1000 + 50 * updateS * Math.floor((timeS - 0.003) / updateS),
});

describe("a change tracker of a counter", () => {
  it("tells when a value became true, between the last poll without it and the first with it", () => {
    const { samples } = polled({}, everyS(0.01, 0, 2), published(0.1));
    expect(samples).toHaveLength(20);
    for (const { timeS, timeErrorS, energyJ } of samples) {
      const changedS = ((energyJ! - 1000) / 50 / 0.1) * 0.1 + 0.003;
      expect(Math.abs(timeS - changedS)).toBeLessThanOrEqual(timeErrorS);
      expect(timeErrorS).toBeCloseTo(0.005, 3);
    }
  });

  it("knows that a value is no older than the meter's update period", () => {
    const { samples } = polled({ updatePeriodS: 0.001 }, everyS(0.01, 0, 1), published(0.001));
    expect(samples).toHaveLength(100);
    for (const { timeErrorS } of samples.slice(3)) expect(timeErrorS).toBeCloseTo(0.0005, 3);
  });

  it("does not believe a stated period that polls contradict", () => {
    const { samples, tracker } = polled({ updatePeriodS: 0.001 }, everyS(0.01, 0, 3), published(0.1));
    for (const { timeErrorS } of samples) expect(timeErrorS).toBeGreaterThan(0.004);
    expect(tracker.updatePeriodS).toBeCloseTo(0.1, 2);
  });

  it("finds the update period of a meter that states none, and only where polls can see it", () => {
    expect(polled({}, everyS(0.01, 0, 5), published(0.1)).tracker.updatePeriodS).toBeCloseTo(0.1, 2);
    expect(polled({}, everyS(0.0097, 0, 5), published(0.02)).tracker.updatePeriodS).toBeCloseTo(0.02, 2);
    expect(polled({}, everyS(0.01, 0, 5), published(0.001)).tracker.updatePeriodS).toBeUndefined();
  });

  it("counts how long a poll took: the value may have been read at its end", () => {
    const tracker = new ChangeTracker({ id: "device" }, 10);
    tracker.poll(0, 0.001, { energyJ: 1 });
    const sample = tracker.poll(0.01, 0.05, { energyJ: 2 });
    expect(sample).toMatchObject({ deviceId: "device", energyJ: 2, timeS: 0.025, timeErrorS: 0.025 });
  });

  it("stores every change in a burst, and between bursts what the rate asks for", () => {
    const { samples } = polled({ updatePeriodS: 0.001 }, everyS(0.01, 58, 70), published(0.001));
    const between = (fromS: number, toS: number) => samples.filter(({ timeS }) => timeS >= fromS && timeS < toS).length;
    expect(between(58.1, 59.1)).toBeGreaterThan(95);
    expect(between(66, 69)).toBeGreaterThanOrEqual(28);
    expect(between(66, 69)).toBeLessThanOrEqual(44);
    expect(samples.at(-1)!.timeS).toBeCloseTo(70, 1);
  });

  it("goes on over a gap, for the counter went on too", () => {
    const reading = (timeS: number): Reading =>
      timeS > 1 && timeS < 3 ? { failure: "It is gone." } : { ...published(0.1)(timeS) };
    const { samples } = polled({}, everyS(0.01, 0, 4), reading);
    const after = samples.find(({ timeS }) => timeS > 1.1)!;
    expect(after.energyJ).toBeCloseTo(1000 + 50 * 2.9, 0);
    expect(Math.abs(after.timeS - 2.903)).toBeLessThan(after.timeErrorS);
    expect(samples.filter(({ timeS }) => timeS > 3.1).every(({ timeErrorS }) => timeErrorS < 0.006)).toBe(true);
  });

  it("says once a second that a counter stands still", () => {
    const { samples } = polled({ updatePeriodS: 0.1 }, everyS(0.01, 0, 5), () => ({ energyJ: 7 }));
    expect(samples.length).toBeGreaterThanOrEqual(3);
    expect(samples.length).toBeLessThanOrEqual(6);
    expect(new Set(samples.map(({ energyJ }) => energyJ))).toEqual(new Set([7]));
  });

  it("adds what a counter shows after a reset to what it had", () => {
    const values = [10, 12, 14, 1, 3];
    const { samples } = polled({}, [0, 1, 2, 3, 4], (timeS) => ({ energyJ: values[timeS]! }));
    expect(samples.map(({ energyJ }) => energyJ)).toEqual([12, 14, 16]);
  });

  it("keeps what was read beside the energy, and integrates the power for comparison", () => {
    const { samples } = polled({}, everyS(0.01, 0, 2), (timeS) => ({
      ...published(0.1)(timeS),
      powerW: 48,
      temperatureC: 61,
    }));
    expect(samples[3]).toMatchObject({ powerW: 48, temperatureC: 61 });
    const last = samples.at(-1)!;
    const first = samples[0]!;
    const lengthS = last.timeS - first.timeS;
    expect((last.energyIntegratedJ! - first.energyIntegratedJ!) / lengthS).toBeCloseTo(48, 0);
    expect((last.energyJ! - first.energyJ!) / lengthS).toBeCloseTo(50, 0);
  });
});

describe("a change tracker of a power", () => {
  it("integrates a changing power over time", () => {
    const powerW = (timeS: number) => 50 + 30 * Math.sin(timeS);
    const { samples } = polled({}, everyS(0.01, 0, 10), (timeS) => ({ powerW: powerW(timeS) }));
    const last = samples.at(-1)!;
    expect(last.energyJ).toBeCloseTo(50 * 10 + 30 * (1 - Math.cos(10)), 1);
  });

  it("counts a mean over its period backwards, and equal values once a period", () => {
    const means = (timeS: number) => [10, 10, 30, 30, 30, 20][Math.min(5, Math.floor(timeS / 0.5))]!;
    const device = { updatePeriodS: 0.5, averagingWindowS: 0.5 };
    const { samples } = polled(device, everyS(0.05, 0.01, 2.9), (timeS) => ({ powerW: means(timeS) }));
    const at = (timeS: number) => samples.filter((sample) => sample.timeS <= timeS).at(-1)!;
    // Seen at 1.0 s: the mean of the half second before it was 30 W.
    expect(at(1.1).energyJ! - at(0.6).energyJ!).toBeCloseTo(30 * (at(1.1).timeS - at(0.6).timeS), 6);
    expect(at(2.6).timeS).toBeCloseTo(2.485, 2);
    expect(at(2.6).energyJ! - at(1.1).energyJ!).toBeCloseTo(30 * (2.0 - at(1.1).timeS) + 20 * 0.5, -0.5);
  });

  it("invents no energy for a gap, and says where it goes on", () => {
    const reading = (timeS: number): Reading => (timeS > 1 && timeS < 3 ? { failure: "It is gone." } : { powerW: 40 });
    const { samples } = polled({}, everyS(0.01, 0, 4), reading);
    expect(samples.at(-1)!.energyJ).toBeCloseTo(40 * 2, 0);
    const resumed = samples.find(({ timeS }) => timeS > 1.5)!;
    expect(resumed.timeS).toBeCloseTo(3, 1);
    expect(resumed.energyJ).toBeCloseTo(40, 0);
  });

  it("invents none for a poller that was stopped for ten minutes", () => {
    const { samples } = polled({}, [0, 0.1, 0.2, 600, 600.1], () => ({ powerW: 100 }));
    expect(samples.at(-1)!.energyJ).toBeCloseTo(30, 6);
  });

  it("stores a constant power at the storing rate in a burst too", () => {
    const { samples } = polled({}, everyS(0.01, 0, 5), () => ({ powerW: 40 }));
    expect(samples.length).toBeLessThan(75);
    expect(samples.length).toBeGreaterThan(45);
  });

  it("is silent while nothing is known", () => {
    expect(polled({}, everyS(0.1, 0, 2), () => ({})).samples).toEqual([]);
  });
});

describe("every change tracker", () => {
  it("gives samples in order of time whose energy never falls, whatever is read", () => {
    const step = fc.record({
      pauseS: fc.double({ min: 1e-4, max: 3, noNaN: true }),
      tookS: fc.double({ min: 0, max: 0.02, noNaN: true }),
      energyJ: fc.option(fc.double({ min: 0, max: 1e6, noNaN: true }), { nil: undefined }),
      powerW: fc.option(fc.double({ min: -5, max: 1e4, noNaN: true }), { nil: undefined }),
      fails: fc.boolean(),
    });
    const device = fc.record({
      updatePeriodS: fc.option(fc.double({ min: 0.001, max: 1, noNaN: true }), { nil: undefined }),
      averagingWindowS: fc.option(fc.double({ min: 0.001, max: 1, noNaN: true }), { nil: undefined }),
    });
    fc.assert(
      fc.property(
        device,
        fc.boolean(),
        fc.array(step, { maxLength: 60 }),
        ({ updatePeriodS, averagingWindowS }, counts, steps) => {
          const tracker = new ChangeTracker(
            { id: "d", ...(updatePeriodS && { updatePeriodS }), ...(averagingWindowS && { averagingWindowS }) },
            10,
          );
          let nowS = -1;
          let beforeS = Number.NEGATIVE_INFINITY;
          let beforeJ = 0;
          for (const { pauseS, tookS, energyJ, powerW, fails } of steps) {
            nowS += pauseS;
            const values = {
              ...(counts && energyJ !== undefined && { energyJ }),
              ...(powerW !== undefined && { powerW }),
            };
            const sample = tracker.poll(nowS, nowS + tookS, fails ? { failure: "no" } : values);
            nowS += tookS;
            if (sample?.energyJ === undefined) continue;
            expect(sample.timeS).toBeGreaterThanOrEqual(beforeS);
            expect(sample.timeS).toBeLessThanOrEqual(nowS + 1e-9);
            expect(sample.timeErrorS).toBeGreaterThanOrEqual(0);
            expect(sample.energyJ).toBeGreaterThanOrEqual(beforeJ);
            beforeS = sample.timeS;
            beforeJ = sample.energyJ;
          }
        },
      ),
    );
  });
});
