import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { timedReadings } from "../../../src/analysis/attribution/readings";
import {
  classifyIterations,
  counted,
  energyPerIteration,
  type Iterations,
  iterationEnergies,
  outlier,
  settling,
  warmUp,
} from "../../../src/analysis/iterations";
import { isSure } from "../../../src/analysis/settling";
import { simulateProgram, trainingLoop } from "../../fixtures/simulation/program";
import { type Random, random } from "../../fixtures/simulation/random";
import { type MeterSettings, record } from "../../fixtures/simulation/record";

function loopOf(count: number, duration: (k: number, random: Random) => number, seed = 1): Iterations {
  const numbers = random(seed);
  const durationS = Float64Array.from({ length: count }, (_, k) => duration(k, numbers));
  let nowS = 0;
  const startS = durationS.map((value) => (nowS += value) - value);
  return { startS, durationS };
}

const usual = (_: number, { normal }: Random) => 0.1 + 0.004 * normal();

describe("classifyIterations", () => {
  it("counts every iteration of an even loop", () => {
    const found = classifyIterations(loopOf(300, usual));
    expect(found).toMatchObject({ counted: 300, warmUp: 0, outliers: 0 });
    expect(found.durationPerIterationS).toBeCloseTo(0.1, 3);
    expect(Math.abs(found.drift!.share)).toBeLessThan(4 * found.drift!.standardError);
  });

  it("leaves out slow first iterations, and a checkpoint now and then", () => {
    const found = classifyIterations(
      loopOf(300, (k, numbers) => (k === 0 ? 4 : k < 4 ? 0.2 : k % 100 === 99 ? 1.3 : usual(k, numbers))),
    );
    expect([...found.kind.subarray(0, 5)]).toEqual([warmUp, warmUp, warmUp, warmUp, counted]);
    expect([99, 199, 299].map((k) => found.kind[k])).toEqual([outlier, outlier, outlier]);
    expect(found).toMatchObject({ counted: 293, warmUp: 4, outliers: 3 });
    expect(found.durationPerIterationS).toBeCloseTo(0.1, 3);
  });

  it("counts a pattern that comes back: an optimizer's step every eighth batch", () => {
    expect(classifyIterations(loopOf(400, (k, n) => usual(k, n) * (k % 8 === 7 ? 1.8 : 1))).outliers).toBe(0);
  });

  it("tells a machine that slows down from iterations that do not belong", () => {
    const found = classifyIterations(loopOf(400, (k, numbers) => usual(k, numbers) * (1 + (0.3 * k) / 400)));
    expect(found.outliers).toBe(0);
    expect(found.drift!.share).toBeCloseTo(0.26, 1);
    expect(found.drift!.share).toBeGreaterThan(10 * found.drift!.standardError);
  });

  it("leaves out the iterations before a machine that warms up is steady, and counts them", () => {
    // Clocks fall over the first quarter of the run, then hold.
    const found = classifyIterations(
      loopOf(400, (k, numbers) => usual(k, numbers) * (1 + 0.15 * Math.min(1, k / 100))),
    );
    expect(found.outliers).toBe(0);
    expect(found.settling).toBeGreaterThan(40);
    expect(found.settling).toBeLessThan(180);
    expect([...found.kind.subarray(0, found.settling)].every((kind) => kind === settling)).toBe(true);
    expect(found.counted).toBe(400 - found.settling);
    expect(found.durationPerIterationS).toBeCloseTo(0.115, 3);
    expect(isSure(found.drift)).toBe(false);
  });

  it("finds no settling in an even loop, in one that never becomes steady, and in one that waves", () => {
    for (let seed = 1; seed <= 30; seed++) {
      expect(classifyIterations(loopOf(300, usual, seed)).settling).toBe(0);
      expect(classifyIterations(loopOf(300, (k, n) => usual(k, n) * (1 + (0.2 * k) / 300), seed)).settling).toBe(0);
      const wave = loopOf(300, (k, n) => usual(k, n) * (1 + 0.03 * Math.sin((2 * Math.PI * k) / 60)), seed);
      expect(classifyIterations(wave).settling).toBe(0);
    }
  });

  it("says something of any loop, and each iteration is of one kind", () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1e4, noNaN: true }), { maxLength: 120 }), (durations) => {
        const durationS = Float64Array.from(durations);
        const found = classifyIterations({ startS: durationS.map((_, k) => k * 1e4), durationS });
        expect(found.counted + found.warmUp + found.outliers + found.settling).toBe(durations.length);
        expect(found.kind).toHaveLength(durations.length);
        if (durations.length > 0) expect(found.counted).toBeGreaterThan(0.3 * durations.length - 2);
      }),
    );
  });
});

/** A simulated run with the iterations of its loop (four traced phases each), and the true joules of each. */
function measured(seed: number, meter: Partial<MeterSettings>, durationS = 25) {
  const program = simulateProgram({ phases: trainingLoop, durationS, seed });
  const { startS } = program.segments;
  const count = Math.floor((startS.length - 1) / 4);
  const starts = Float64Array.from({ length: count }, (_, k) => startS[4 * k]!);
  const iterations = { startS: starts, durationS: starts.map((value, k) => startS[4 * (k + 1)]! - value) };
  const trueJ = starts.map((value, k) => program.energyAt(startS[4 * (k + 1)]!) - program.energyAt(value));
  const readings = timedReadings(record(program, { updateS: 0.1, seed, ...meter }));
  return { iterations, trueJ, readings, kind: new Uint8Array(count) };
}

const meanOf = (values: Float64Array, use: (k: number) => boolean = () => true) => {
  const used = values.filter((_, k) => use(k));
  return used.reduce((sum, value) => sum + value, 0) / used.length;
};

describe("energyPerIteration", () => {
  it("gives the mean's energy and how far the mean of such iterations may be from it", () => {
    let squares = 0;
    const runs = 40;
    for (let seed = 1; seed <= runs; seed++) {
      const { iterations, trueJ, readings, kind } = measured(seed, {});
      const answer = energyPerIteration(readings, iterations, kind);
      if (!answer.known) throw new Error(answer.reason);
      const { energyPerIterationJ, standardErrorJ, iterations: used } = answer.value;
      expect(energyPerIterationJ / meanOf(trueJ)).toBeCloseTo(1, 2);
      expect(used).toBeGreaterThan(200);
      // What an endless run of this loop would give: (0.5 + 1.6) / 2 of each mean, times its power.
      const endlessJ = trainingLoop.reduce((sum, { meanS, powerW }) => sum + 1.05 * meanS * powerW, 0);
      squares += ((energyPerIterationJ - endlessJ) / standardErrorJ) ** 2 / runs;
    }
    expect(Math.sqrt(squares)).toBeGreaterThan(0.6);
    expect(Math.sqrt(squares)).toBeLessThan(1.5);
  });

  it("takes only the counted iterations", () => {
    const { iterations, trueJ, readings, kind } = measured(3, { updateS: 0.001, statedUpdateS: 0.001 });
    for (let k = 0; k < kind.length; k += 10) kind[k] = outlier;
    const answer = energyPerIteration(readings, iterations, kind);
    if (!answer.known) throw new Error(answer.reason);
    expect(answer.value.energyPerIterationJ / meanOf(trueJ, (k) => k % 10 !== 0)).toBeCloseTo(1, 2);
  });

  it("says so where the meter is too slow for so few iterations", () => {
    const { iterations, readings, kind } = measured(3, { updateS: 0.5 }, 8);
    expect(energyPerIteration(readings, iterations, kind)).toEqual({
      known: false,
      reason: expect.stringContaining("too short"),
    });
    const nowhere = { startS: Float64Array.of(900), durationS: Float64Array.of(1) };
    expect(energyPerIteration(readings, nowhere, new Uint8Array(1)).known).toBe(false);
  });
});

describe("iterationEnergies", () => {
  it("gives each iteration's own energy where the meter is fast, and none where it is slow", () => {
    const fast = measured(5, { updateS: 0.001, statedUpdateS: 0.001 });
    const found = iterationEnergies(fast.readings, fast.iterations);
    let worst = 0;
    for (let k = 1; k < found.length - 1; k++) worst = Math.max(worst, Math.abs(found[k]! / fast.trueJ[k]! - 1));
    expect(worst).toBeLessThan(0.15);
    const slow = measured(5, { updateS: 0.1 });
    expect(iterationEnergies(slow.readings, slow.iterations).every(Number.isNaN)).toBe(true);
  });
});
