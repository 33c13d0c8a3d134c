/** What the bloat panel asks of its thread (src/bloatSolver.ts), and how that answers. No VS Code here. */
import { performance } from "node:perf_hooks";
import {
  bloatColumns,
  bloatReport,
  evaluatePlan,
  exportPlan,
  type Frontier,
  importPlan,
  type PlannedFor,
  planColumns,
  planFor,
  problemOf,
  solveFrontier,
  tableDeadlines,
  tablePlans,
} from "../../../analysis/bloat";
import type { Answer } from "../../../model/answer";
import type { BloatReport } from "../../../model/bloat";
import type { BloatColumns, PlanColumns } from "../../../model/bloatView";
import { malformedFile, WattlineError } from "../../../model/errors";
import type { PlanExport } from "../../../model/planExport";
import { readBounded } from "../../../store/files";
import { readProfile } from "../../../store/pipelineFile";
import { readRun } from "../../../store/readRun";
import { type Waste, wasteOf } from "./wasteOf";

/** Questions with their answers. All but `solve` and `waste` are about what was solved last. */
export interface BloatQuestions {
  solve: { asked: { readonly path: string }; answered: Solved };
  /** Plans `from` to `to - 1` of the table, in order from 0 on: each goes on where the one before ended. */
  table: { asked: { readonly from: number; readonly to: number }; answered: readonly PlanColumns[] };
  plan: { asked: { readonly timeS: number }; answered: PlanColumns };
  /** The plan of a time, in words: for "Copy as Markdown". */
  report: { asked: { readonly timeS: number; readonly stragglerS?: number }; answered: BloatReport };
  export: { asked: { readonly form: PlanExport; readonly timeS: number }; answered: string };
  /** Where a run's energy went; needs nothing solved. */
  waste: { asked: { readonly path: string }; answered: Waste };
  compare: {
    asked: { readonly path: string };
    answered: { readonly iterationTimeS: number; readonly energyJ: number };
  };
}

export interface Solved {
  readonly columns: BloatColumns;
  /** Plans of the table. */
  readonly plans: number;
}

export type BloatQuestion = {
  [K in keyof BloatQuestions]: { readonly kind: K } & BloatQuestions[K]["asked"];
}[keyof BloatQuestions];
export type BloatAnswer = BloatQuestions[keyof BloatQuestions]["answered"];

const planLimitBytes = 64e6;
const tellEveryMs = 100;

/** One profile at a time, solved. */
export class Solving {
  private path = "";
  private frontier: Frontier | undefined;
  private deadlines: Float64Array = new Float64Array(0);
  private best: PlannedFor | undefined;

  /** @throws WattlineError naming what was wrong */
  async answer(question: BloatQuestion, tell: (share: number) => void): Promise<BloatAnswer> {
    switch (question.kind) {
      case "solve":
        return this.solve(question.path, tell);
      case "table":
        return this.table(question.from, question.to);
      case "plan":
        return planColumns(this.solved, planFor(this.solved, this.ticks(question.timeS)));
      case "report":
        return this.report(question.timeS, question.stragglerS);
      case "export":
        return this.export(question.form, question.timeS);
      case "waste":
        return wasteOf(await readRun(question.path));
      case "compare":
        return this.compare(question.path);
    }
  }

  private get solved(): Frontier {
    if (this.frontier === undefined) throw new Error("Nothing was solved before this question.");
    return this.frontier;
  }

  private async solve(path: string, tell: (share: number) => void): Promise<Solved> {
    this.frontier = undefined;
    this.best = undefined;
    this.path = path;
    const problem = problemOf(await readProfile(path));
    if (!problem.known) throw malformedFile(path, problem.reason);
    const began = performance.now();
    let next = began + tellEveryMs;
    const progress = (share: number) => {
      const now = performance.now();
      if (now < next) return;
      next = now + tellEveryMs;
      tell(share);
    };
    // The thread is ended to cancel it, so this always comes to its end.
    this.frontier = solveFrontier(problem.value, { progress })!;
    this.deadlines = tableDeadlines(this.frontier);
    const columns = bloatColumns(this.frontier, (performance.now() - began) / 1000);
    return { columns, plans: this.deadlines.length };
  }

  private table(from: number, to: number): PlanColumns[] {
    // The first is what the headline says: all the effort there is.
    if (from === 0) this.best = planFor(this.solved, this.solved.minimumTicks);
    const plans = tablePlans(this.solved, this.deadlines.slice(from, to), this.deadlines.length, this.best);
    this.best = plans.at(-1) ?? this.best;
    return plans.map((plan) => planColumns(this.solved, plan));
  }

  private ticks(timeS: number): number {
    const { minimumTicks, problem } = this.solved;
    // What a screen sends was divided before: half a tick is nothing.
    return Math.max(minimumTicks, Math.round(timeS * problem.ticksPerS));
  }

  private report(timeS: number, stragglerS?: number): BloatReport {
    const { minimumTicks, problem } = this.solved;
    const leastS = minimumTicks / problem.ticksPerS;
    const question = {
      atS: Math.max(timeS, leastS),
      ...(stragglerS !== undefined && { stragglerS: Math.max(stragglerS, leastS) }),
      realizedPoints: 1,
    };
    return orThrow(bloatReport(this.solved, question, 0), "The plan cannot be had");
  }

  private export(form: PlanExport, timeS: number): string {
    return orThrow(exportPlan(form, this.solved, this.report(timeS)), "Not exported");
  }

  private async compare(path: string): Promise<BloatQuestions["compare"]["answered"]> {
    const bytes = await readBounded(path, planLimitBytes);
    if (bytes === undefined) throw malformedFile(path, "there is no such file");
    const stages = importPlan(bytes.toString("utf8"));
    if (!stages.known) throw malformedFile(path, stages.reason);
    return orThrow(evaluatePlan(this.solved.problem, stages.value), `${path} does not fit ${this.path}`);
  }
}

function orThrow<T>(answer: Answer<T>, intro: string): T {
  if (!answer.known) throw new WattlineError(`${intro}: ${answer.reason}.`);
  return answer.value;
}
