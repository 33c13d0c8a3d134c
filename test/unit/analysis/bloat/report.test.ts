import { describe, expect, it } from "vitest";
import type { PipelineProfile } from "../../../../src/model/bloat";
import { goldenCases } from "./independent";
import { frontierJ, reported, solved } from "./solve";

const golden = goldenCases().find(({ name }) => name === "tiny_pipeline") as PipelineProfile;
const frontier = solved(golden);
const waitingW = golden.blockingPowerW * golden.stages;

describe("the report of a pipeline", () => {
  it("counts what a straggler costs against the best plan for its time, once", () => {
    const stragglerS = 1.2;
    const { extrinsic, baseline, intrinsic } = reported(frontier, { stragglerS });
    const plan = reported(frontier, { atS: stragglerS }).plan;
    const forced = baseline.energyJ + waitingW * (stragglerS - baseline.iterationTimeS);
    expect(extrinsic!.energyJ).toBeCloseTo(forced - plan.energyJ, 6);
    expect(extrinsic!.share).toBeCloseTo(extrinsic!.energyJ / forced, 9);
    expect(extrinsic!.beyondIntrinsicJ + intrinsic.energyJ).toBeCloseTo(extrinsic!.energyJ, 9);
  });

  it("waits at the blocking power for a straggler slower than anything useful", () => {
    const slow = reported(frontier, { atS: 10 }).plan;
    const least = frontierJ(frontier, frontier.slowestTicks / frontier.problem.ticksPerS);
    expect(slow.iterationTimeS).toBeCloseTo(frontier.slowestTicks / frontier.problem.ticksPerS, 9);
    expect(slow.energyJ).toBeCloseTo(least + waitingW * (10 - slow.iterationTimeS), 6);
  });

  it("adds up: options by the meter and waiting of the stages are the plan's energy", () => {
    for (const atS of [0.96, 1.1, 2]) {
      const { plan, stages, baseline } = reported(frontier, { atS });
      const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);
      const options = sum(plan.operations.map(({ energyJ }) => energyJ));
      expect(options + sum(stages!.map(({ planWaitingEnergyJ }) => planWaitingEnergyJ))).toBeCloseTo(plan.energyJ, 6);
      const now = sum(plan.operations.map(({ baselineEnergyJ }) => baselineEnergyJ));
      expect(now + sum(stages!.map(({ baselineWaitingEnergyJ }) => baselineWaitingEnergyJ))).toBeCloseTo(
        baseline.energyJ,
        6,
      );
    }
  });

  it("takes a time that was copied with six digits for the minimum time", () => {
    const short = frontier.minimumTicks / frontier.problem.ticksPerS - 4e-7;
    const { plan, minimumTimeS } = reported(frontier, { atS: short });
    expect(plan.deadlineS).toBe(minimumTimeS);
  });

  it("gives all corners, fastest first, and plans that exist for at most as many as asked", () => {
    const report = reported(frontier, { realizedPoints: 7 });
    expect(report.frontier).toHaveLength(frontier.corners);
    const times = report.frontier.map(({ iterationTimeS }) => iterationTimeS);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(report.frontier.filter(({ realizedTimeS }) => realizedTimeS !== undefined)).toHaveLength(7);
    expect(report.minimumTimeS).toBe(times[0]);
    expect(report.slowestUsefulTimeS).toBe(times.at(-1));
    expect(times).toContain(report.minimumEnergyTimeS);
  });

  it("makes the straggler a look-up: ten thousand readings of the frontier take no time to speak of", () => {
    const large = solved({ ...golden, microbatches: 64 });
    const began = performance.now();
    for (let k = 0; k < 10_000; k++) frontierJ(large, 5 + k * 1e-3);
    expect(performance.now() - began).toBeLessThan(160);
  });
});
