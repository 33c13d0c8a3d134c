import { stat } from "node:fs/promises";
import { Uri, window, workspace } from "vscode";
import type { LoopsOfDocument } from "../../codeLens/loops";
import type { QuantTarget } from "../../contributions";
import { modelLenses } from "../../quant/lenses";
import { modelFolders } from "../../quant/modelFolders";
import { toolkitHints } from "../../quant/toolkits";
import { registerCommand } from "../../shared/commands";
import { DisposableStore } from "../../shared/disposableStore";
import type { Recorder } from "../../shared/recorder";
import { contains } from "../../shared/revealSource";
import { PanelSet } from "../shared/panelSet";
import { QuantPanel } from "./panel";
import { nameOf } from "./view";

/** Advice on quantization: the panels, and the ways to them from code and explorer. */
export function quantization({
  loops,
  recorder,
  extension,
}: {
  readonly loops: LoopsOfDocument;
  readonly recorder: Recorder;
  readonly extension: Uri;
}): DisposableStore {
  const owned = new DisposableStore();
  const panels = owned.add(
    new PanelSet<QuantPanel>({
      name: "quant",
      title: nameOf,
      make: (path, webview) => new QuantPanel(path, webview, extension, recorder),
      restore: isHere,
    }),
  );
  owned.add(
    registerCommand("quantize", async (target) => {
      const chosen = await targetOf(target);
      if (chosen === undefined) return;
      const panel = panels.show(chosen.path, { preserveFocus: false });
      const { source } = chosen;
      const document = source && (await workspace.openTextDocument(Uri.file(source.path)));
      panel.comeFrom(source, document && (await loops.modelsOf(document))?.use);
    }),
  );
  owned.add(modelLenses(loops));
  owned.add(toolkitHints(loops));
  owned.add(modelFolders());
  return owned;
}

/** What a menu, a lens or nobody named. */
async function targetOf(target: Uri | QuantTarget | undefined): Promise<QuantTarget | undefined> {
  if (target instanceof Uri) return { path: target.fsPath };
  if (typeof target?.path === "string") return target;
  const picked = await window.showOpenDialog({
    title: "A checkpoint",
    openLabel: "Show Advice",
    canSelectFolders: true,
    canSelectFiles: true,
    filters: { Checkpoints: ["safetensors", "gguf", "json"], "All files": ["*"] },
    ...(workspace.workspaceFolders?.[0] && { defaultUri: workspace.workspaceFolders[0].uri }),
  });
  return picked?.[0] && { path: picked[0].fsPath };
}

/** After a reload the page says what it showed; it may be shown again where it lies in a folder that is open, or in the hub's cache. */
async function isHere(path: string): Promise<boolean> {
  const folders = (workspace.workspaceFolders ?? []).map(({ uri }) => uri.fsPath);
  const known =
    folders.some((folder) => contains(folder, path)) || /[\\/]models--[^\\/]+[\\/]snapshots[\\/]/.test(path);
  return (
    known &&
    (await stat(path).then(
      () => true,
      () => false,
    ))
  );
}
