import { access, constants } from "node:fs/promises";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { extensions, type Uri, type WorkspaceFolder, workspace } from "vscode";
import { WattlineError } from "../../model/errors";
import { log } from "../../model/log";
import { setting } from "../shared/settings";

/** What we use of the Python extension's published interface. */
interface PythonApi {
  readonly environments: {
    getActiveEnvironmentPath(resource?: Uri): { readonly path: string };
    resolveEnvironment(path: {
      readonly path: string;
    }): Promise<{ readonly executable: { readonly uri?: Uri } } | undefined>;
  };
}

/**
 * The Python that a file of this folder runs with: the user's own choice for Wattline, what the Python extension has
 * chosen, `python.defaultInterpreterPath`, and at last `python3` or `python` on PATH. Asked only in trusted folders.
 * @throws WattlineError when there is none
 */
export async function interpreterFor(file: Uri, folder: WorkspaceFolder | undefined): Promise<string> {
  const chosen = setting("python");
  if (chosen !== "") return expand(chosen, folder);
  const found =
    (await fromPythonExtension(file)) ?? (await fromPythonSetting(file, folder)) ?? (await onPath("python3", "python"));
  if (found !== undefined) return found;
  throw new WattlineError("No Python was found. Name one in the setting wattline.python.");
}

async function fromPythonExtension(file: Uri): Promise<string | undefined> {
  const extension = extensions.getExtension<PythonApi>("ms-python.python");
  if (extension === undefined) return undefined;
  try {
    const { environments } = extension.isActive ? extension.exports : await extension.activate();
    const path = environments.getActiveEnvironmentPath(file);
    const resolved = await environments.resolveEnvironment(path);
    return resolved?.executable.uri?.fsPath;
  } catch (error) {
    log.warn(`The Python extension did not say which interpreter to use: ${(error as Error).message}`);
    return undefined;
  }
}

async function fromPythonSetting(file: Uri, folder: WorkspaceFolder | undefined): Promise<string | undefined> {
  const value = workspace.getConfiguration("python", file).get<unknown>("defaultInterpreterPath");
  // "python" is that extension's own default and says nothing.
  if (typeof value !== "string" || value === "" || value === "python") return undefined;
  return expand(value, folder);
}

/** The variables that interpreter settings are written with. */
function expand(path: string, folder: WorkspaceFolder | undefined): string {
  return path
    .replace(/\$\{workspaceFolder\}/g, folder?.uri.fsPath ?? "")
    .replace(/\$\{userHome\}|^~(?=[\\/])/g, homedir())
    .replace(/\$\{env:([^}]+)\}/g, (_, name: string) => process.env[name] ?? "");
}

async function onPath(...names: string[]): Promise<string | undefined> {
  const suffix = process.platform === "win32" ? ".exe" : "";
  for (const name of names) {
    for (const folder of (process.env.PATH ?? "").split(delimiter).filter(Boolean)) {
      const path = join(folder, name + suffix);
      if (
        await access(path, constants.X_OK).then(
          () => true,
          () => false,
        )
      )
        return path;
    }
  }
  return undefined;
}
