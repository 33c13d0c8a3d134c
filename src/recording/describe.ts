/** What a manifest says of the machine, the repository and the script. */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { cpus, hostname, release, type } from "node:os";
import { resolve } from "node:path";
import { promisify } from "node:util";
import type { Manifest } from "../model/manifest";
import { scriptOf } from "../store/runFolder";

export function describeHost(): Manifest["host"] {
  const processors = cpus();
  const cpu = processors[0]?.model.trim();
  return {
    name: hostname(),
    os: `${type()} ${release()}`,
    ...(cpu && { cpu }),
    ...(processors.length > 0 && { logicalCpus: processors.length }),
  };
}

const run = promisify(execFile);

/** A status of a huge repository on a slow disk is not worth waiting for. */
const gitDeadlineMs = 1_000;

/** Commit and whether the tree differs from it; undefined where there is no repository, no git or no quick answer. */
export async function describeRepository(cwd: string): Promise<Manifest["git"]> {
  // The repository's own settings may name programs to start (fsmonitor, hooks); an index lock would get in the way of
  // the user's own git.
  const safe = ["-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "--no-optional-locks"];
  const git = (...words: string[]) =>
    run("git", [...safe, ...words], { cwd, timeout: gitDeadlineMs, windowsHide: true });
  try {
    const [head, changes] = await Promise.all([
      git("rev-parse", "HEAD"),
      git("status", "--porcelain", "--untracked-files=no", "--ignore-submodules"),
    ]);
    return { commit: head.stdout.trim(), dirty: changes.stdout.trim() !== "" };
  } catch {
    return undefined;
  }
}

/** Scripts are text; what is larger than this is not hashed. */
const scriptLimitBytes = 8e6;

/** The script of a command with its hash, so that a later reader knows whether its lines have moved. */
export async function describeScript(argv: readonly string[], cwd: string): Promise<Manifest["script"]> {
  const path = resolve(cwd, scriptOf(argv));
  const found = await stat(path).catch(() => undefined);
  if (!found?.isFile() || !/\.pyw?$/.test(path)) return undefined;
  if (found.size > scriptLimitBytes) return { path };
  return {
    path,
    sha256: createHash("sha256")
      .update(await readFile(path))
      .digest("hex"),
  };
}
