import { describe, expect, it } from "vitest";
import { check, goldenCases, lengthOf, tasksOf } from "./independent";
import { frontierJ, reported, solved } from "./solve";

const cases = goldenCases();

describe.each(cases.map((golden) => [golden.name, golden] as const))("the golden case %s", (_, golden) => {
  const { expected } = golden;
  const frontier = solved(golden);
  const { problem } = frontier;
  // Deadlines are rounded to a microsecond, the minimum time among them.
  const deadlineOf = (timeS: number) => Math.max(timeS, frontier.minimumTicks / problem.ticksPerS);
  const plans = expected.at.map((row) => ({ row, report: reported(frontier, { atS: row.timeS, realizedPoints: 2 }) }));

  it("has the operations and dependencies of the reference", () => {
    const tasks = tasksOf(golden);
    expect(problem.count).toBe(expected.operations);
    expect(problem.before.list.length).toBe(expected.dependencies);
    expect(tasks.flatMap(({ after }) => after).length).toBeGreaterThanOrEqual(expected.dependencies);
    const ids = new Set(tasks.map(({ id }) => id));
    for (let i = 0; i < problem.count; i++) expect(ids.has(problem.idOf(i))).toBe(true);
  });

  it("has its baseline and its slowest useful time", () => {
    const [{ report }] = plans as [(typeof plans)[0]];
    expect(Math.abs(report.baseline.iterationTimeS - expected.baseline.timeS)).toBeLessThan(1e-6);
    expect(Math.abs(report.baseline.energyJ - expected.baseline.energyJ)).toBeLessThan(1e-3);
    expect(Math.abs(report.slowestUsefulTimeS - expected.slowestUsefulTimeS)).toBeLessThan(1e-6);
    const fastest = lengthOf(tasksOf(golden), ({ options }) => Math.min(...options.map(({ timeS }) => timeS)));
    expect(report.minimumTimeS).toBeCloseTo(fastest, 9);
  });

  it("meets the linear program's bound at every deadline", () => {
    for (const { timeS, lowerBoundJ } of expected.at) {
      expect(Math.abs(frontierJ(frontier, deadlineOf(timeS)) / lowerBoundJ - 1)).toBeLessThan(2e-6);
    }
  });

  it("has plans that exist, keep their deadline, and are not below the bound", () => {
    for (const { row, report } of plans) {
      const { plan } = report;
      const independent = check(golden, plan.operations, plan.deadlineS);
      expect(plan.deadlineS).toBeLessThanOrEqual(deadlineOf(row.timeS));
      expect(independent.iterationTimeS).toBeLessThanOrEqual(plan.deadlineS * (1 + 1e-12));
      expect(independent.iterationTimeS).toBeCloseTo(plan.iterationTimeS, 9);
      expect(independent.energyJ).toBeCloseTo(plan.energyJ, 6);
      expect(plan.energyJ).toBeGreaterThanOrEqual(row.lowerBoundJ * (1 - 1e-6));
    }
  });

  it("is never more than 0.1 % above the authors' plans, and closer to the bound on average", () => {
    const both = plans.filter(({ row }) => row.authorsJ !== undefined);
    for (const { row, report } of both) expect(report.plan.energyJ).toBeLessThanOrEqual(row.authorsJ! * 1.001);
    const above = (energies: number[]) => energies.reduce((sum, energyJ) => sum + energyJ, 0) / energies.length;
    if (both.length === 0) return;
    const ours = above(both.map(({ row, report }) => report.plan.energyJ / row.lowerBoundJ));
    expect(ours).toBeLessThan(above(both.map(({ row }) => row.authorsJ! / row.lowerBoundJ)));
  });

  it("comes within 0.3 % of the bound on average where options are many", () => {
    if (golden.kind !== "pipeline" || golden.forward[0]!.length < 25) return;
    const sum = plans.reduce((total, { row, report }) => total + report.plan.energyJ / row.lowerBoundJ, 0);
    expect(sum / plans.length).toBeLessThanOrEqual(1.003);
  });

  it("is the exact optimum where that is known", () => {
    for (const { row, report } of plans) {
      if (row.optimumJ === undefined) continue;
      expect(Math.abs(report.plan.energyJ / row.optimumJ - 1)).toBeLessThan(1e-6);
      expect(report.plan.optimal).toBe(true);
    }
  });

  it("has no more intrinsic bloat than the bound allows", () => {
    if (expected.intrinsicBloatShareAtMost === undefined) return;
    const share = plans[0]!.report.intrinsic.share;
    expect(share).toBeLessThanOrEqual(expected.intrinsicBloatShareAtMost + 1e-5);
    expect(share).toBeGreaterThan(expected.intrinsicBloatShareAtMost - 0.005);
  });
});
