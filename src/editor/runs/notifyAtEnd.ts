import { type Disposable, window } from "vscode";
import type { RunListing } from "../../store/runs";
import { runCommand } from "../shared/commands";
import { DisposableStore } from "../shared/disposableStore";
import { setting } from "../shared/settings";
import type { WorkspaceRuns } from "../shared/workspaceRuns";
import { endSentence } from "./text";

/** The recorder derives the report after the program has ended; a large run takes a while. */
const patienceMs = 10_000;

/** Says that a run has ended and what it used, where no panel says so already. */
export function notifyAtEnd({
  runs,
  panelInSight,
}: {
  readonly runs: WorkspaceRuns;
  readonly panelInSight: () => boolean;
}): Disposable {
  const owned = new DisposableStore();
  const running = new Set<string>();
  const ended = new Map<string, number>();
  const check = () => {
    for (const run of runs.all) {
      if (run.state === "running") running.add(run.path);
      else if (running.delete(run.path)) ended.set(run.path, Date.now());
    }
    for (const [path, at] of ended) {
      const run = runs.find(path);
      if (run !== undefined && run.energyJ === undefined && Date.now() - at < patienceMs) continue;
      ended.delete(path);
      if (run !== undefined && setting("notifyAtEnd") && !panelInSight()) void tell(run);
    }
  };
  check();
  owned.add(runs.onDidChange(check));
  // Where no report comes, nothing changes any more: time itself is the event.
  const timer = setInterval(check, 1000);
  owned.defer(() => clearInterval(timer));
  return owned;
}

async function tell(run: RunListing): Promise<void> {
  const choice = await window.showInformationMessage(endSentence(run), "Open");
  if (choice === "Open") await runCommand("openRun", run.path);
}
