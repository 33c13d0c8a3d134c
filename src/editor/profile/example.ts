import { cp, readdir } from "node:fs/promises";
import { join } from "node:path";
import { type Disposable, Uri, ViewColumn, window, workspace } from "vscode";
import { WattlineError } from "../../model/errors";
import { registerCommand } from "../shared/commands";

const folderName = "wattline-example";
const script = "train_char_gpt.py";

/** The walkthrough's second step: a program to profile, copied into the user's folder so that runs have a place. */
export function example({ examples }: { readonly examples: string }): Disposable {
  return registerCommand("openExample", async () => {
    const folder = workspace.workspaceFolders?.[0];
    if (folder === undefined) throw new WattlineError("Open a folder first: the example is copied into it.");
    const target = join(folder.uri.fsPath, folderName);
    const inside = await readdir(target).catch(() => undefined);
    // The project's own folder of examples is open: there is nothing to copy.
    const own = await readdir(folder.uri.fsPath).then((names) => names.includes(script));
    const shipped = await readdir(examples)
      .then((names) => names.includes(script))
      .catch(() => false);
    if (inside === undefined && !own && !shipped) {
      throw new WattlineError("This installation of Wattline comes without its example.");
    }
    if (inside === undefined && !own)
      await cp(examples, target, { recursive: true, filter: (path) => !path.includes(".wattline") });
    const file = Uri.file(join(own ? folder.uri.fsPath : target, script));
    await window.showTextDocument(file, { viewColumn: ViewColumn.Active });
  });
}
