import { Uri, window, workspace } from "vscode";

/**
 * Asks where to, and writes.
 * @param path of what is shown; the picture is called after it
 * @param data of an SVG its text, of a PNG its bytes in base64
 */
export async function savePicture(path: string, format: "svg" | "png", data: string): Promise<void> {
  const name = `${path.split(/[\\/]/).at(-1)}.${format}`;
  await saveAs(name, { [format.toUpperCase()]: [format] }, Buffer.from(data, format === "svg" ? "utf8" : "base64"));
}

/**
 * Asks where to, beginning with a name in the first open folder, and writes.
 * @returns where it was written; undefined where the user chose not to
 */
export async function saveAs(
  name: string,
  filters: Readonly<Record<string, string[]>>,
  bytes: Uint8Array,
): Promise<Uri | undefined> {
  const folder = workspace.workspaceFolders?.[0]?.uri;
  const target = await window.showSaveDialog({
    ...(folder && { defaultUri: Uri.joinPath(folder, name) }),
    filters: { ...filters },
  });
  if (target === undefined) return undefined;
  await workspace.fs.writeFile(target, bytes);
  return target;
}
