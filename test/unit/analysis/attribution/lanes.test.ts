import { describe, expect, it } from "vitest";
import { attribute } from "../../../../src/analysis/attribution/attribute";
import { joined, timelineOf } from "../../../../src/analysis/attribution/timeline";
import { type SimulatedPhase, simulateProgram } from "../../../fixtures/simulation/program";
import { record } from "../../../fixtures/simulation/record";

const durationS = 12;
const baseW = 10;

/** Two ranks whose phases are of their own lengths, on one package: its power is base + the sum of both. */
function twoRanks(
  seed: number,
  meanS: readonly (readonly number[])[],
  powersW: readonly (readonly number[])[],
  /** Seconds before and after, in which neither is traced. */
  idleS = 0,
) {
  const programs = meanS.map((lengths, rank) => {
    const phases: SimulatedPhase[] = lengths.map((mean, phase) => ({
      name: `phase ${phase}`,
      meanS: mean,
      powerW: powersW[rank]![phase]!,
    }));
    return simulateProgram({ phases, durationS, seed: seed + 100 * rank, idleS, idleW: 0 });
  });
  const count = meanS[0]!.length;
  const together = {
    ...programs[0]!,
    energyAt: (timeS: number) => programs.reduce((sum, one) => sum + one.energyAt(timeS), baseW * timeS),
  };
  const { timeS, timeErrorS, energyJ } = record(together, { updateS: 0.001, seed, rateHz: 100 });
  const segments = programs.map((one, rank) => ({
    ...one.segments,
    phase: Int32Array.from(one.segments.phase, (phase) => phase + rank * count),
  }));
  const answer = attribute({
    readings: { timeS, timeErrorS, energyJ },
    segments,
    phases: 2 * count,
    alike: Array.from({ length: count }, (_, phase) => [phase, phase + count]),
    windowStartS: 0,
    windowEndS: durationS,
  });
  if (!answer.known) throw new Error(answer.reason);
  // The base is shared out evenly.
  const trueJ = programs.flatMap((one) =>
    Array.from(one.energyJ.subarray(0, count), (energy, phase) => energy + (baseW / 2) * one.timeS[phase]!),
  );
  return { ...answer.value, trueJ, trueTotalJ: together.energyAt(durationS) };
}

const meanS = [
  [0.03, 0.05, 0.02],
  [0.045, 0.04, 0.015],
];

describe("ranks that share a meter", () => {
  it.each([1, 2, 3])("get the energy of their own phases, with errors that cover it (seed %i)", (seed) => {
    const solved = twoRanks(seed, meanS, [
      [8, 30, 20],
      [8, 30, 20],
    ]);
    solved.trueJ.forEach((trueJ, column) => {
      const error = Math.abs(solved.energyJ[column]! - trueJ);
      expect(error / trueJ, `column ${column}`).toBeLessThan(0.05);
      expect(error, `column ${column}`).toBeLessThan(4 * solved.standardErrorJ[column]! + 0.01 * trueJ);
      expect(solved.standardErrorJ[column]! / trueJ).toBeLessThan(0.1);
    });
    expect(solved.groups).toEqual([]);
  });

  it("let a rank differ in one phase: the others decide how the level is shared", () => {
    const solved = twoRanks(4, meanS, [
      [8, 30, 20],
      [8, 45, 20],
    ]);
    solved.trueJ.forEach((trueJ, column) => {
      expect(Math.abs(solved.energyJ[column]! / trueJ - 1), `column ${column}`).toBeLessThan(0.06);
    });
  });

  it("learn nothing of the level from a start-up that is common to both", () => {
    const powersW = [
      [8, 30, 20],
      [8, 45, 20],
    ];
    const solved = twoRanks(6, meanS, powersW, 3.5);
    solved.trueJ.forEach((trueJ, column) => {
      expect(Math.abs(solved.energyJ[column]! / trueJ - 1), `column ${column}`).toBeLessThan(0.08);
    });
  });

  it("add up to what the meter counted", () => {
    const solved = twoRanks(5, meanS, [
      [8, 30, 20],
      [12, 18, 40],
    ]);
    const sum = solved.energyJ.reduce((total, value) => total + value, solved.otherEnergyJ);
    expect(sum).toBeCloseTo(solved.totalJ, 6);
    expect(solved.totalJ / solved.trueTotalJ).toBeCloseTo(1, 2);
    expect(solved.durationS.reduce((total, value) => total + value, 0)).toBeCloseTo(2 * durationS, 3);
  });
});

describe("joined", () => {
  it("cuts wherever one of the lanes changes, and knows the column of each", () => {
    const whole = { fromS: 0, toS: 4 };
    const lane = (startS: number, endS: number, column: number, rest: number) =>
      timelineOf(
        { startS: Float64Array.of(startS), endS: Float64Array.of(endS), phase: Int32Array.of(column) },
        rest,
        whole,
        whole,
      );
    const { boundS, state, states } = joined([lane(1, 3, 0, 2), lane(2, 4, 1, 4)]);
    expect([...boundS]).toEqual([0, 1, 2, 3, 4]);
    const at = (piece: number) => [...states.columns.slice(2 * state[piece]!, 2 * state[piece]! + 2)];
    expect([0, 1, 2, 3].map(at)).toEqual([
      [2, 4],
      [0, 4],
      [0, 1],
      [2, 1],
    ]);
  });
});
