import { formatEnergy, formatPower, formatShare } from "../model/format";
import type { Report } from "../model/report";

/**
 * What a CodeLens says of a loop after a run, at most three parts: `182 J/iter`, `41 W`, `data wait 21 %`. Parts that are
 * not known are left out.
 */
export function loopSummary(report: Report): string[] {
  const parts: string[] = [];
  const { energyPerIterationJ, standardErrorJ } = report.iterations;
  if (energyPerIterationJ !== undefined && (standardErrorJ ?? 0) < energyPerIterationJ) {
    parts.push(`${formatEnergy(energyPerIterationJ)}/iter`);
  }
  if (report.energyJ !== undefined && report.run.durationS > 0) {
    parts.push(formatPower(report.energyJ / report.run.durationS));
  }
  const wait = dataShare(report);
  if (wait !== undefined && wait.share >= 0.005) parts.push(`data wait ${formatShare(wait.share)}`);
  return parts;
}

/** `bloat 14 %`, a line of its own because it opens a panel of its own; undefined where there is none to speak of. */
export function bloatSummary({ bloat }: Report): string | undefined {
  return bloat !== undefined && bloat.share >= 0.005 ? `bloat ${formatShare(bloat.share)}` : undefined;
}

/** The part of a run's energy that was spent waiting for data; undefined where phases are not known. */
export function dataShare(
  report: Report,
): { readonly energyJ: number; readonly share: number; readonly standardErrorJ: number } | undefined {
  if (report.energyJ === undefined || report.energyJ <= 0 || report.phases.length === 0) return undefined;
  const rows = report.phases.filter(({ phase }) => phase === "data");
  const energyJ = rows.reduce((sum, row) => sum + row.energyJ, 0);
  const standardErrorJ = Math.hypot(...rows.map((row) => row.standardErrorJ));
  return { energyJ, share: energyJ / report.energyJ, standardErrorJ };
}
