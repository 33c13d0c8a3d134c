import { type Terminal, window } from "vscode";
import { WattlineError } from "../../model/errors";
import { log } from "../../model/log";
import { readManifest, runState } from "../../store/manifest";
import type { WorkspaceRuns } from "../shared/workspaceRuns";

/** Long enough to save a checkpoint that was begun. */
const patienceMs = 10_000;
const ctrlC = "\u0003";

/**
 * Asks a run to end as a user at its terminal would, with Ctrl-C; one that was started elsewhere gets SIGTERM, which its
 * recorder passes on. A program that goes on after that is ended only when the user says so again.
 * @param path the run folder; default: the newest run that goes on
 */
export async function stopRun(runs: WorkspaceRuns, path: string | undefined): Promise<void> {
  const run = path === undefined ? runs.running : runs.find(path);
  if (run === undefined || run.state !== "running") throw new WattlineError("There is no run that goes on.");
  const goesOn = async () => (await runState(await readManifest(run.path))) === "running";
  // A Ctrl-C that comes before the program has started reaches nobody.
  const started = Date.now();
  while (Date.now() - started < patienceMs && (await readManifest(run.path)).child === undefined && (await goesOn())) {
    await sleep(100);
  }
  if (!(await goesOn())) return runs.refresh();
  const { pid } = (await readManifest(run.path)).recorder;
  const terminal = await terminalOf(pid);
  log.info(`Stopping ${run.id}: ${terminal ? "Ctrl-C in its terminal" : `SIGTERM to its recorder, process ${pid}`}.`);
  if (terminal) terminal.sendText(ctrlC, false);
  else process.kill(pid, "SIGTERM");
  const until = Date.now() + patienceMs;
  while (Date.now() < until) {
    await sleep(250);
    if (!(await goesOn())) return runs.refresh();
  }
  const message = `${run.script} was asked to stop ten seconds ago and goes on.`;
  const choice = await window.showWarningMessage(message, "End It");
  // Looked at again: the answer may come long after, and a process number is used again.
  if (choice === "End It" && (await goesOn())) process.kill(pid, "SIGTERM");
}

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function terminalOf(pid: number): Promise<Terminal | undefined> {
  for (const terminal of window.terminals) if ((await terminal.processId) === pid) return terminal;
  return undefined;
}
