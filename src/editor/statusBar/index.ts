import { type Disposable, MarkdownString, StatusBarAlignment, window } from "vscode";
import { type LiveTotals, liveTotals } from "../../analysis/liveTotals";
import type { IdleWatch } from "../live";
import { registerCommand, runCommand } from "../shared/commands";
import { DisposableStore } from "../shared/disposableStore";
import type { Follower } from "../shared/follower";
import type { WorkspaceRuns } from "../shared/workspaceRuns";
import { spokenText, statusText, statusTooltip } from "./text";

/** One item on the right: watts at rest; watts and joules so far in a run. A click opens the run, else the meters. */
export function statusBar({
  runs,
  follower,
  idle,
}: {
  readonly runs: WorkspaceRuns;
  readonly follower: Follower;
  readonly idle: IdleWatch;
}): Disposable {
  const owned = new DisposableStore();
  const item = owned.add(window.createStatusBarItem("wattline.power", StatusBarAlignment.Right, 90));
  item.name = "Wattline";
  item.command = "wattline.showPower";

  let followed: { readonly path: string; readonly end: Disposable; totals: LiveTotals | undefined } | undefined;
  owned.defer(() => followed?.end.dispose());

  const show = () => {
    const run = runs.running;
    const totals = run ? followed?.totals : idle.totals;
    item.text = statusText(totals);
    item.accessibilityInformation = { label: spokenText(totals, run !== undefined) };
    const tooltip = new MarkdownString(statusTooltip(totals, run), true);
    tooltip.isTrusted = { enabledCommands: ["wattline.showMeters", "wattline.showPower"] };
    item.tooltip = tooltip;
  };

  const followRunning = () => {
    const path = runs.running?.path;
    if (followed?.path !== path) {
      followed?.end.dispose();
      followed = undefined;
      if (path !== undefined) {
        const entry = { path, totals: undefined as LiveTotals | undefined };
        const end = follower.follow(path, {
          grown(tail) {
            const startedMs = Date.parse(tail.run.manifest.startedAt);
            entry.totals = liveTotals(tail.run, (Date.now() - startedMs) / 1000);
            if (tail.run.state !== "running") void runs.refresh();
            show();
          },
          failed: () => void runs.refresh(),
        });
        followed = Object.assign(entry, { end });
      }
    }
    show();
  };

  owned.add(runs.onDidChange(followRunning));
  owned.add(idle.onDidChange(show));
  owned.add(
    registerCommand("showPower", () => {
      const path = runs.running?.path;
      return path === undefined ? runCommand("showMeters") : runCommand("openRun", path);
    }),
  );
  followRunning();
  item.show();
  return owned;
}
