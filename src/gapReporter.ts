/** The extension's thread for layer tables: reads a run folder and derives its gap report, see editor/panels/gap. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Place } from "./analysis/efficiency/hostSide";
import { runGap } from "./analysis/efficiency/runGap";
import { loopIterations } from "./analysis/iterationReport";
import { gapAnswer } from "./editor/panels/gap/answer";
import { answerQuestions } from "./editor/panels/shared/answer";
import type { Run } from "./model/run";
import { longestTextCharacters, openPythonParser } from "./source/parse";
import { syncPointsIn } from "./source/syncPoints";
import { readBounded } from "./store/files";
import { readRun } from "./store/readRun";

/** A question is the path of a run folder. */
answerQuestions(async (path: string) => {
  const run = await readRun(path);
  return gapAnswer(run, runGap(run, { places: await placesOf(run) }));
});

async function placesOf(run: Run): Promise<Place[]> {
  const loop = loopIterations(run)?.loop;
  const bytes = loop && (await readBounded(loop.path, 4 * longestTextCharacters).catch(() => undefined));
  if (loop === undefined || bytes === undefined) return [];
  const parser = await openPythonParser((file) => readFile(join(__dirname, "grammars", file)));
  return syncPointsIn(parser, bytes, loop.line, loop.endLine).map((point) => ({ file: loop.path, ...point }));
}
