import {
  Position,
  Range,
  Selection,
  TextEditorRevealType,
  Uri,
  ViewColumn,
  WorkspaceEdit,
  window,
  workspace,
} from "vscode";
import type { Snippet } from "../../../model/quantPanel";
import type { LoadPlace } from "../../contributions";

/**
 * Puts a snippet below the call that loads the model, else where the cursor is in the Python file that is in sight, else
 * into a new file. What was there stays.
 */
export async function insertSnippet(
  snippet: Snippet,
  source: LoadPlace | undefined,
  beside: ViewColumn | undefined,
): Promise<void> {
  const editor = window.visibleTextEditors.find(({ document }) => document.languageId === "python");
  const uri = source === undefined ? editor?.document.uri : Uri.file(source.path);
  if (snippet.language !== "python" || uri === undefined) return openAsNew(snippet, beside);
  const document = await workspace.openTextDocument(uri);
  const wanted = source?.endLine ?? (editor?.selection.active.line ?? document.lineCount - 1) + 1;
  const line = Math.min(wanted, document.lineCount);
  const indent = /^[ \t]*/.exec(document.lineAt(Math.min((source?.line ?? line) - 1, document.lineCount - 1)).text)![0];
  const text = snippet.code
    .trimEnd()
    .split("\n")
    .map((each) => (each === "" ? each : indent + each))
    .join("\n");
  const atEnd = line === document.lineCount;
  const at = atEnd ? document.lineAt(line - 1).range.end : new Position(line, 0);
  const edit = new WorkspaceEdit();
  edit.insert(uri, at, `${atEnd ? "\n" : ""}\n${text}\n`);
  await workspace.applyEdit(edit);
  const first = at.line + 1 + Number(atEnd);
  const open = window.visibleTextEditors.find((each) => each.document === document);
  const viewColumn = open?.viewColumn ?? (beside === ViewColumn.One ? ViewColumn.Beside : ViewColumn.One);
  const shown = await window.showTextDocument(document, { viewColumn });
  const end = new Position(first + text.split("\n").length - 1, 0);
  shown.selection = new Selection(new Position(first, 0), end);
  shown.revealRange(new Range(new Position(first, 0), end), TextEditorRevealType.InCenterIfOutsideViewport);
}

async function openAsNew({ code, language }: Snippet, beside: ViewColumn | undefined): Promise<void> {
  const document = await workspace.openTextDocument({
    content: code,
    language: language === "python" ? "python" : "shellscript",
  });
  await window.showTextDocument(document, {
    viewColumn: beside === ViewColumn.One ? ViewColumn.Beside : ViewColumn.One,
  });
}
