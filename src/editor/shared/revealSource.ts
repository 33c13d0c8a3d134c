import { realpath } from "node:fs/promises";
import { isAbsolute, relative, sep } from "node:path";
import { Position, Range, TextEditorRevealType, Uri, ViewColumn, window, workspace } from "vscode";
import { log } from "../../model/log";

/**
 * Opens a line beside the panel. Paths come from run folders, which may be anybody's: only files of the folders that
 * are open are shown, links resolved.
 * @param line from 1
 * @param beside the column of the panel that asks
 */
export async function revealInWorkspace(path: string, line: number, beside: ViewColumn | undefined): Promise<void> {
  const found = await insideWorkspace(path);
  if (found === undefined) {
    log.info(`Not opened, because it lies outside of the folders that are open or is gone: ${path}`);
    void window.showInformationMessage(`${path} is not in a folder that is open here, or is gone.`);
    return;
  }
  const uri = Uri.file(found);
  const open = window.visibleTextEditors.find(
    ({ document }) => document.uri.fsPath === found || document.uri.fsPath === path,
  );
  const document = await workspace.openTextDocument(open?.document.uri ?? uri);
  const at = new Position(Math.min(line, document.lineCount) - 1, 0);
  const viewColumn = open?.viewColumn ?? (beside === ViewColumn.One ? ViewColumn.Beside : ViewColumn.One);
  const editor = await window.showTextDocument(document, { viewColumn, selection: new Range(at, at) });
  editor.revealRange(new Range(at, at), TextEditorRevealType.InCenterIfOutsideViewport);
}

/** The path as the open folder spells it where that is so, else with links resolved; undefined where it lies outside. */
async function insideWorkspace(path: string): Promise<string | undefined> {
  if (!isAbsolute(path)) return undefined;
  const real = await realpath(path).catch(() => undefined);
  if (real === undefined) return undefined;
  for (const { uri } of workspace.workspaceFolders ?? []) {
    if (uri.scheme !== "file") continue;
    const folder = await realpath(uri.fsPath).catch(() => uri.fsPath);
    if (!contains(folder, real)) continue;
    return contains(uri.fsPath, path) ? path : real;
  }
  return undefined;
}

export function contains(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way !== ".." && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}
