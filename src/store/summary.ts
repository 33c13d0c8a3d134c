/** `summary.json`: the report as it was when the run ended; may be deleted, `wattline report` writes it anew. */
import { join } from "node:path";
import type { Report } from "../model/report";
import { writeAtomically } from "./files";

export async function writeSummary(runPath: string, report: Report): Promise<void> {
  await writeAtomically(join(runPath, "summary.json"), `${JSON.stringify(report, undefined, 2)}\n`);
}
