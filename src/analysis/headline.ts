import { formatDuration, formatEnergy, formatPartOfWhole, formatShare } from "../model/format";
import type { Report } from "../model/report";
import type { Run } from "../model/run";
import { dataShare } from "./loopSummary";

/** The sentence on top of a run and the place to go on to. */
export interface Headline {
  readonly text: string;
  readonly path?: string;
  /** From 1. */
  readonly line?: number;
}

/** Below this share of the energy a wait is not worth anybody's afternoon. */
const worthSaying = 0.05;

/**
 * What happened and what could be won, in one sentence; that nothing is wrong where that is so; why nothing can be said
 * where that is so. Undefined while a run goes on and nothing is known yet.
 */
export function headline(report: Report, run: Run): Headline | undefined {
  const tooShort = report.warnings.find(({ code }) => code === "too-short");
  if (tooShort && report.run.state !== "running") return { text: tooShort.message };
  if (report.energyJ === undefined) return undefined;
  const total = `The run used ${formatEnergy(report.energyJ)} in ${formatDuration(report.run.durationS)}`;
  if (report.phases.length === 0) return { text: `${total}.` };
  const wait = dataShare(report);
  const place = placeOfData(run) ?? placeOfLoop(report);
  if (wait === undefined || wait.share < worthSaying) {
    return {
      text: `${total}; the loop hardly waited for data (${formatShare(wait?.share ?? 0)} of the energy).`,
      ...place,
    };
  }
  if (wait.standardErrorJ >= wait.energyJ) {
    return { text: `${total}; how much of it went into waiting for data is too uncertain to say.`, ...place };
  }
  const part = formatPartOfWhole(wait.energyJ, report.energyJ, "J");
  return { text: `${formatShare(wait.share)} of the energy was spent waiting for data: ${part}.`, ...place };
}

/** The line whose data waits take the most time. */
function placeOfData(run: Run): { path: string; line: number } | undefined {
  const secondsAt = new Map<string, { path: string; line: number; durationS: number }>();
  for (const { spans, paths, phaseNames } of run.traces) {
    const data = phaseNames.indexOf("data");
    for (let span = 0; span < spans.phase.length; span++) {
      const path = paths[spans.path[span]!];
      const line = spans.line[span]!;
      if (spans.phase[span] !== data || line === 0 || path === undefined) continue;
      const key = `${line} ${path}`;
      const place = secondsAt.get(key) ?? { path, line, durationS: 0 };
      place.durationS += spans.durationS[span]!;
      secondsAt.set(key, place);
    }
  }
  const most = [...secondsAt.values()].sort((a, b) => b.durationS - a.durationS)[0];
  return most && { path: most.path, line: most.line };
}

function placeOfLoop({ iterations: { loop } }: Report): { path: string; line: number } | undefined {
  return loop && { path: loop.path, line: loop.line };
}
