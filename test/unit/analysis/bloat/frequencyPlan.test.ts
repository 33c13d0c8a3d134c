import { describe, expect, it } from "vitest";
import {
  evaluatePlan,
  exportPlanCsv,
  exportPlanPython,
  importPlan,
  type StagePlan,
  stagePlanOf,
} from "../../../../src/analysis/bloat";
import type { PipelineProfile } from "../../../../src/model/bloat";
import { goldenCases } from "./independent";
import { reported, solved } from "./solve";

const golden = goldenCases().find(({ name }) => name === "tiny_pipeline") as PipelineProfile;
const frontier = solved(golden);
const { plan } = reported(frontier, { atS: 1.1 });

const value = <T>(answer: { known: true; value: T } | { known: false; reason: string }): T => {
  if (!answer.known) throw new Error(answer.reason);
  return answer.value;
};
const reason = (text: string) => {
  const answer = importPlan(text);
  return answer.known ? "taken" : answer.reason;
};

describe("a frequency plan", () => {
  it("has each stage's instructions in the order in which the stage runs them", () => {
    const stages = value(stagePlanOf(frontier.problem, plan));
    const words = stages.map((rows) => rows.map(({ instruction }) => instruction[0]).join(""));
    expect(words).toEqual(["ffbfbb", "fbfbfb"]);
  });

  it("comes back from both forms as it went out, and means the same", () => {
    const stages = value(stagePlanOf(frontier.problem, plan));
    for (const text of [exportPlanPython(stages), exportPlanCsv(frontier.problem, plan)]) {
      const back = value(importPlan(text));
      expect(back).toEqual(stages);
      const { iterationTimeS, energyJ } = value(evaluatePlan(frontier.problem, back));
      expect(iterationTimeS).toBeCloseTo(plan.iterationTimeS, 12);
      const waited = golden.blockingPowerW * golden.stages * (plan.deadlineS - plan.iterationTimeS);
      expect(energyJ + waited).toBeCloseTo(plan.energyJ, 6);
    }
  });

  it("is read as Zeus's own script writes it, with comments behind it", () => {
    const text =
      "[\n[('forward', 1410), ('backward', 990)],\n[('forward', 1290), ('backward', 1290)],\n]\n# Iteration 3 cost change: 0.1\n";
    const expected: StagePlan = [
      [
        { instruction: "forward", frequencyMhz: 1410 },
        { instruction: "backward", frequencyMhz: 990 },
      ],
      [
        { instruction: "forward", frequencyMhz: 1290 },
        { instruction: "backward", frequencyMhz: 1290 },
      ],
    ];
    expect(value(importPlan(text))).toEqual(expected);
  });

  it("is evaluated at clocks that no good plan uses too", () => {
    const clocks = golden.forward[0]!.map(({ frequencyMhz }) => frequencyMhz!);
    const stages = value(stagePlanOf(frontier.problem, plan));
    const slow = stages.map((rows) => rows.map((row) => ({ ...row, frequencyMhz: clocks.at(-1)! })));
    expect(value(evaluatePlan(frontier.problem, slow)).iterationTimeS).toBeGreaterThan(2.2);
  });

  it("that is none is refused with its line, and nothing in it is run", () => {
    expect(reason("[\n[__import__('os')],\n]")).toContain("line 2");
    expect(reason("[[('forward', 'fast')]]")).toBe("line 1: forward where 'instruction', MHz should be");
    expect(reason("[[('forward', 1)]")).toBe("it ends where ] should be");
    expect(reason("[] []")).toContain("the end");
    expect(reason("a,b\n1,2")).toContain("line 1: a plan has the columns");
    expect(reason("stage,instruction,frequency\n0,forward,1410\n1,forward,fast")).toContain("line 3");
  });

  it("for another pipeline is refused with the place where it differs", () => {
    const stages = value(stagePlanOf(frontier.problem, plan));
    const of = (changed: StagePlan) => {
      const answer = evaluatePlan(frontier.problem, changed);
      return answer.known ? "taken" : answer.reason;
    };
    expect(of(stages.slice(1))).toBe("it is for 1 stages, and the profile has 2");
    expect(of([stages[0]!.slice(1), stages[1]!])).toBe("stage 0 has 5 instructions, and the schedule 6");
    expect(of([stages[0]!.toReversed(), stages[1]!])).toContain("instruction 0 of stage 0");
    expect(of([stages[0]!.with(0, { instruction: "forward", frequencyMhz: 1 }), stages[1]!])).toContain("1 MHz");
  });
});
