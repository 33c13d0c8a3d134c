import { statSync } from "node:fs";
import { type Disposable, Uri, window } from "vscode";
import { registerCommand } from "../../shared/commands";
import { DisposableStore } from "../../shared/disposableStore";
import type { Follower } from "../../shared/follower";
import { inWorkspace, type WorkspaceRuns } from "../../shared/workspaceRuns";
import { PanelSet } from "../shared/panelSet";
import { bloatKind } from "./kind";
import { measureStraggler } from "./measure";
import { ProfilePanel } from "./panel";
import type { WasteReports } from "./reports";
import { RunWastePanel } from "./runPanel";

/** The energy-bloat panels, one a profile or run. Holds no numbers: see analysis/bloat and analysis/waste. */
export function bloatPanels({
  runs,
  follower,
  reports,
  extension,
}: {
  readonly runs: WorkspaceRuns;
  readonly follower: Follower;
  readonly reports: WasteReports;
  readonly extension: Uri;
}): Disposable {
  const owned = new DisposableStore();
  const measure = () => measureStraggler(runs, reports);
  const panels = owned.add(
    new PanelSet<ProfilePanel | RunWastePanel>({
      name: bloatKind.name,
      title: () => bloatKind.title,
      make: (path, webview) =>
        kindOf(path) === "folder"
          ? new RunWastePanel(path, webview, reports, follower, extension)
          : new ProfilePanel(path, webview, measure, extension),
      // The page's state names it: only what lies in a folder that is open, and is there.
      restore: (path) => inWorkspace(path) && kindOf(path) !== undefined,
    }),
  );
  owned.add(
    registerCommand("openBloat", (subject) => {
      const path = pathOf(subject) ?? window.activeTextEditor?.document.uri.fsPath;
      if (path !== undefined) panels.show(path, { preserveFocus: false });
    }),
  );
  return owned;
}

/** What a menu, a link or a program calls the command with. */
function pathOf(subject: unknown): string | undefined {
  if (typeof subject === "string") return subject;
  if (subject instanceof Uri) return subject.fsPath;
  const path = (subject as { path?: unknown } | undefined)?.path;
  return typeof path === "string" ? path : undefined;
}

function kindOf(path: string): "file" | "folder" | undefined {
  const found = statSync(path, { throwIfNoEntry: false });
  return found?.isDirectory() ? "folder" : found?.isFile() ? "file" : undefined;
}
