import { compareRuns, type RunToCompare } from "../analysis/efficiency/indicatorComparison";
import { type IndicatorId, indicatorIds } from "../model/compare";
import { badArguments } from "../model/errors";
import { summarize } from "../recording/summarize";
import { readManifest } from "../store/manifest";
import { scriptName } from "../store/runFolder";
import { parse, takeJson } from "./arguments";
import type { Command } from "./command";
import { compareTable } from "./compareTable";

const usage = `wattline compare RUN RUN … [--by ${indicatorIds.join("|")}] [--json]`;
/** A table of more is no table. */
const mostRuns = 100;

export const compareCommand: Command = {
  name: "compare",
  summary: "put runs side by side, and say where their indicators disagree",
  usage,
  async run(args, io) {
    const { json, rest } = takeJson(args);
    const { values, positionals } = parse(rest, { by: { type: "string" } }, usage);
    if (positionals.length < 2) throw badArguments("Name two run folders at least.", usage);
    if (positionals.length > mostRuns) throw badArguments(`At most ${mostRuns} runs can be compared.`, usage);
    const by = indicatorIds.find((id) => id === values.by);
    if (values.by !== undefined && by === undefined) {
      throw badArguments(`--by takes one of ${indicatorIds.join(", ")}, not "${values.by}".`, usage);
    }
    const comparison = compareRuns(await runsAt(positionals), by as IndicatorId | undefined);
    io.stdout(json ? `${JSON.stringify(comparison, undefined, 2)}\n` : compareTable(comparison));
    return 0;
  },
};

async function runsAt(paths: readonly string[]): Promise<RunToCompare[]> {
  const runs: { report: RunToCompare["report"]; machine: string; called: string }[] = [];
  // One after the other: a run may be large.
  for (const path of paths) {
    const report = await summarize(path);
    const { host } = await readManifest(path);
    runs.push({ report, machine: host.name, called: report.run.labels?.name ?? scriptName(report.run.argv) });
  }
  return runs.map(({ report, machine, called }, place) => {
    const alike = runs.some((other, k) => k !== place && other.called === called);
    return { report, machine, name: alike ? `${called} (${report.run.id})` : called };
  });
}
