/** `wattline bloat RUN [RUN …]`: where a run's joules bought nothing. */
import { stat } from "node:fs/promises";
import { pipelineOfRuns, rankPaces, wasteReport } from "../analysis/waste";
import { WattlineError } from "../model/errors";
import { writeAtomically } from "../store/files";
import { readRun } from "../store/readRun";
import type { Io } from "./command";
import { paceText } from "./paceText";
import { printable } from "./table";
import { wasteTable } from "./wasteTable";

/** Whether a path is a folder, as runs are; profiles are files. */
export async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

/**
 * @param paths of run folders: the one that is asked about, then others of the same program
 * @param profile where to write the profile of the runs' pipeline
 */
export async function bloatOfRuns(
  paths: readonly string[],
  { json, profile }: { readonly json: boolean | string; readonly profile?: string | undefined },
  io: Io,
): Promise<number> {
  const runs = await Promise.all(paths.map((path) => readRun(path)));
  const [run, ...others] = runs;
  const report = wasteReport(run!, { others });
  const paces = report.known ? [] : rankPaces(run!);
  if (!report.known && paces.length > 0 && json === false && profile === undefined) {
    io.stdout(`${printable(report.reason)} Who waited for whom is known by time:\n\n${paceText(paces)}`);
    return 0;
  }
  if (!report.known) throw new WattlineError(`${paths[0]} does not say where its energy went: ${report.reason}`);
  if (profile !== undefined) {
    const pipeline = pipelineOfRuns(runs);
    if (!pipeline.known) throw new WattlineError(`${profile} was not written: ${pipeline.reason}`);
    await writeAtomically(profile, `${JSON.stringify(pipeline.value, undefined, 2)}\n`);
  }
  if (typeof json === "string") await writeAtomically(json, `${JSON.stringify(report.value)}\n`);
  io.stdout(json === true ? `${JSON.stringify(report.value, undefined, 2)}\n` : wasteTable(report.value));
  return 0;
}
