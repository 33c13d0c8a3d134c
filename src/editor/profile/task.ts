import { basename, isAbsolute, resolve } from "node:path";
import {
  type Disposable,
  ProcessExecution,
  Task,
  type TaskDefinition,
  TaskPanelKind,
  TaskRevealKind,
  TaskScope,
  tasks,
  type WorkspaceFolder,
  workspace,
} from "vscode";
import { scriptOf } from "../../store/runFolder";
import { taskType } from "../contributions";
import type { Recorder } from "../shared/recorder";
import { setting } from "../shared/settings";
import type { Starts } from "./starts";

/** What `tasks.json` may say, and what VS Code keeps of a task that goes on while the window reloads. */
export interface ProfileDefinition extends TaskDefinition {
  readonly type: typeof taskType;
  /** The program and its arguments, word by word. */
  readonly command: readonly string[];
  readonly cwd?: string;
  /** FILE:LINE */
  readonly loop?: string;
  /** Which start of the editor's this is a task of; absent in `tasks.json`. See `Starts`. */
  readonly start?: string;
}

/** VS Code takes up tasks again within the first seconds of a window. */
const takeUpMs = 30_000;

/**
 * The recorder in a terminal. It is marked as a background task, because VS Code takes up those again after the window
 * was reloaded, with their process untouched; other tasks it ends.
 */
export function profileTask(
  recorder: Recorder,
  definition: ProfileDefinition,
  folder: WorkspaceFolder | undefined,
): Task {
  const scope = folder?.uri;
  const [program, ...args] = recorder.argv(
    "run",
    ...["--rate", String(setting("rateHz", scope))],
    ...(setting("trace", scope) ? [] : ["--no-trace"]),
    ...(definition.loop === undefined ? [] : ["--loop", definition.loop]),
    "--",
    ...definition.command,
  );
  const cwd = definition.cwd ?? folder?.uri.fsPath;
  const task = new Task(
    definition,
    folder ?? TaskScope.Workspace,
    `profile ${basename(scriptOf(definition.command))}`,
    "Wattline",
    new ProcessExecution(program, args, { ...(cwd !== undefined && { cwd }), env: recorder.env() }),
    [],
  );
  task.isBackground = true;
  task.presentationOptions = {
    reveal: TaskRevealKind.Always,
    panel: TaskPanelKind.Shared,
    clear: true,
    focus: false,
    showReuseMessage: false,
  };
  return task;
}

/**
 * Makes tasks of what `tasks.json` names, and of what VS Code remembers after a reload: it asks for the task again and
 * puts it to the process that still runs in its terminal, without starting anything. Should it have forgotten that the
 * task has ended, or have lost the terminal, it would start the task: a second training run that nobody asked for. So
 * what is answered then starts nothing.
 */
export function profileTasks({
  recorder,
  starts,
}: {
  readonly recorder: Recorder;
  readonly starts: Starts;
}): Disposable {
  const activatedMs = performance.now();
  return tasks.registerTaskProvider(taskType, {
    provideTasks: () => [],
    async resolveTask(task) {
      const definition = readDefinition(task.definition);
      if (definition === undefined) return undefined;
      const folder = isFolder(task.scope) ? task.scope : workspace.workspaceFolders?.[0];
      const cwd = definition.cwd;
      const absolute = cwd === undefined || isAbsolute(cwd) ? cwd : resolve(folder?.uri.fsPath ?? ".", cwd);
      const resolved = profileTask(
        recorder,
        { ...definition, ...(absolute !== undefined && { cwd: absolute }) },
        folder,
      );
      // VS Code asks for the very same definition back.
      resolved.definition = task.definition;
      if (definition.start !== undefined && performance.now() - activatedMs < takeUpMs) {
        if (!(await starts.goesOn(definition.start))) return undefined;
        const [program] = recorder.argv();
        resolved.execution = new ProcessExecution(program, ["-e", ""], { env: recorder.env() });
      }
      return resolved;
    },
  });
}

function isFolder(scope: Task["scope"]): scope is WorkspaceFolder {
  return typeof scope === "object" && scope !== null;
}

/** The definition if it is one: `tasks.json` is written by hand. */
export function readDefinition(definition: TaskDefinition): ProfileDefinition | undefined {
  const { command, cwd, loop, start } = definition as Record<string, unknown>;
  const isWords = Array.isArray(command) && command.length > 0 && command.every((word) => typeof word === "string");
  if (!isWords || definition.type !== taskType) return undefined;
  if ((cwd !== undefined && typeof cwd !== "string") || (loop !== undefined && typeof loop !== "string"))
    return undefined;
  if (start !== undefined && typeof start !== "string") return undefined;
  return definition as ProfileDefinition;
}
