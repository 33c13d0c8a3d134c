/** What the bloat panel says of a run. No VS Code here: it is derived in the panel's thread. */
import { basename } from "node:path";
import { wasteHeadline, wasteReport } from "../../../analysis/waste";
import { WattlineError } from "../../../model/errors";
import type { Run } from "../../../model/run";
import type { WasteReport } from "../../../model/waste";
import { scriptOf } from "../../../store/runFolder";

export interface Waste {
  /** `train.py` */
  readonly title: string;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly headline: string;
  readonly report: WasteReport;
}

/** @throws WattlineError with the reason where the run's energy, or its parts, cannot be told */
export function wasteOf(run: Run): Waste {
  const report = wasteReport(run);
  if (!report.known) throw new WattlineError(`${run.path} does not say where its energy went: ${report.reason}`);
  return {
    title: basename(scriptOf(run.manifest.argv)),
    startedAt: run.manifest.startedAt,
    headline: wasteHeadline(report.value),
    report: report.value,
  };
}
