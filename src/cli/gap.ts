import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Place } from "../analysis/efficiency/hostSide";
import { runGap } from "../analysis/efficiency/runGap";
import { loopIterations } from "../analysis/iterationReport";
import { badArguments } from "../model/errors";
import { groupings } from "../model/gap";
import type { Run } from "../model/run";
import type { Installation } from "../recording/paths";
import { longestTextCharacters, openPythonParser } from "../source/parse";
import { syncPointsIn } from "../source/syncPoints";
import { readBounded } from "../store/files";
import { readRun } from "../store/readRun";
import { parse, takeJson } from "./arguments";
import type { Command } from "./command";
import { gapTable } from "./gapTable";

const usage = `wattline gap RUN [--by ${groupings.join("|")}] [--all] [--json]`;

const options = { by: { type: "string" }, all: { type: "boolean" } } as const;

export const gapCommand = ({ dist }: Pick<Installation, "dist">): Command => ({
  name: "gap",
  summary: "how far each layer of a run is from the machine's limit, and why",
  usage,
  async run(args, io) {
    const { json, rest } = takeJson(args);
    const { values, positionals } = parse(rest, options, usage);
    if (positionals.length !== 1) throw badArguments("Name one run folder.", usage);
    const by = groupings.find((name) => name === values.by);
    if (values.by !== undefined && by === undefined) {
      throw badArguments(`--by takes ${groupings.join(", ")}, not "${values.by}".`, usage);
    }
    const run = await readRun(positionals[0]!);
    const report = runGap(run, { places: await placesOf(run, dist) });
    io.stdout(
      json
        ? `${JSON.stringify(report, undefined, 2)}\n`
        : gapTable(report, { ...(by && { by }), all: values.all === true }),
    );
    return 0;
  },
});

/** What the loop's source tells; where it cannot be read (any more), nothing. */
async function placesOf(run: Run, dist: string): Promise<Place[]> {
  const loop = loopIterations(run)?.loop;
  const bytes = loop && (await readBounded(loop.path, 4 * longestTextCharacters).catch(() => undefined));
  if (loop === undefined || bytes === undefined) return [];
  const parser = await openPythonParser((file) => readFile(join(dist, "grammars", file)));
  return syncPointsIn(parser, bytes, loop.line, loop.endLine).map((point) => ({ file: loop.path, ...point }));
}
