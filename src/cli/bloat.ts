import { extname } from "node:path";
import { performance } from "node:perf_hooks";
import {
  bloatReport,
  evaluatePlan,
  exportPlan,
  type Frontier,
  importPlan,
  problemOf,
  solveFrontier,
} from "../analysis/bloat";
import { type BloatReport, schedules } from "../model/bloat";
import { badArguments, malformedFile, WattlineError } from "../model/errors";
import type { PlanExport } from "../model/planExport";
import { readBounded, writeAtomically } from "../store/files";
import { isTable, readProfile, readTables, type TableSettings } from "../store/pipelineFile";
import { numberOption, parse, takeJson } from "./arguments";
import { bloatTable, type Compared } from "./bloatTable";
import type { Command } from "./command";
import { bloatOfRuns, isFolder } from "./waste";

const usage =
  "wattline bloat FILE [--at TIME_S] [--straggler TIME_S|FACTORx] [--plan OUT] [--compare PLAN] [--json]\n" +
  "       wattline bloat RUN [RUN …] [--profile OUT.pipeline.json] [--json]\n" +
  "       OUT ends in .json, .csv, .py (Zeus), .sh (one clock a stage, nvidia-smi) or .tsv (by pipeline rank, Megatron-LM)\n" +
  "       for CSVs (one or several of one pipeline) also: --microbatches N --blocking-power W [--schedule 1f1b|gpipe|interleaved] [--chunks N]";

const options = {
  at: { type: "string" },
  straggler: { type: "string" },
  plan: { type: "string" },
  compare: { type: "string" },
  microbatches: { type: "string" },
  "blocking-power": { type: "string" },
  schedule: { type: "string" },
  chunks: { type: "string" },
  profile: { type: "string" },
} as const;

export const bloatCommand: Command = {
  name: "bloat",
  summary: "energy that a pipeline or a run burns without being faster, and what saves it",
  usage,
  async run(args, io) {
    const { json, rest } = takeJson(args);
    const { values, positionals } = parse(rest, options, usage);
    if (positionals.length > 0 && (await isFolder(positionals[0]!))) {
      return bloatOfRuns(positionals, { json, profile: values.profile }, io);
    }
    if (positionals.length !== 1 && (positionals.length === 0 || !positionals.every(isTable)))
      throw badArguments("Name one profile: a pipeline's JSON, or CSVs of clocks; or run folders.", usage);
    const settings = tableSettings(values);
    const profile =
      positionals.length === 1 ? readProfile(positionals[0]!, settings) : readTables(positionals, settings);
    const problem = problemOf(await profile);
    if (!problem.known) throw malformedFile(positionals.join(", "), problem.reason);
    const began = performance.now();
    const frontier = solveFrontier(problem.value, { progress: progressTo(io.stderr, began) })!;
    const elapsedS = (performance.now() - began) / 1000;
    io.stderr(clearLine(began));
    const report = bloatReport(
      frontier,
      {
        ...timeOf(values.at, "at", frontier),
        ...timeOf(values.straggler, "straggler", frontier),
        // The table shows a few.
        ...(json === false ? { realizedPoints: 24 } : {}),
      },
      elapsedS,
    );
    if (!report.known) throw badArguments(`${report.reason}.`, usage);
    const compared = values.compare === undefined ? undefined : await compare(values.compare, frontier);
    if (values.plan !== undefined) await writePlan(values.plan, frontier, report.value);
    if (typeof json === "string") await writeAtomically(json, `${JSON.stringify(report.value)}\n`);
    io.stdout(json === true ? `${JSON.stringify(report.value, undefined, 2)}\n` : bloatTable(report.value, compared));
    return 0;
  },
};

function tableSettings(values: Readonly<Record<string, string | undefined>>): TableSettings {
  const { microbatches, chunks, schedule } = values;
  const power = values["blocking-power"];
  const known = schedules.find((name) => name === schedule);
  if (schedule !== undefined && known === undefined) {
    throw badArguments(`--schedule takes ${schedules.join(", ")}, not "${schedule}".`, usage);
  }
  return {
    ...(microbatches === undefined ? {} : { microbatches: numberOption("microbatches", microbatches, 1, 1e9, usage) }),
    ...(chunks === undefined ? {} : { chunks: numberOption("chunks", chunks, 1, 1e9, usage) }),
    ...(power === undefined ? {} : { blockingPowerW: numberOption("blocking-power", power, 0, 1e9, usage) }),
    ...(known === undefined ? {} : { schedule: known }),
  };
}

/** `1.25` is seconds, `1.25x` that many times the minimum time. */
function timeOf(text: string | undefined, name: "at" | "straggler", frontier: Frontier): Record<string, number> {
  if (text === undefined) return {};
  const factor = /^(.+)x$/.exec(text)?.[1];
  if (factor === undefined) return { [`${name}S`]: numberOption(name, text, 0, 1e30, usage) };
  const times = numberOption(name, factor, 1, 1e6, usage);
  return { [`${name}S`]: (times * frontier.minimumTicks) / frontier.problem.ticksPerS };
}

/** A line that counts percent, once a solve takes longer than a second. */
function progressTo(stderr: (text: string) => void, began: number): (share: number) => void {
  let shown = began + 1000;
  return (share) => {
    if (!process.stderr.isTTY || performance.now() < shown) return;
    shown = performance.now() + 100;
    stderr(`\rsolving the frontier: ${Math.round(100 * share)} %`);
  };
}

function clearLine(began: number): string {
  return process.stderr.isTTY && performance.now() > began + 1000 ? "\r\u001b[K" : "";
}

/** The forms in which a plan is written, by the ending of the file's name. */
const planForms: Readonly<Record<string, PlanExport>> = {
  ".json": "json",
  ".csv": "csv",
  ".py": "zeus",
  ".sh": "clocks",
  ".tsv": "megatron",
};

async function writePlan(path: string, frontier: Frontier, report: BloatReport): Promise<void> {
  const form = planForms[extname(path).toLowerCase()];
  if (form === undefined)
    throw badArguments(`--plan takes a name that ends in .json, .csv, .py, .sh or .tsv, not "${path}".`, usage);
  const text = exportPlan(form, frontier, report);
  if (!text.known) throw new WattlineError(`${path} was not written: ${text.reason}.`);
  await writeAtomically(path, text.value);
}

/** An existing frequency plan on this profile. */
async function compare(path: string, { problem }: Frontier): Promise<Compared> {
  const bytes = await readBounded(path, 64e6);
  if (bytes === undefined) throw malformedFile(path, "there is no such file");
  const stages = importPlan(bytes.toString("utf8"));
  if (!stages.known) throw malformedFile(path, stages.reason);
  const result = evaluatePlan(problem, stages.value);
  if (!result.known) throw new WattlineError(`${path} does not fit the profile: ${result.reason}.`);
  return { path, ...result.value };
}
