import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type AttributionInput, attribute } from "../../../../src/analysis/attribution/attribute";
import { type Readings, timedReadings } from "../../../../src/analysis/attribution/readings";
import type { Segments } from "../../../../src/analysis/attribution/timeline";
import type { Sample } from "../../../../src/model/sample";
import { ChangeTracker } from "../../../../src/recording/changeTracker";
import { simulateProgram, trainingLoop } from "../../../fixtures/simulation/program";
import { type MeterSettings, record } from "../../../fixtures/simulation/record";

const phases = 4;

type Raw = AttributionInput & { readonly readings: Readings; readonly segments: Segments };

function inputOf(seed: number, meter: Partial<MeterSettings> = {}, durationS = 8): Raw {
  const program = simulateProgram({ phases: trainingLoop, durationS, seed });
  const { timeS, timeErrorS, energyJ } = record(program, { updateS: 0.1, seed, ...meter });
  return {
    readings: { timeS, timeErrorS, energyJ },
    segments: program.segments,
    phases,
    windowStartS: 0,
    windowEndS: durationS,
  };
}

function solved(input: AttributionInput) {
  const answer = attribute(input);
  if (!answer.known) throw new Error(answer.reason);
  return answer.value;
}

const withEnergies = (input: Raw, change: (energyJ: number, k: number) => number): Raw => ({
  ...input,
  readings: { ...input.readings, energyJ: input.readings.energyJ.map(change) },
});

const seeds = fc.integer({ min: 1, max: 1_000_000 });
const few = { numRuns: 12 };

describe("attribute", () => {
  it("gives the same answer when it is asked again", () => {
    expect(solved(inputOf(3))).toEqual(solved(inputOf(3)));
  });

  it("scales with the energies", () => {
    fc.assert(
      fc.property(seeds, fc.double({ min: 1e-3, max: 1e3, noNaN: true }), (seed, factor) => {
        const input = inputOf(seed);
        const one = solved(input);
        const scaled = solved(withEnergies(input, (energyJ) => energyJ * factor));
        for (let k = 0; k < phases; k++) {
          expect(scaled.energyJ[k]! / factor / one.energyJ[k]!).toBeCloseTo(1, 3);
          expect(scaled.standardErrorJ[k]! / factor / one.standardErrorJ[k]!).toBeCloseTo(1, 2);
        }
      }),
      few,
    );
  });

  it("does not care where the counter begins", () => {
    const one = solved(inputOf(5));
    const offset = solved(withEnergies(inputOf(5), (energyJ) => energyJ + 12_345.678));
    for (let k = 0; k < phases; k++) expect(offset.energyJ[k]! / one.energyJ[k]!).toBeCloseTo(1, 4);
  });

  it("does not care when the run was", () => {
    fc.assert(
      fc.property(seeds, fc.double({ min: -1e4, max: 1e4, noNaN: true }), (seed, shiftS) => {
        const input = inputOf(seed);
        const one = solved(input);
        const later = solved({
          ...input,
          readings: { ...input.readings, timeS: input.readings.timeS.map((timeS) => timeS + shiftS) },
          segments: {
            startS: input.segments.startS.map((timeS) => timeS + shiftS),
            endS: input.segments.endS.map((timeS) => timeS + shiftS),
            phase: input.segments.phase,
          },
          windowStartS: shiftS,
          windowEndS: input.windowEndS + shiftS,
        });
        for (let k = 0; k < phases; k++) expect(later.energyJ[k]! / one.energyJ[k]!).toBeCloseTo(1, 3);
      }),
      few,
    );
  });

  it("does not care how phases are numbered", () => {
    const order = fc.shuffledSubarray([0, 1, 2, 3], { minLength: 4, maxLength: 4 });
    fc.assert(
      fc.property(seeds, order, (seed, names) => {
        const input = inputOf(seed);
        const one = solved(input);
        const phase = Int32Array.from(input.segments.phase, (column) => names[column]!);
        const other = solved({ ...input, segments: { ...input.segments, phase } });
        for (let k = 0; k < phases; k++) expect(other.energyJ[names[k]!]! / one.energyJ[k]!).toBeCloseTo(1, 3);
        expect(other.otherEnergyJ / one.otherEnergyJ).toBeCloseTo(1, 2);
      }),
      few,
    );
  });

  it("adds up to the measured total, with nothing negative, whatever the readings say", () => {
    const steps = fc.array(fc.double({ min: 0, max: 50, noNaN: true }), { minLength: 30, maxLength: 90 });
    fc.assert(
      fc.property(seeds, steps, (seed, spentJ) => {
        const { segments } = inputOf(seed);
        let sum = 0;
        const energyJ = Float64Array.from(spentJ, (value) => (sum += value));
        const timeS = energyJ.map((_, k) => -0.05 + (8.1 * k) / (energyJ.length - 1));
        const timeErrorS = timeS.map((_, k) => 0.005 * ((k % 3) + 1));
        const answer = attribute({
          readings: { timeS, timeErrorS, energyJ },
          segments,
          phases,
          windowStartS: 0,
          windowEndS: 8,
        });
        if (!answer.known) return;
        const { totalJ, otherEnergyJ, standardErrorJ } = answer.value;
        const parts = answer.value.energyJ.reduce((total, value) => total + value, otherEnergyJ);
        expect(Math.abs(parts - totalJ)).toBeLessThanOrEqual(1e-9 * Math.max(1, totalJ));
        expect(Math.min(otherEnergyJ, ...answer.value.energyJ)).toBeGreaterThanOrEqual(0);
        expect([...standardErrorJ].every((value) => Number.isFinite(value) && value >= 0)).toBe(true);
      }),
      { numRuns: 40 },
    );
  });

  it("gives a phase that never ran no energy and no error, and the others what they had", () => {
    const input = inputOf(7);
    const more = solved({ ...input, phases: 6 });
    expect([more.energyJ[4], more.energyJ[5], more.standardErrorJ[5], more.durationS[4]]).toEqual([0, 0, 0, 0]);
    expect(more.energyJ[2]).toBeCloseTo(solved(input).energyJ[2]!, 6);
  });

  it("says how long a run should be that is too short for its meter", () => {
    const answer = attribute(inputOf(1, {}, 0.7));
    expect(answer).toEqual({
      known: false,
      reason: expect.stringMatching(/too few to tell 4 phases apart: run at least \d/),
    });
    expect(attribute(inputOf(1, {}, 0.15))).toEqual({
      known: false,
      reason: expect.stringContaining("too short to say"),
    });
  });

  it("gives the same for readings whose times were found already", () => {
    const input = inputOf(12);
    const timed = solved({ ...input, readings: timedReadings(input.readings) });
    const raw = solved(input);
    expect([...timed.energyJ]).toEqual([...raw.energyJ]);
    expect([...timed.standardErrorJ]).toEqual([...raw.standardErrorJ]);
  });

  it("takes a counter's gap for a long interval", () => {
    const input = inputOf(11, {}, 25);
    const keep = [...input.readings.timeS.keys()].filter((k) => Math.abs(input.readings.timeS[k]! - 12) > 2);
    const pick = (values: Float64Array) => Float64Array.from(keep, (k) => values[k]!);
    const { timeS, timeErrorS, energyJ } = input.readings;
    const gap = solved({
      ...input,
      readings: { timeS: pick(timeS), timeErrorS: pick(timeErrorS), energyJ: pick(energyJ) },
    });
    expect(gap.totalJ).toBeCloseTo(solved(input).totalJ, 1);
    expect(gap.energyJ[2]! / solved(input).energyJ[2]!).toBeCloseTo(1, 1);
  });

  it("leaves a hole in integrated power out of energies and powers, and in no phase's mean power", () => {
    const input = inputOf(13, {}, 25);
    const hole = { fromS: 10.02, toS: 14.03 };
    const { timeS, timeErrorS, energyJ } = input.readings;
    const before = [...timeS.keys()].filter((k) => timeS[k]! < hole.fromS).at(-1)!;
    const after = [...timeS.keys()].find((k) => timeS[k]! > hole.toS)!;
    const lostJ = energyJ[after]! - energyJ[before]!;
    const keep = [...timeS.keys()].filter((k) => k <= before || k >= after);
    const holed = solved({
      ...input,
      readings: {
        timeS: Float64Array.from(keep, (k) => timeS[k]!),
        timeErrorS: Float64Array.from(keep, (k) => timeErrorS[k]!),
        energyJ: Float64Array.from(keep, (k) => energyJ[k]! - (k >= after ? lostJ : 0)),
      },
      holes: [{ fromS: timeS[before]!, toS: timeS[after]! }],
    });
    const whole = solved(input);
    expect(holed.totalJ).toBeCloseTo(whole.totalJ - lostJ, 0);
    for (let k = 1; k < 3; k++) expect(holed.powerW[k]! / whole.powerW[k]!).toBeCloseTo(1, 1);
    expect(holed.durationS[2]).toBeCloseTo(whole.durationS[2]!, 9);
  });

  it("finds out when a meter publishes, and by how much it is late", () => {
    const found = solved(inputOf(17, { updateS: 0.05, lagS: 0.02 }, 25));
    expect(found.updatePeriodS).toBeCloseTo(0.05, 4);
    expect(Math.abs(found.lagS - 0.02)).toBeLessThan(3 * found.lagErrorS);
    expect(found.lagErrorS).toBeLessThan(0.001);
  });

  it("stays honest over a long run, most of which is polled ten times a second", { timeout: 60_000 }, () => {
    for (const seed of [2, 4, 6]) {
      const program = simulateProgram({ phases: trainingLoop, durationS: 400, seed });
      const readings = record(program, { updateS: 0.1, jitterS: 0.0005, wanderS: 0.00005, seed });
      const found = solved({ readings, segments: program.segments, phases, windowStartS: 0, windowEndS: 400 });
      for (let k = 0; k < phases; k++) {
        const errorJ = Math.abs(found.energyJ[k]! - program.energyJ[k]!);
        expect.soft(errorJ / found.standardErrorJ[k]!, `seed ${seed}, ${program.names[k]}`).toBeLessThan(3.2);
        expect.soft(found.standardErrorJ[k]! / found.energyJ[k]!).toBeLessThan(0.08);
      }
    }
  });

  it("works with an integrated power that is coarse and slow, as an estimate is", () => {
    for (const seed of [1, 2, 3]) {
      const slow = trainingLoop.map((phase) => ({ ...phase, meanS: phase.meanS * 8 }));
      const program = simulateProgram({ phases: slow, durationS: 90, seed });
      const tracker = new ChangeTracker({ id: "estimate", updatePeriodS: 0.5, averagingWindowS: 0.5 }, 10);
      const samples: Sample[] = [];
      for (let nowS = 0.01; nowS < 90.2; nowS += 0.05) {
        const updateS = 0.5 * Math.floor(nowS / 0.5);
        const meanW = (program.energyAt(updateS) - program.energyAt(updateS - 0.5)) / 0.5;
        const sample = tracker.poll(nowS, nowS + 0.0001, { powerW: Math.round(meanW) });
        if (sample) samples.push(sample);
      }
      const column = (pick: (sample: Sample) => number) => Float64Array.from(samples, pick);
      const found = solved({
        readings: {
          timeS: column(({ timeS }) => timeS),
          timeErrorS: column(({ timeErrorS }) => timeErrorS),
          energyJ: column(({ energyJ }) => energyJ!),
        },
        segments: program.segments,
        phases,
        windowStartS: 1,
        windowEndS: 90,
        averagingWindowS: 0.5,
      });
      expect(found.totalJ / (program.energyAt(90) - program.energyAt(1))).toBeCloseTo(1, 1);
      for (const k of [1, 2]) expect.soft(found.energyJ[k]! / program.energyJ[k]!).toBeCloseTo(1, 0.7);
      expect(Math.abs(found.lagS)).toBeLessThan(0.05);
    }
  });
});
