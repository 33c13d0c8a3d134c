import {
  type Disposable,
  ProcessExecution,
  Task,
  TaskPanelKind,
  TaskRevealKind,
  TaskScope,
  tasks,
  Uri,
  window,
  workspace,
} from "vscode";
import { registerCommand } from "../shared/commands";
import type { Recorder } from "../shared/recorder";
import { interpreterFor } from "./interpreter";

/** "Calibrate This Machine": `wattline calibrate` in a terminal, with the Python that the open file runs with. */
export function calibrate({ recorder }: { readonly recorder: Recorder }): Disposable {
  return registerCommand("calibrate", async () => {
    const file = window.activeTextEditor?.document.uri;
    const folder = (file && workspace.getWorkspaceFolder(file)) ?? workspace.workspaceFolders?.[0];
    const python = await interpreterFor(file ?? folder?.uri ?? Uri.file("."), folder);
    const [program, ...args] = recorder.argv("calibrate", "--python", python);
    const task = new Task(
      { type: "process" },
      folder ?? TaskScope.Workspace,
      "calibrate",
      "Wattline",
      new ProcessExecution(program, args, { env: recorder.env() }),
      [],
    );
    task.presentationOptions = {
      reveal: TaskRevealKind.Always,
      panel: TaskPanelKind.Shared,
      clear: true,
      focus: false,
      showReuseMessage: false,
    };
    return tasks.executeTask(task);
  });
}
