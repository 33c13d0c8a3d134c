import {
  commands,
  type Disposable,
  env,
  MarkdownString,
  ThemeColor,
  ThemeIcon,
  TreeItem,
  UIKind,
  Uri,
  window,
} from "vscode";
import { formatBytes } from "../../model/format";
import { deleteRun, labelRun, type RunListing } from "../../store/runs";
import { type RunReference, viewIds } from "../contributions";
import { registerCommand, runCommand } from "../shared/commands";
import { DisposableStore } from "../shared/disposableStore";
import type { WorkspaceRuns } from "../shared/workspaceRuns";
import { runContext, runDescription, runIcon, runTooltip } from "./text";

/** The Runs view: every run of the workspace, newest first. Shown in untrusted folders too, where it changes nothing. */
export function runsView({ runs }: { readonly runs: WorkspaceRuns }): Disposable {
  const owned = new DisposableStore();
  const view = owned.add(
    window.createTreeView<RunListing>(viewIds.runs, {
      treeDataProvider: {
        onDidChangeTreeData: runs.onDidChange,
        getChildren: (run) => (run === undefined ? [...runs.all] : []),
        getTreeItem: treeItem,
      },
    }),
  );
  // Where file events do not reach us (network folders), a look at the view is the event.
  owned.add(view.onDidChangeVisibility(({ visible }) => visible && void runs.refresh()));
  owned.add(
    registerCommand("openLastRun", async () => {
      await runs.refresh();
      const last = runs.all.find(({ fault }) => fault === undefined);
      if (last !== undefined) return runCommand("openRun", last.path);
      void window.showInformationMessage("There is no run in this folder yet. Profile a Python file to make one.");
    }),
  );
  owned.add(registerCommand("revealRun", (run) => revealFolder(run?.path)));
  return owned;
}

/** What changes runs: only where the folder is trusted. */
export function runChanges({ runs }: { readonly runs: WorkspaceRuns }): Disposable {
  const owned = new DisposableStore();
  owned.add(registerCommand("labelRun", (run) => label(runs, run)));
  owned.add(registerCommand("deleteRun", (run) => remove(runs, run)));
  return owned;
}

function treeItem(run: RunListing): TreeItem {
  const now = new Date();
  const item = new TreeItem(run.script);
  const { icon, color } = runIcon(run);
  item.id = run.path;
  item.description = runDescription(run, now);
  item.tooltip = new MarkdownString(runTooltip(run, now));
  item.iconPath = new ThemeIcon(icon, color ? new ThemeColor(color) : undefined);
  item.contextValue = runContext(run);
  item.accessibilityInformation = { label: `${run.script}, ${item.description}` };
  if (run.fault === undefined) item.command = { command: "wattline.openRun", title: "Open Run", arguments: [run.path] };
  return item;
}

/** In the system's file browser; where the window is far from the files, in VS Code's own. */
export async function revealFolder(path: string | undefined): Promise<void> {
  if (path === undefined) return;
  const isFar = env.remoteName !== undefined || env.uiKind === UIKind.Web;
  await commands.executeCommand(isFar ? "revealInExplorer" : "revealFileInOS", Uri.file(path));
}

async function label(runs: WorkspaceRuns, reference: RunReference | undefined): Promise<void> {
  const run = reference && runs.find(reference.path);
  if (run === undefined) return;
  const text = await window.showInputBox({
    title: `Label of ${run.script}`,
    prompt: "Runs with a label are kept when old runs are deleted to save space. Empty: no label.",
    value: run.labels.name ?? "",
    validateInput: (value) => (value.length > 200 ? "A label has at most 200 characters." : undefined),
  });
  if (text === undefined) return;
  await labelRun(run.path, { name: text.trim() });
  await runs.refresh();
}

async function remove(runs: WorkspaceRuns, reference: RunReference | undefined): Promise<void> {
  const run = reference && runs.find(reference.path);
  if (run === undefined || run.state === "running") return;
  const detail = `${run.id} (${formatBytes(run.bytes)}) is removed from disk. This cannot be undone.`;
  const choice = await window.showWarningMessage(`Delete the run of ${run.script}?`, { modal: true, detail }, "Delete");
  if (choice !== "Delete") return;
  await deleteRun(run.path);
  await runs.refresh();
}
