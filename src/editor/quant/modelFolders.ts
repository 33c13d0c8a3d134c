import { dirname } from "node:path";
import { type Disposable, workspace } from "vscode";
import { setContext } from "../shared/commands";
import { DisposableStore } from "../shared/disposableStore";

const weights = "**/*.{safetensors,gguf}";
const mostFiles = 2000;
const settlesMs = 1000;

/** Tells the explorer's menu which folders hold a model. */
export function modelFolders(): Disposable {
  const owned = new DisposableStore();
  let timer: NodeJS.Timeout | undefined;
  const look = async (): Promise<void> => {
    const files = await workspace.findFiles(weights, "**/{node_modules,.git,.venv,venv,site-packages}/**", mostFiles);
    setContext("wattline.modelFolders", [...new Set(files.map(({ fsPath }) => dirname(fsPath)))]);
  };
  const later = () => {
    clearTimeout(timer);
    timer = setTimeout(() => void look(), settlesMs);
  };
  const watcher = owned.add(workspace.createFileSystemWatcher(weights, false, true, false));
  owned.add(watcher.onDidCreate(later));
  owned.add(watcher.onDidDelete(later));
  owned.add(workspace.onDidChangeWorkspaceFolders(later));
  owned.defer(() => clearTimeout(timer));
  later();
  return owned;
}
