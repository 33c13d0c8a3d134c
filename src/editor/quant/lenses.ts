import { dirname, join } from "node:path";
import { CodeLens, type Disposable, EventEmitter, languages, Range, type TextDocument, workspace } from "vscode";
import type { ModelLoad } from "../../source/modelLoads";
import { resolveModel } from "../../store/checkpoint/resolve";
import type { LoopsOfDocument } from "../codeLens/loops";
import type { QuantTarget } from "../contributions";
import { DisposableStore } from "../shared/disposableStore";
import { onSetting, setting } from "../shared/settings";
import { CheckpointSummaries } from "./checkpoint";

/** Above each line that loads a model from this disk: what it takes, and what the proposed format would. */
export function modelLenses(loops: LoopsOfDocument): Disposable {
  const owned = new DisposableStore();
  const changed = owned.add(new EventEmitter<void>());
  const summaries = new CheckpointSummaries();
  owned.add(onSetting("modelCodeLens", () => changed.fire()));
  owned.add(
    languages.registerCodeLensProvider(
      { language: "python", scheme: "file" },
      {
        onDidChangeCodeLenses: changed.event,
        async provideCodeLenses(document) {
          if (!setting("modelCodeLens", document.uri)) return [];
          const found = await loops.modelsOf(document);
          const lenses = await Promise.all((found?.loads ?? []).map((load) => lensOf(document, load, summaries)));
          return lenses.filter((lens) => lens !== undefined);
        },
      },
    ),
  );
  return owned;
}

/** The checkpoint that a call loads, where it lies on this disk. */
export function checkpointOf(document: TextDocument, load: ModelLoad): string | undefined {
  if (load.model === undefined) return undefined;
  const folders = [dirname(document.uri.fsPath)];
  const root = workspace.getWorkspaceFolder(document.uri)?.uri.fsPath;
  if (root !== undefined && root !== folders[0]) folders.push(root);
  const found = resolveModel(load.model, folders, process.env);
  return found === undefined || load.file === undefined ? found : resolveModel(join(found, load.file), [], {});
}

async function lensOf(
  document: TextDocument,
  load: ModelLoad,
  summaries: CheckpointSummaries,
): Promise<CodeLens | undefined> {
  const path = checkpointOf(document, load);
  if (path === undefined) return undefined;
  const text = await summaries.of(path, load).catch(() => undefined);
  if (text === undefined) return undefined;
  const line = Math.min(load.line, document.lineCount) - 1;
  const target: QuantTarget = {
    path,
    source: { path: document.uri.fsPath, line: load.line, endLine: load.endLine, model: load.model! },
  };
  return new CodeLens(new Range(line, 0, line, 0), {
    title: `$(symbol-ruler) ${text}`,
    tooltip: "What quantizing this model would bring on this machine",
    command: "wattline.quantize",
    arguments: [target],
  });
}
