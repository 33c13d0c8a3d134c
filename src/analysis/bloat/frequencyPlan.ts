/**
 * Frequency plans as other tools read them.
 *
 * Zeus's pipeline frequency optimizer takes a Python list with one list a stage of `(instruction, MHz)` pairs in the
 * order in which the stage runs them (`freqs_pipeline_%05d.py`; zeus/optimizer/pipeline_frequency/server/scheduler.py).
 * The CSV has the same rows with what else is known: `stage,instruction,microbatch,chunk,frequency,time,energy`.
 */
import { type Answer, known, unknown } from "../../model/answer";
import type { Plan } from "../../model/bloat";
import { toTicks } from "./options";
import { kindNames } from "./pipeline";
import type { Problem } from "./problem";
import { Timeline } from "./timeline";

export interface PlannedInstruction {
  readonly instruction: string;
  readonly frequencyMhz: number;
}

/** One list a stage, in the stage's own order. */
export type StagePlan = readonly (readonly PlannedInstruction[])[];

/** @returns unknown, with the reason, where the plan has no stages or no clocks */
export function stagePlanOf(problem: Problem, plan: Plan): Answer<StagePlan> {
  const { pipeline } = problem;
  if (pipeline === undefined) return unknown("a graph has no stages, which a frequency plan is made of");
  const stages: PlannedInstruction[][] = [];
  for (let stage = 0; stage + 1 < pipeline.stageStart.length; stage++) {
    const rows: PlannedInstruction[] = [];
    for (let i = pipeline.stageStart[stage]!; i < pipeline.stageStart[stage + 1]!; i++) {
      const { id, frequencyMhz } = plan.operations[i]!;
      if (frequencyMhz === undefined) return unknown(`the option of ${id} has no clock (frequencyMhz)`);
      rows.push({ instruction: kindNames[pipeline.kind[i]!]!, frequencyMhz });
    }
    stages.push(rows);
  }
  return known(stages);
}

/** As Zeus's `PointSolution` scheduler reads it. */
export function exportPlanPython(stages: StagePlan): string {
  const lines = stages.map(
    (rows) => `[${rows.map((row) => `('${row.instruction}', ${row.frequencyMhz})`).join(", ")}],\n`,
  );
  return `[\n${lines.join("")}]\n`;
}

/** @param plan of the same problem, for the columns that Zeus's form has not */
export function exportPlanCsv({ pipeline }: Problem, plan: Plan): string {
  const rows = plan.operations.map((operation, i) => [
    pipeline?.stage[i] ?? "",
    pipeline === undefined ? operation.id : kindNames[pipeline.kind[i]!]!,
    pipeline?.microbatch[i] ?? "",
    pipeline?.chunk[i] ?? "",
    operation.frequencyMhz ?? "",
    operation.timeS,
    operation.energyJ,
  ]);
  return `${["stage,instruction,microbatch,chunk,frequency,time,energy", ...rows.map((row) => row.map(cell).join(","))].join("\n")}\n`;
}

function cell(value: string | number): string {
  const text = String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/**
 * A plan from either form. The Python form is read as data: a list of lists of pairs, with comments; nothing is run.
 * @returns unknown, with line and fault, where it is neither
 */
export function importPlan(text: string): Answer<StagePlan> {
  return text.trimStart().startsWith("[") || text.trimStart().startsWith("#") ? fromPython(text) : fromCsv(text);
}

function fromPython(text: string): Answer<StagePlan> {
  const token = /\s+|#[^\n]*|(\[|\]|\(|\)|,)|'([^'\\\n]*)'|"([^"\\\n]*)"|(\d+(?:\.\d+)?)/y;
  const tokens: { text: string; kind: "mark" | "name" | "number"; line: number }[] = [];
  let line = 1;
  while (token.lastIndex < text.length) {
    const at = token.lastIndex;
    const found = token.exec(text);
    if (found === null)
      return unknown(`line ${line}: ${JSON.stringify(text.slice(at, at + 12))} has no place in a plan`);
    const [all, mark, single, double, number] = found;
    if (mark !== undefined) tokens.push({ text: mark, kind: "mark", line });
    else if (number !== undefined) tokens.push({ text: number, kind: "number", line });
    else if ((single ?? double) !== undefined) tokens.push({ text: (single ?? double)!, kind: "name", line });
    line += all.split("\n").length - 1;
  }
  let next = 0;
  const is = (mark: string) => tokens[next]?.kind === "mark" && tokens[next]!.text === mark;
  const take = (mark: string) => is(mark) && next++ >= 0;
  const fault = (wanted: string) => {
    const found = tokens[next];
    return unknown(
      found === undefined
        ? `it ends where ${wanted} should be`
        : `line ${found.line}: ${found.text} where ${wanted} should be`,
    );
  };
  const stages: PlannedInstruction[][] = [];
  if (!take("[")) return fault("[");
  while (!is("]")) {
    if (!take("[")) return fault("the [ of a stage");
    const rows: PlannedInstruction[] = [];
    while (!is("]")) {
      if (!take("(")) return fault("a pair (instruction, MHz)");
      const [name, comma, number] = [tokens[next], tokens[next + 1], tokens[next + 2]];
      if (name?.kind !== "name" || comma?.text !== "," || number?.kind !== "number") return fault("'instruction', MHz");
      rows.push({ instruction: name.text, frequencyMhz: Number(number.text) });
      next += 3;
      if (!take(")")) return fault(")");
      if (!take(",")) break;
    }
    if (!take("]")) return fault("]");
    stages.push(rows);
    if (!take(",")) break;
  }
  if (!take("]")) return fault("]");
  return next === tokens.length ? known(stages) : fault("the end");
}

function fromCsv(text: string): Answer<StagePlan> {
  const [header = "", ...lines] = text.trim().split(/\r?\n/);
  const columns = header.split(",").map((name) => name.trim().toLowerCase());
  const [stageAt, instructionAt, frequencyAt] = ["stage", "instruction", "frequency"].map((name) =>
    columns.indexOf(name),
  );
  if ([stageAt, instructionAt, frequencyAt].includes(-1)) {
    return unknown("line 1: a plan has the columns stage, instruction and frequency");
  }
  const stages: PlannedInstruction[][] = [];
  for (const [k, line] of lines.entries()) {
    const cells = line.split(",").map((text) => text.trim());
    const [stage, frequencyMhz] = [Number(cells[stageAt!] || NaN), Number(cells[frequencyAt!] || NaN)];
    if (!Number.isInteger(stage) || stage < 0 || stage > 65_535 || !(frequencyMhz > 0)) {
      return unknown(`line ${k + 2}: stage and frequency must be numbers`);
    }
    while (stages.length <= stage) stages.push([]);
    stages[stage]!.push({ instruction: cells[instructionAt!] ?? "", frequencyMhz });
  }
  return known(stages);
}

/**
 * What an imported plan means for this problem; its clocks may be ones that no good plan uses.
 * @returns iteration time (s), its energy (J, waiting until the end included); unknown where it does not fit the problem
 */
export function evaluatePlan(problem: Problem, stages: StagePlan): Answer<{ iterationTimeS: number; energyJ: number }> {
  const { pipeline, classes, classOf, ticksPerS, blockingPowerW, waitingPowerW } = problem;
  if (pipeline === undefined) return unknown("a graph has no stages, which a frequency plan is made of");
  const count = pipeline.stageStart.length - 1;
  if (stages.length !== count) return unknown(`it is for ${stages.length} stages, and the profile has ${count}`);
  const ticks = new Float64Array(problem.count);
  let effectiveJ = 0;
  for (const [stage, rows] of stages.entries()) {
    const [first, end] = [pipeline.stageStart[stage]!, pipeline.stageStart[stage + 1]!];
    if (rows.length !== end - first) {
      return unknown(`stage ${stage} has ${rows.length} instructions, and the schedule ${end - first}`);
    }
    for (const [k, { instruction, frequencyMhz }] of rows.entries()) {
      const i = first + k;
      const name = kindNames[pipeline.kind[i]!]!;
      if (instruction !== name) {
        return unknown(
          `instruction ${k} of stage ${stage} is ${JSON.stringify(instruction.slice(0, 40))}, and the schedule has ${name}`,
        );
      }
      const option = classes[classOf[i]!]!.given.find((candidate) => candidate.frequencyMhz === frequencyMhz);
      if (option === undefined) return unknown(`the ${name} of stage ${stage} has no option at ${frequencyMhz} MHz`);
      ticks[i] = toTicks(option.timeS, ticksPerS);
      effectiveJ += option.energyJ - blockingPowerW * option.timeS;
    }
  }
  const iterationTimeS = new Timeline(problem, ticks).length() / ticksPerS;
  return known({ iterationTimeS, energyJ: effectiveJ + waitingPowerW * iterationTimeS });
}
