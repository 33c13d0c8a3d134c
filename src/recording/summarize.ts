import { report } from "../analysis/report";
import { reportedBloat } from "../analysis/waste";
import type { Report } from "../model/report";
import { readRun } from "../store/readRun";
import { writeSummary } from "../store/summary";

/**
 * Reads a run folder, derives its report and keeps it as `summary.json` beside the data once the run is over.
 * @throws WattlineError when the folder is no run or its manifest cannot be read
 */
export async function summarize(runPath: string): Promise<Report> {
  const run = await readRun(runPath);
  if (run.state === "running") return report(run);
  const bloat = reportedBloat(run);
  const derived = { ...report(run), ...(bloat && { bloat }) };
  // A run may lie on a medium that cannot be written; its report is an answer all the same.
  await writeSummary(run.path, derived).catch(() => {});
  return derived;
}
