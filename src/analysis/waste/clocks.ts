/** Clocks that bought no time: needs the same program at several clocks, a run each. */
import { formatShare } from "../../model/format";
import type { Run } from "../../model/run";
import type { WastePart, WasteReport } from "../../model/waste";
import { wasteKinds } from "../../model/waste";

/** Labels that say at what a run was made. */
const keys = ["clock", "clock_mhz", "power", "power_limit", "power-limit"];

/** As fast: longer by less than this. */
const asFast = 0.005;
/** And uses less by more than this many standard errors. */
const sure = 2;

interface SweptRun {
  readonly run: Run;
  readonly report: WasteReport;
}

/** `clock=1410`; undefined where the run does not say. */
export function clockLabel({ labels }: Run): string | undefined {
  const key = keys.find((one) => labels[one] !== undefined);
  return key && `${key}=${labels[key]}`;
}

/** Takes out of useful work what a run at another clock did not need for the same iterations in the same time. */
export function withClocks(run: Run, report: WasteReport, sweep: readonly SweptRun[]): WasteReport {
  const own = clockLabel(run);
  const swept = sweep.filter((one) => {
    const label = clockLabel(one.run);
    return label !== undefined && label !== own && one.report.run.iterations > 0;
  });
  if (own === undefined || swept.length === 0 || report.run.iterations === 0) {
    const note =
      "Whether lower clocks would be as fast is not known: run the same program at several clocks or power limits, " +
      "each with its label (`wattline run --label clock=1200 …`), and name all of the runs.";
    return { ...report, notes: [...report.notes, note] };
  }
  const now = perIteration(report);
  const best = swept
    .map((one) => ({ ...one, ...perIteration(one.report) }))
    .filter(({ timeS, usefulJ, errorJ }) => {
      const sureJ = sure * Math.hypot(errorJ, now.errorJ);
      return timeS <= now.timeS * (1 + asFast) && now.usefulJ - usefulJ > sureJ;
    })
    .sort((a, b) => a.usefulJ - b.usefulJ)[0];
  if (best === undefined) {
    const note = `None of the ${swept.length} other runs is as fast as ${own} and uses less.`;
    return { ...report, notes: [...report.notes, note] };
  }
  const share = 1 - best.usefulJ / now.usefulJ;
  const useful = report.parts.filter(({ kind }) => kind === "useful");
  const energyJ = useful.reduce((sum, part) => sum + part.energyJ * share, 0);
  const label = clockLabel(best.run)!;
  const part: WastePart = {
    id: "clocks",
    kind: "intrinsic",
    cause: "clocks",
    name: `${own} where ${label} is as fast`,
    energyJ,
    standardErrorJ: report.run.iterations * Math.hypot(now.errorJ, best.errorJ),
    durationS: 0,
    basis: partsBasis(report),
    remedy: `Run at ${label}: an iteration takes as long and its work ${formatShare(share)} less energy.`,
  };
  const parts = report.parts.map((one) =>
    one.kind === "useful" ? { ...one, energyJ: one.energyJ * (1 - share) } : one,
  );
  const all = [...parts, part].sort(
    (a, b) => wasteKinds.indexOf(a.kind) - wasteKinds.indexOf(b.kind) || b.energyJ - a.energyJ,
  );
  return { ...report, parts: all };
}

const partsBasis = (report: WasteReport) => report.parts[0]?.basis ?? "measured";

/** Of an iteration: how long it takes, useful joules and their error. */
function perIteration({ parts, run }: WasteReport) {
  const useful = parts.filter(({ kind }) => kind === "useful");
  const inside = parts.filter(({ kind }) => kind !== "outside");
  const timeS = inside.reduce((sum, { durationS }) => sum + durationS, 0) / run.ranks / run.iterations;
  const usefulJ = useful.reduce((sum, { energyJ }) => sum + energyJ, 0) / run.iterations;
  const errorJ = Math.hypot(...useful.map(({ standardErrorJ = 0 }) => standardErrorJ)) / run.iterations;
  return { timeS, usefulJ, errorJ };
}
