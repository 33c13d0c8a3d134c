/** Where runs lie and how a new one's folder is made. */
import { mkdir, mkdtemp, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { cannotWrite, outExists } from "../model/errors";
import type { Manifest } from "../model/manifest";
import { writeManifest } from "./manifest";

/** `.wattline/runs` of a workspace or working directory. */
export function runsRoot(folder: string): string {
  return join(folder, ".wattline", "runs");
}

/** Readable by its owner only: command lines, paths and what a program does are nobody else's business. */
const ownerOnly = 0o700;

export type Where =
  /** This folder, which must be new or empty. */
  | { readonly out: string }
  /** A new one below the root, named by time and script. */
  | { readonly root: string; readonly startedAt: Date; readonly argv: readonly string[] };

/**
 * A new run folder with its `trace` folder and its first manifest. It appears with the manifest in it: a recorder that is
 * killed at any moment leaves a run that opens.
 * @param manifestOf makes the first manifest, given the run's id
 * @returns the folder's absolute path
 */
export async function createRunFolder(where: Where, manifestOf: (id: string) => Manifest): Promise<string> {
  try {
    if ("out" in where) {
      const path = await emptyFolder(resolve(where.out));
      await fill(path, manifestOf(basename(path)));
      return path;
    }
    return await newFolder(where, manifestOf);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    throw cannotWrite("out" in where ? where.out : where.root, (error as Error).message);
  }
}

async function fill(path: string, manifest: Manifest): Promise<void> {
  await writeManifest(path, manifest);
  await mkdir(join(path, "trace"), { mode: ownerOnly });
}

async function emptyFolder(path: string): Promise<string> {
  await makeFolders(path);
  if ((await readdir(path)).length > 0) throw outExists(path);
  return path;
}

/** Node's own recursive mkdir never returns for a path below /proc (seen on Node 20). */
async function makeFolders(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: ownerOnly });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EEXIST") return;
    if (code !== "ENOENT" || dirname(path) === path || (await exists(dirname(path)))) throw error;
    await makeFolders(dirname(path));
    await mkdir(path, { mode: ownerOnly });
  }
}

const exists = (path: string) =>
  stat(path).then(
    () => true,
    () => false,
  );

async function newFolder(
  where: Exclude<Where, { readonly out: string }>,
  manifestOf: (id: string) => Manifest,
): Promise<string> {
  const root = resolve(where.root);
  await makeFolders(root);
  await ignoredByGit(join(root, ".."));
  const name = `${localTime(where.startedAt)}-${scriptName(where.argv)}`;
  const unfinished = await mkdtemp(join(root, unfinishedPrefix));
  try {
    for (let attempt = 1; ; attempt++) {
      const id = attempt === 1 ? name : `${name}-${attempt}`;
      const path = join(root, id);
      // A rename would replace an empty folder of that name, and fails on any other.
      if (await exists(path)) continue;
      await rm(join(unfinished, "trace"), { recursive: true, force: true });
      await fill(unfinished, manifestOf(id));
      try {
        await rename(unfinished, path);
        return path;
      } catch (error) {
        // Another recorder took the name in between.
        const { code } = error as NodeJS.ErrnoException;
        if ((code !== "ENOTEMPTY" && code !== "EEXIST") || attempt >= 1000) throw error;
      }
    }
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true });
    throw error;
  }
}

/** Folders of this name are runs that are being made; nobody else looks at them. */
export const unfinishedPrefix = ".new-";

async function ignoredByGit(folder: string): Promise<void> {
  const path = join(folder, ".gitignore");
  if (basename(folder) !== ".wattline" || (await stat(path).catch(() => undefined)) !== undefined) return;
  await writeFile(path, "# Runs are measurements of this machine; share one by copying its folder.\n*\n");
}

/** `2026-11-24T12-04-31`: sorts by time and is a file name everywhere. */
function localTime(date: Date): string {
  const two = (value: number) => String(value).padStart(2, "0");
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day}T${two(date.getHours())}-${two(date.getMinutes())}-${two(date.getSeconds())}`;
}

/**
 * What people call the run: the script where the command is an interpreter's or a launcher's, else the program.
 * `python -u train.py --lr 1` and `torchrun --nproc 2 train.py` are `train`; `python -m pkg.train` is `pkg.train`.
 */
export function scriptName(argv: readonly string[]): string {
  const name = scriptOf(argv);
  const base = basename(name).replace(/\.py$/, "");
  return (
    base
      .replace(/[^\p{L}\p{N}._-]+/gu, "_")
      .replace(/^[._]+/, "")
      .slice(0, 60) || "run"
  );
}

/** The Python file of a command, or its module, or its program. */
export function scriptOf(argv: readonly string[]): string {
  const module = argv.indexOf("-m");
  const script = argv.findIndex((word, index) => index > 0 && /\.pyw?$/.test(word));
  // torchrun's own launcher module (`python -m torch.distributed.run train.py`) names a script after it.
  if (script > 0) return argv[script]!;
  if (module > 0 && argv[module + 1] !== undefined) return argv[module + 1]!;
  return argv[0] ?? "run";
}
