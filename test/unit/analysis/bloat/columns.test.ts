import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bloatColumns, planColumns, planFor, tableDeadlines, tablePlans } from "../../../../src/analysis/bloat";
import { planEnergyJ } from "../../../../src/model/bloatView";
import { goldenCases } from "./independent";
import { graphs, pipelines } from "./profiles";
import { solved } from "./solve";

const frontier = solved(goldenCases().find(({ name }) => name === "a100_4x8_1f1b")!);

describe("a solved profile as columns", () => {
  it("has the frontier's own energies at its corners, fastest first", () => {
    const columns = bloatColumns(frontier, 0);
    expect(columns.cornerS[0]).toBe(columns.minimumTimeS);
    expect(columns.cornerS.at(-1)).toBe(columns.slowestUsefulTimeS);
    for (const [k, timeS] of columns.cornerS.entries()) {
      expect(columns.cornerJ[k]).toBeCloseTo(frontier.energyAt(timeS * frontier.problem.ticksPerS), 6);
    }
  });

  it("says of every operation its option, start and slack, and keeps the plan's time and energy", () => {
    fc.assert(
      fc.property(
        fc.oneof(graphs(10, 4), pipelines(3, 4)),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (profile, share) => {
          const own = solved(profile);
          const { minimumTicks, slowestTicks, problem } = own;
          const deadline = Math.floor(minimumTicks + share * (slowestTicks - minimumTicks));
          const plan = planFor(own, deadline, 0);
          const columns = bloatColumns(own, 0);
          const { option, startS, slackS, iterationTimeS, ...rest } = planColumns(own, plan);
          const ends = Array.from(option, (k, i) => startS[i]! + columns.classes[columns.classOf[i]!]!.timeS[k]!);
          expect(Math.max(...ends)).toBeCloseTo(iterationTimeS, 5);
          expect(Math.min(...slackS)).toBeCloseTo(0, 6);
          expect(iterationTimeS).toBeLessThanOrEqual(rest.deadlineS * (1 + 1e-12));
          const effectiveJ = Array.from(option, (k, i) => columns.classes[columns.classOf[i]!]!.effectiveJ[k]!);
          expect(effectiveJ.reduce((sum, own) => sum + own, 0)).toBeCloseTo(rest.effectiveJ, 6);
          const energyJ = planEnergyJ(
            { option, startS, slackS, iterationTimeS, ...rest },
            columns,
            deadline / problem.ticksPerS,
          );
          expect(energyJ).toBeCloseTo(plan.energyJ, 6);
        },
      ),
      { numRuns: 60 },
    );
  });

  it("puts no two operations of a lane over each other, in any plan", () => {
    fc.assert(
      fc.property(graphs(16, 3), (profile) => {
        const own = solved(profile);
        const columns = bloatColumns(own, 0);
        for (const ticks of [own.minimumTicks, own.slowestTicks]) {
          const { option, startS } = planColumns(own, planFor(own, ticks, 0));
          const boxes = Array.from(option, (k, i) => ({
            lane: columns.lane[i]!,
            startS: startS[i]!,
            endS: startS[i]! + columns.classes[columns.classOf[i]!]!.timeS[k]!,
          }));
          for (const a of boxes)
            for (const b of boxes)
              if (a !== b && a.lane === b.lane)
                expect(a.endS <= b.startS + 1e-5 || b.endS <= a.startS + 1e-5).toBe(true);
        }
      }),
      { numRuns: 60 },
    );
  });
});

describe("the table that a slider looks up", () => {
  const deadlines = tableDeadlines(frontier);
  const plans = tablePlans(frontier, deadlines, deadlines.length, undefined);

  it("goes from the minimum time to the slowest useful one, and no plan in it is worse than one before", () => {
    expect(deadlines[0]).toBe(frontier.minimumTicks);
    expect(deadlines.at(-1)).toBe(frontier.slowestTicks);
    expect(deadlines.length).toBeGreaterThanOrEqual(32);
    for (let k = 1; k < plans.length; k++) expect(plans[k]!.effectiveJ).toBeLessThanOrEqual(plans[k - 1]!.effectiveJ);
    for (const plan of plans) {
      expect(plan.ticks).toBeLessThanOrEqual(plan.deadline);
      expect(plan.energyJ).toBeGreaterThanOrEqual(frontier.energyAt(plan.deadline) * (1 - 1e-9));
      expect(plan.energyJ).toBeLessThan(frontier.energyAt(plan.deadline) * 1.01);
    }
  });

  it("goes on with an earlier plan where that is better than what is found", () => {
    const better = { ...plans[0]!, effectiveJ: plans[3]!.effectiveJ - 1 };
    const [kept] = tablePlans(frontier, deadlines.slice(2, 3), deadlines.length, better);
    expect(kept).toMatchObject({ effectiveJ: better.effectiveJ, deadline: deadlines[2], optimal: false });
    expect(kept!.energyJ).toBeCloseTo(better.effectiveJ + frontier.waitingJ(deadlines[2]!), 6);
  });

  it("is the same in pieces, each given the last of the piece before", () => {
    const first = tablePlans(frontier, deadlines.slice(0, 5), deadlines.length, undefined);
    const second = tablePlans(frontier, deadlines.slice(5, 9), deadlines.length, first.at(-1));
    expect([...first, ...second].map(({ energyJ }) => energyJ)).toEqual(
      plans.slice(0, 9).map(({ energyJ }) => energyJ),
    );
  });
});
