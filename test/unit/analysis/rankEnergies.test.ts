import { describe, expect, it } from "vitest";
import { timedReadings } from "../../../src/analysis/attribution/readings";
import type { DeviceEnergy } from "../../../src/analysis/deviceEnergy";
import { errorOf, rankEnergies } from "../../../src/analysis/rankEnergies";
import { simulateProgram } from "../../fixtures/simulation/program";
import { record } from "../../fixtures/simulation/record";
import { packageDevice } from "../store/everyRun";

const durationS = 8;
const names = 2;

/** Ranks in step on one package: each goes through the same phases at the same times. */
function inStep(ranks: number) {
  const phases = [
    { name: "forward", meanS: 0.03, powerW: 20 },
    { name: "backward", meanS: 0.05, powerW: 50 },
  ];
  const program = simulateProgram({ phases, durationS, seed: 3, idleW: 0 });
  const { timeS, timeErrorS, energyJ } = record(program, { updateS: 0.001, rateHz: 100, seed: 3 });
  const readings = timedReadings({ timeS, timeErrorS, energyJ });
  const counted: DeviceEnergy[] = [{ device: packageDevice, columns: undefined, readings, holes: [] }];
  const { startS, endS, phase } = program.segments;
  const segments = { startS, endS, phase: Int32Array.from(phase) };
  const work = {
    ranks: Array.from({ length: ranks }, (_, rank) => ({ rank, traces: [] })),
    names,
    segments: () => segments,
  };
  const answer = rankEnergies(work, counted, { fromS: 0, toS: durationS });
  if (!answer.known) throw new Error(answer.reason);
  return { ...answer.value, program };
}

describe("the energy of ranks", () => {
  it.each([1, 3, 8])("is the meter's, shared out among %i in step", (ranks) => {
    const found = inStep(ranks);
    const { program } = found;
    const sum = found.energyJ.reduce((total, value) => total + value, found.otherEnergyJ);
    expect(sum / found.totalJ).toBeCloseTo(1, 9);
    for (let name = 0; name < names; name++) {
      const columns = Array.from({ length: ranks }, (_, rank) => rank * names + name);
      const energyJ = columns.reduce((total, column) => total + found.energyJ[column]!, 0);
      expect(Math.abs(energyJ / program.energyJ[name]! - 1)).toBeLessThan(0.03);
      for (const column of columns) {
        expect(Math.abs((ranks * found.energyJ[column]!) / energyJ - 1)).toBeLessThan(0.02);
        expect(found.durationS[column]).toBeCloseTo(program.timeS[name]!, 6);
      }
      // Ranks that do the same at the same time are known together, whatever is known of each.
      expect(errorOf(found, new Map(columns.map((column) => [column, 1]))) / energyJ).toBeLessThan(0.02);
    }
  });
});
