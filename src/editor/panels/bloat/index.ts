import { stat } from "node:fs/promises";
import { type Disposable, Uri, window } from "vscode";
import { registerCommand } from "../../shared/commands";
import { DisposableStore } from "../../shared/disposableStore";
import { inWorkspace } from "../../shared/workspaceRuns";
import { PanelSet } from "../shared/panelSet";
import { bloatKind, ProfilePanel } from "./panel";

/** The energy-bloat panels, one a profile. Holds no numbers: see analysis/bloat. */
export function bloatPanels({ extension }: { readonly extension: Uri }): Disposable {
  const owned = new DisposableStore();
  const panels = owned.add(
    new PanelSet<ProfilePanel>({
      name: bloatKind.name,
      title: () => bloatKind.title,
      make: (path, webview) => new ProfilePanel(path, webview, extension),
      // The page's state names it: only what lies in a folder that is open, and is there.
      restore: async (path) => inWorkspace(path) && (await isFile(path)),
    }),
  );
  owned.add(
    registerCommand("openBloat", async (subject) => {
      const path = pathOf(subject) ?? window.activeTextEditor?.document.uri.fsPath;
      if (path === undefined) return;
      panels.show(path, { preserveFocus: false });
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

async function isFile(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isFile() ?? false;
}
