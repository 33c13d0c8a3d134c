/** From what a program calls a model to what lies on this disk: a path, or the local cache of the Hugging Face hub. */
import { existsSync, readFileSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Looks, and never downloads.
 * @param name a path, or a name on the hub (`org/model`); @param folders that relative paths may be meant from
 * @returns the path of a file or folder that is there; undefined where there is none
 */
export function resolveModel(name: string, folders: readonly string[], env: Environment): string | undefined {
  if (name === "" || name.includes("\0") || /^[a-z][a-z0-9+.-]*:\/\//i.test(name)) return undefined;
  const home = name.startsWith("~/") ? join(homedir(), name.slice(2)) : undefined;
  const places = home !== undefined ? [home] : isAbsolute(name) ? [name] : folders.map((folder) => join(folder, name));
  return places.find(looksLikeModel) ?? inHubCache(name, env);
}

/** A folder counts only where it holds what a model's does: `bert` may be anything. */
function looksLikeModel(path: string): boolean {
  try {
    return (
      statSync(path).isFile() ||
      ["config.json", "model.safetensors", "model.safetensors.index.json"].some((name) => existsSync(join(path, name)))
    );
  } catch {
    return false;
  }
}

function inHubCache(name: string, env: Environment): string | undefined {
  if (!/^[\w.-]+(\/[\w.-]+)?$/.test(name) || name.split("/").some((part) => /^\.+$/.test(part))) return undefined;
  const home = env.HF_HOME ?? join(env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "huggingface");
  const hub = env.HF_HUB_CACHE ?? env.HUGGINGFACE_HUB_CACHE ?? join(home, "hub");
  const model = join(hub, `models--${name.replace("/", "--")}`);
  try {
    const commit = readFileSync(join(model, "refs", "main"), "utf8").trim();
    if (!/^[0-9a-f]{40}$/.test(commit)) return undefined;
    const snapshot = join(model, "snapshots", commit);
    return statSync(snapshot).isDirectory() ? snapshot : undefined;
  } catch {
    return undefined;
  }
}
