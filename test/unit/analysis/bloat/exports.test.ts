import { spawnSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { evaluatePlan, exportPlan, importPlan, type StagePlan } from "../../../../src/analysis/bloat";
import { stageClocks } from "../../../../src/analysis/bloat/stageClocks";
import type { PipelineProfile } from "../../../../src/model/bloat";
import { type PlanExport, planExportNames } from "../../../../src/model/planExport";
import { goldenCases } from "./independent";
import { reported, solved } from "./solve";

const golden = goldenCases().find(({ name }) => name === "a100_4x8_1f1b") as unknown as PipelineProfile;
const frontier = solved(golden);
const report = reported(frontier, { atS: (1.1 * frontier.minimumTicks) / frontier.problem.ticksPerS });

function exported(form: PlanExport, of = frontier, about = report): string {
  const answer = exportPlan(form, of, about);
  if (!answer.known) throw new Error(answer.reason);
  return answer.value;
}

describe("an exported plan", () => {
  it("means the same in each form that can be read again", () => {
    for (const form of ["csv", "zeus"] as const) {
      const stages = importPlan(exported(form));
      if (!stages.known) throw new Error(stages.reason);
      const result = evaluatePlan(frontier.problem, stages.value);
      expect(result.known && result.value.iterationTimeS).toBeCloseTo(report.plan.iterationTimeS, 9);
    }
    expect(JSON.parse(exported("json"))).toEqual(JSON.parse(JSON.stringify(report.plan)));
  });

  it("sets up Zeus by Python that Python can read", () => {
    const text = exported("setUp");
    const { status, stderr } = spawnSync("python3", ["-c", "import ast, sys; ast.parse(sys.stdin.read())"], {
      input: text,
    });
    expect(`${status} ${stderr}`).toBe("0 ");
    expect(text).toContain("pp_degree=4");
    expect(text).toContain("ZEUS_PFO_SCHEDULER=PointSolution3D");
  });

  it("has a row an operation for Megatron, in the order in which each rank runs them", () => {
    const [head, ...rows] = exported("megatron")
      .trimEnd()
      .split("\n")
      .map((line) => line.split("\t"));
    expect(head).toContain("pipeline_rank");
    expect(rows.length).toBe(64);
    const first = rows.filter(([rank]) => rank === "0").map(([, , microbatch, step]) => `${step![0]}${microbatch}`);
    expect(first.slice(0, 6)).toEqual(["f0", "f1", "f2", "f3", "b0", "f4"]);
    expect(rows.map((row) => Number(row[4]))).toEqual(report.plan.operations.map(({ frequencyMhz }) => frequencyMhz));
  });

  it("lets no name out of its comment", () => {
    fc.assert(
      fc.property(fc.constantFrom("\n", "\r", "\u2028", "\u0000"), fc.string({ maxLength: 20 }), (breaks, name) => {
        const hostile = { ...report, name: `x${breaks}import os; os.system("true") #${breaks}${name}` };
        for (const form of ["setUp", "clocks"] as const) {
          const lines = exported(form, frontier, hostile).split(/[\n\r\u2028\u2029]/);
          expect(lines.filter((line) => line.includes("os.system") && !line.startsWith("#"))).toEqual([]);
        }
      }),
    );
  });

  it("is refused with the reason where there are no stages or no clocks", () => {
    const graph = solved({
      kind: "graph",
      operations: [{ id: "a", options: [{ timeS: 1, energyJ: 2 }], after: [] }],
    });
    for (const form of planExportNames) {
      const answer = exportPlan(form, graph, reported(graph));
      if (form === "json" || form === "csv") expect(answer.known, form).toBe(true);
      else expect(!answer.known && answer.reason, form).toMatch(/a graph has no stages/);
    }
  });
});

describe("one clock a stage", () => {
  it("keeps the deadline, saves something, and is never better than the plan that changes clocks", () => {
    for (const factor of [1, 1.05, 1.2, 1.5]) {
      const deadline = Math.round(factor * frontier.minimumTicks);
      const clocks = stageClocks(frontier.problem, deadline);
      if (!clocks.known) throw new Error(clocks.reason);
      const { clocksMhz, iterationTimeS, energyJ } = clocks.value;
      const { ticksPerS, pipeline } = frontier.problem;
      expect(iterationTimeS * ticksPerS).toBeLessThanOrEqual(deadline * (1 + 1e-12));
      // The same clocks as a plan of the whole pipeline, evaluated on their own.
      const stages: StagePlan = clocksMhz.map((frequencyMhz, stage) =>
        Array.from({ length: pipeline!.stageStart[stage + 1]! - pipeline!.stageStart[stage]! }, (_, k) => ({
          instruction: pipeline!.kind[pipeline!.stageStart[stage]! + k] === 0 ? "forward" : "backward",
          frequencyMhz,
        })),
      );
      const checked = evaluatePlan(frontier.problem, stages);
      expect(checked.known && checked.value.energyJ).toBeCloseTo(energyJ, 6);
      const atDeadline = energyJ + frontier.waitingJ(deadline - iterationTimeS * ticksPerS);
      expect(atDeadline).toBeGreaterThanOrEqual(frontier.energyAt(deadline) * (1 - 1e-9));
      if (factor >= 1.2) expect(energyJ).toBeLessThan(report.baseline.energyJ);
    }
  });

  it("is written as commands with what they bring", () => {
    const text = exported("clocks");
    expect(text.match(/^nvidia-smi -i \d -lgc \d+,\d+ {2}# stage \d$/gm)?.length).toBe(4);
    expect(text).toContain("Undo: nvidia-smi -rgc");
  });
});
