import { CodeLens, type Disposable, EventEmitter, languages, Range, type TextDocument } from "vscode";
import { changedSince } from "../codeLens/results";
import type { GapReports } from "../panels/gap/reports";
import { DisposableStore } from "../shared/disposableStore";
import { onSetting, setting } from "../shared/settings";
import type { WorkspaceRuns } from "../shared/workspaceRuns";
import { type LayerLine, layerLines, lensTitle } from "./lines";

/** A file's layers are those of the newest run that has any; older runs than these are not looked at. */
const runsLookedAt = 3;

/** Above the lines that make a model's layers: what they took in the last run, opening them in the gap panel. */
export function layerLens({
  runs,
  reports,
}: {
  readonly runs: WorkspaceRuns;
  readonly reports: GapReports;
}): Disposable {
  const owned = new DisposableStore();
  const changed = owned.add(new EventEmitter<void>());
  owned.add(runs.onDidChange(() => changed.fire()));
  owned.add(onSetting("layerLens", () => changed.fire()));
  owned.add(
    languages.registerCodeLensProvider(
      { language: "python", scheme: "file" },
      {
        onDidChangeCodeLenses: changed.event,
        provideCodeLenses: (document) => (setting("layerLens", document.uri) ? lensesOf(document, reports) : []),
      },
    ),
  );
  return owned;
}

async function lensesOf(document: TextDocument, reports: GapReports): Promise<CodeLens[]> {
  const file = document.uri.fsPath;
  for (const run of reports.ended(runsLookedAt)) {
    const answer = await reports.of(run).catch(() => undefined);
    const lines = answer === undefined ? [] : layerLines(answer.view.report, file);
    if (answer === undefined || lines.length === 0) continue;
    const stale = document.isDirty || (await changedSince(answer.manifest, file));
    return lines.flatMap((line) => lens(document, run, line, stale));
  }
  return [];
}

function lens(document: TextDocument, run: string, { line, summary, layers }: LayerLine, stale: boolean): CodeLens[] {
  if (line > document.lineCount) return [];
  const range = new Range(line - 1, 0, line - 1, 0);
  return [
    new CodeLens(range, {
      title: lensTitle(summary, stale),
      tooltip: `${layers} in the last run${stale ? ", before the file was changed" : ""}`,
      command: "wattline.openGap",
      arguments: [{ path: run, layer: { path: document.uri.fsPath, line } }],
    }),
  ];
}
