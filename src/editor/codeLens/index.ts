import { CodeLens, type Disposable, EventEmitter, languages, Range, type TextDocument } from "vscode";
import type { Loop } from "../../source/loop";
import { DisposableStore } from "../shared/disposableStore";
import { onSetting, setting } from "../shared/settings";
import type { WorkspaceRuns } from "../shared/workspaceRuns";
import type { LoopsOfDocument } from "./loops";
import { bloatTitle, type LoopResult, LoopResults, resultTitle } from "./results";

/** Above each training loop: profile it; after a run what an iteration used, opening the run. */
export function codeLens({
  runs,
  loops,
}: {
  readonly runs: WorkspaceRuns;
  readonly loops: LoopsOfDocument;
}): Disposable {
  const owned = new DisposableStore();
  const changed = owned.add(new EventEmitter<void>());
  const results = new LoopResults();
  owned.add(runs.onDidChange(() => changed.fire()));
  owned.add(onSetting("codeLens", () => changed.fire()));
  owned.add(
    languages.registerCodeLensProvider(
      { language: "python", scheme: "file" },
      {
        onDidChangeCodeLenses: changed.event,
        async provideCodeLenses(document) {
          if (!setting("codeLens", document.uri)) return [];
          const found = await loops.of(document);
          const lines = found.map(({ line }) => line);
          const known = await results.of(runs.all, document.uri.fsPath, lines, document.isDirty);
          return found.flatMap((loop) => lensesOf(document, loop, known.get(loop.line)));
        },
      },
    ),
  );
  return owned;
}

function lensesOf(document: TextDocument, loop: Loop, result: LoopResult | undefined): CodeLens[] {
  const line = Math.min(loop.line, document.lineCount) - 1;
  const range = new Range(line, 0, line, 0);
  const profile = new CodeLens(range, {
    title: "$(zap) Profile this loop",
    tooltip: "Run this file and record the energy of each iteration",
    command: "wattline.profileLoop",
    arguments: [{ path: document.uri.fsPath, line: loop.line, isCall: loop.level === "call" }],
  });
  if (result === undefined) return [profile];
  const open = new CodeLens(range, {
    title: resultTitle(result),
    tooltip: result.stale ? "The last run of this loop, before the file was changed" : "The last run of this loop",
    command: "wattline.openRun",
    arguments: [result.run],
  });
  const bloat = bloatTitle(result);
  if (bloat === undefined) return [open, profile];
  const waste = new CodeLens(range, {
    title: bloat,
    tooltip: "Energy that this loop's last run spent without being any faster",
    command: "wattline.openBloat",
    arguments: [result.run],
  });
  return [open, waste, profile];
}
