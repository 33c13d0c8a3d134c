import type { Disposable } from "vscode";
import { formatBytes, plural } from "../../model/format";
import { log } from "../../model/log";
import { pruneRuns } from "../../store/runs";
import { DisposableStore } from "../shared/disposableStore";
import { onSetting, setting } from "../shared/settings";
import type { WorkspaceRuns } from "../shared/workspaceRuns";

/** Keeps each folder's runs within the space that the user gave them, whenever a run has ended. */
export function keepWithinBounds({ runs }: { readonly runs: WorkspaceRuns }): Disposable {
  const owned = new DisposableStore();
  let running = new Set<string>();
  let busy = Promise.resolve();

  const prune = () => {
    busy = busy.then(() => pruneAll(runs)).catch((error: Error) => log.warn(`Deleting old runs: ${error.message}`));
  };
  owned.add(
    runs.onDidChange(() => {
      const now = new Set(runs.all.filter(({ state }) => state === "running").map(({ path }) => path));
      const ended = [...running].some((path) => !now.has(path));
      running = now;
      if (ended) prune();
    }),
  );
  owned.add(onSetting("runs.keepMegabytes", prune));
  prune();
  return owned;
}

async function pruneAll(runs: WorkspaceRuns): Promise<void> {
  for (const { folder, path } of runs.roots) {
    const maxBytes = setting("runs.keepMegabytes", folder.uri) * 1e6;
    if (maxBytes === 0) continue;
    const deleted = await pruneRuns(path, maxBytes);
    if (deleted.length > 0) {
      log.info(
        `Deleted ${plural(deleted.length, "old run")} in ${path} to keep within ${formatBytes(maxBytes)}: ${deleted.join(", ")}`,
      );
    }
  }
  await runs.refresh();
}
