import { window } from "vscode";
import type { ToBloatPanel } from "../../../messages/bloat";
import { formatMoment } from "../../../model/format";
import type { WorkspaceRuns } from "../../shared/workspaceRuns";
import type { WasteReports } from "./reports";

/** Slower by less than this is no straggler. */
const leastSlowdown = 1.005;

/** Asks for a run, and answers how much slower its slowest rank is than the others; undefined where there is none. */
export async function measureStraggler(
  runs: WorkspaceRuns,
  reports: WasteReports,
): Promise<Extract<ToBloatPanel, { type: "measured" }> | undefined> {
  const items = runs.all
    .filter(({ fault }) => fault === undefined)
    .map((run) => ({
      label: run.labels.name ?? run.script,
      description: formatMoment(run.startedAt, new Date()),
      path: run.path,
    }));
  if (items.length === 0) {
    void window.showInformationMessage("There is no run in this folder to take a straggler from.");
    return undefined;
  }
  const picked = await window.showQuickPick(items, { title: "A run of several ranks, for its slowest one" });
  if (picked === undefined) return undefined;
  const { report } = await reports.of(picked.path);
  const slowest = report.stragglers.reduce<(typeof report.stragglers)[number] | undefined>(
    (most, one) => (one.slowdown > (most?.slowdown ?? leastSlowdown) ? one : most),
    undefined,
  );
  if (slowest === undefined) {
    const why = report.run.ranks > 1 ? "no rank of it is slower than the others" : "it has one rank";
    void window.showInformationMessage(`${picked.label} has no straggler: ${why}.`);
    return undefined;
  }
  return {
    type: "measured",
    run: `${picked.label} ${picked.description}`,
    rank: slowest.rank,
    slowdown: slowest.slowdown,
  };
}
