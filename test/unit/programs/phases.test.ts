import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Report } from "../../../src/model/report";
import { drivenPowercap, type PhasesTruth, phasesScript } from "../../fixtures/fake-powercap/driver";
import { newFolder, onlyRun, wattline } from "./wattline";

/** One run of 25 s, as a user makes it, on counters that are driven by what the program itself says it draws. */
async function profiled(
  periodS: number,
  seed: number,
): Promise<{ report: Report; truth: PhasesTruth; runPath: string }> {
  // Wraps on the way: the counters begin a hundred joules before their range ends.
  const rangeUj = 65_532_610_987;
  const powercap = await drivenPowercap({ periodS, rangeUj, startUj: rangeUj - 100e6 });
  try {
    const cwd = newFolder();
    const truthFile = join(cwd, "truth.json");
    const words = [
      "--root",
      powercap.root,
      "--truth",
      truthFile,
      "--seconds",
      "25",
      "--seed",
      String(seed),
      "--noise",
      "0.05",
    ];
    const args = ["run", "--json=report.json", "--", "python3", phasesScript, ...words];
    const { code, stderr } = await wattline(args, { cwd, env: { WATTLINE_POWERCAP_ROOT: powercap.root } }).ended;
    expect(stderr).toMatch(/data.*\n.*forward.*\n.*backward.*\n.*optimizer/);
    expect(code).toBe(0);
    return {
      report: JSON.parse(readFileSync(join(cwd, "report.json"), "utf8")) as Report,
      truth: JSON.parse(readFileSync(truthFile, "utf8")) as PhasesTruth,
      runPath: onlyRun(cwd),
    };
  } finally {
    await powercap.stop();
  }
}

const trueJ = (truth: PhasesTruth, phase: string) => truth.phases[phase]!.packageJ + truth.phases[phase]!.dramJ;

describe("the energy of phases, on a fake powercap tree with known powers", () => {
  it("published every millisecond, as RAPL's is, is within 5 % for every phase, and adds up", async () => {
    const { report, truth } = await profiled(0.001, 1);
    const named = ["data", "forward", "backward", "optimizer"];
    expect(report.phases.map(({ phase }) => phase)).toEqual(named);
    for (const row of report.phases) {
      const expected = trueJ(truth, row.phase);
      expect(Math.abs(row.energyJ / expected - 1), `${row.phase}: ${row.energyJ} of ${expected} J`).toBeLessThan(0.05);
      expect(row.spans).toBe(truth.phases[row.phase]!.spans);
      expect(Math.abs(row.durationS / truth.phases[row.phase]!.durationS - 1)).toBeLessThan(0.02);
    }
    const parts = report.phases.reduce((sum, { energyJ }) => sum + energyJ, report.other.energyJ!);
    expect(Math.abs(parts / report.energyJ! - 1)).toBeLessThan(0.005);
    // The total against what the program drew, and idle before and after it within the run.
    const drawn = Object.keys(truth.phases).reduce((sum, phase) => sum + trueJ(truth, phase), 0);
    const idleS = report.run.durationS - (truth.endMonotonicS - truth.startMonotonicS);
    const whole = drawn + idleS * (truth.idle.packageW + truth.idle.dramW);
    expect(Math.abs(report.energyJ! / whole - 1)).toBeLessThan(0.005);
    expect(report.devices.every(({ source }) => source === "measured")).toBe(true);
    expect(report.iterations.count).toBe(truth.iterations);
  }, 90_000);

  it("published every 100 ms, as a GPU's is, is near for the large phases and says how unsure it is", async () => {
    const { report, truth } = await profiled(0.1, 2);
    const total = report.energyJ!;
    let covered = 0;
    for (const row of report.phases) {
      const expected = trueJ(truth, row.phase);
      const error = Math.abs(row.energyJ - expected);
      // One real run: a little more room than the hundred simulated ones have, which are in unit/analysis/attribution.
      expect(error / expected, row.phase).toBeLessThan(expected > 0.2 * total ? 0.08 : 0.4);
      if (error <= 3 * row.standardErrorJ) covered++;
    }
    expect(covered).toBeGreaterThanOrEqual(report.phases.length - 1);
  }, 90_000);
});
