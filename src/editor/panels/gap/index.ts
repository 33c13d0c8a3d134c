import { type Disposable, type Uri, window } from "vscode";
import { registerCommand } from "../../shared/commands";
import { DisposableStore } from "../../shared/disposableStore";
import type { WorkspaceRuns } from "../../shared/workspaceRuns";
import { PanelSet } from "../shared/panelSet";
import { GapPanel } from "./panel";
import type { GapReports } from "./reports";

/** The efficiency-gap panels, one a run. */
export function gapPanels({
  runs,
  reports,
  extension,
}: {
  readonly runs: WorkspaceRuns;
  readonly reports: GapReports;
  readonly extension: Uri;
}): Disposable {
  const owned = new DisposableStore();
  const panels = owned.add(
    new PanelSet<GapPanel>({
      name: "gap",
      title: (path) => `${runs.find(path)?.script ?? "Run"} gap`,
      make: (path, webview) => new GapPanel(path, webview, reports, extension),
      // It counts only if it is a run of this workspace.
      restore: async (path) => {
        await runs.refresh();
        return runs.find(path) !== undefined;
      },
    }),
  );
  owned.add(
    registerCommand("openGap", async (run) => {
      if (run === undefined) await runs.refresh();
      const path = typeof run === "string" ? run : (run?.path ?? reports.ended(1)[0]);
      if (typeof path !== "string") {
        void window.showInformationMessage("No run of this folder has ended yet: profile a file first.");
        return;
      }
      const panel = panels.show(path, { preserveFocus: false });
      const place = typeof run === "object" ? run.layer : undefined;
      if (place !== undefined) panel.select(place);
    }),
  );
  owned.add(
    runs.onDidChange(() => {
      for (const [path, panel] of panels.open) {
        if (panel.isOfRunningRun && runs.find(path)?.state !== "running") void panel.read();
      }
    }),
  );
  return owned;
}
