import { dirname } from "node:path";
import { type Disposable, type Memento, tasks, type Uri, window, workspace } from "vscode";
import { WattlineError } from "../../model/errors";
import { log } from "../../model/log";
import { readManifest } from "../../store/manifest";
import type { LoopsOfDocument } from "../codeLens/loops";
import { type LoopPlace, taskType } from "../contributions";
import { registerCommand } from "../shared/commands";
import { DisposableStore } from "../shared/disposableStore";
import type { Recorder } from "../shared/recorder";
import type { WorkspaceRuns } from "../shared/workspaceRuns";
import { interpreterFor } from "./interpreter";
import type { Starts } from "./starts";
import { stopRun } from "./stop";
import { profileTask } from "./task";
import { splitWords } from "./words";

/** A recorder looks for its meters before it writes its run; a GPU's driver takes its time. */
const runAppearsWithinMs = 30_000;
/** VS Code brings its panels back about when it takes up tasks again. */
const panelsReturnMs = 2000;

interface Services {
  readonly recorder: Recorder;
  readonly runs: WorkspaceRuns;
  readonly loops: LoopsOfDocument;
  /** Shows a run beside the code without taking the focus. */
  readonly showRun: (path: string) => void;
  /** As `showRun`, after a reload: not where the panel is there or was closed. */
  readonly showAgain: (path: string) => void;
  readonly starts: Starts;
  readonly memory: Memento;
}

/** Starting and stopping runs. A run is a task in a terminal: it goes on when the window reloads. */
export function profile(services: Services): Disposable {
  const { runs, loops } = services;
  const owned = new DisposableStore();
  const begun = new Set<string>();
  owned.add(
    tasks.onDidStartTaskProcess(({ execution, processId }) => {
      const { type, start } = execution.task.definition;
      if (type !== taskType) return;
      if (typeof start === "string" && begun.delete(start)) {
        void services.starts.note(start, processId);
        void whenThere(runs, processId, owned, services.showRun);
      }
      // A task that VS Code has taken up again after the window was reloaded, or one of tasks.json.
      else setTimeout(() => void whenThere(runs, processId, owned, services.showAgain), panelsReturnMs);
    }),
  );
  const begin = async (file: Uri, loop?: LoopPlace, args?: readonly string[]) => {
    const start = services.starts.next();
    begun.add(start);
    await execute(services, start, file, loop, args ?? rememberedArguments(services.memory, file));
  };

  owned.add(registerCommand("profileFile", async (uri) => begin(await pythonFile(uri))));
  owned.add(
    registerCommand("profileFileWithArguments", async (uri) => {
      const file = await pythonFile(uri);
      const args = await askForArguments(services.memory, file);
      if (args !== undefined) await begin(file, undefined, args);
    }),
  );
  owned.add(
    registerCommand("profileLoop", async (place) => {
      const file = await pythonFile(undefined, place?.path);
      const chosen = place ? undefined : await loops.choose(file);
      const { line, isCall } = place ?? { line: chosen?.line, isCall: chosen?.level === "call" };
      if (line !== undefined) await begin(file, isCall ? undefined : { path: file.fsPath, line });
    }),
  );
  owned.add(registerCommand("stopRun", (path) => stopRun(runs, typeof path === "string" ? path : undefined)));
  return owned;
}

async function execute(
  { recorder }: Services,
  start: string,
  file: Uri,
  loop: LoopPlace | undefined,
  args: readonly string[],
): Promise<void> {
  const document = workspace.textDocuments.find((one) => one.uri.fsPath === file.fsPath);
  if (document?.isDirty && !(await document.save())) throw new WattlineError(`${file.fsPath} could not be saved.`);
  const folder = workspace.getWorkspaceFolder(file);
  const python = await interpreterFor(file, folder);
  const definition = {
    type: taskType,
    command: [python, file.fsPath, ...args],
    cwd: folder?.uri.fsPath ?? dirname(file.fsPath),
    ...(loop && { loop: `${loop.path}:${loop.line}` }),
    start,
  } as const;
  log.info(`Profiling ${definition.command.join(" ")} in ${definition.cwd}`);
  await tasks.executeTask(profileTask(recorder, definition, folder));
}

/** Calls `show` with the run of this recorder. One that ends before it has made its run has said why in its terminal. */
async function whenThere(
  runs: WorkspaceRuns,
  recorderPid: number,
  owned: DisposableStore,
  show: (path: string) => void,
): Promise<void> {
  let over = false;
  owned.defer(() => (over = true));
  const until = Date.now() + runAppearsWithinMs;
  const looked = new Set<string>();
  while (!over && Date.now() < until) {
    await runs.refresh();
    for (const { path, state } of runs.all) {
      if (looked.has(path) || state !== "running") continue;
      looked.add(path);
      const manifest = await readManifest(path).catch(() => undefined);
      if (manifest?.recorder.pid === recorderPid) return show(path);
    }
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

/** The file that a menu, a link or the active editor names. */
async function pythonFile(uri: Uri | undefined, path?: string): Promise<Uri> {
  const active = window.activeTextEditor?.document;
  if (path !== undefined) return workspace.openTextDocument(path).then((document) => document.uri);
  if (uri?.scheme === "file") return uri;
  if (active?.languageId === "python" && active.uri.scheme === "file") return active.uri;
  const visible = window.visibleTextEditors.find(
    ({ document }) => document.languageId === "python" && document.uri.scheme === "file",
  );
  if (visible !== undefined) return visible.document.uri;
  const picked = await window.showOpenDialog({
    title: "Python file to profile",
    openLabel: "Profile",
    filters: { Python: ["py"] },
    ...(workspace.workspaceFolders?.[0] && { defaultUri: workspace.workspaceFolders[0].uri }),
  });
  if (picked?.[0] === undefined) throw new WattlineError("No file was chosen: open a Python file, then profile it.");
  return picked[0];
}

const argumentsKey = (file: Uri) => `arguments ${file.fsPath}`;

/** What the user gave to this file before, in this workspace. */
function rememberedArguments(memory: Memento, file: Uri): string[] {
  return splitWords(memory.get<string>(argumentsKey(file)) ?? "") ?? [];
}

async function askForArguments(memory: Memento, file: Uri): Promise<string[] | undefined> {
  const line = await window.showInputBox({
    title: "Arguments of the program",
    prompt: "They are used again when this file or a loop of it is profiled. Quotes keep blanks; no shell reads them.",
    value: memory.get<string>(argumentsKey(file)) ?? "",
    validateInput: (value) => (splitWords(value) === undefined ? "A quote is not closed." : undefined),
  });
  if (line === undefined) return undefined;
  await memory.update(argumentsKey(file), line.trim() === "" ? undefined : line);
  return splitWords(line);
}
