/** What a run needs besides meters: a Python for the tracer, a place to write, the libraries that ship with Wattline. */
import { execFile } from "node:child_process";
import { mkdtemp, rm, rmdir, stat, statfs } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import type { Host } from "../../meters/meter";
import { formatBytes } from "../../model/format";
import { runsRoot } from "../../store/runFolder";
import type { Check } from "../doctor";
import { childEnvironment } from "../environment";
import { findPython } from "../findPython";
import { type Installation, tracerSite } from "../paths";

export async function checkSoftware(host: Host, installation: Installation, cwd: string): Promise<Check[]> {
  return [...(await checkPython(host, installation)), await checkRunsFolder(cwd), await checkLibraries(installation)];
}

/** A first import from a slow file system takes seconds. */
const pythonDeadlineMs = 10_000;

/** Whether the tracer came in, as it will in a run: `sitecustomize` is imported before this. */
const question = `
import json, platform, sys
from importlib import metadata
versions = {}
for name in ("torch", "tensorflow", "jax", "transformers"):
    try: versions[name] = metadata.version(name)
    except Exception: pass
print(json.dumps({"version": platform.python_version(), "implementation": platform.python_implementation(),
  "path": sys.executable, "traced": "wattline_tracer" in sys.modules, "packages": versions}))
`;

async function checkPython(host: Host, installation: Installation): Promise<Check[]> {
  const command = await findPython(host);
  if (command === undefined) {
    return [
      {
        id: "python",
        state: "warning",
        message: "There is no python3 in PATH. Energy of whole runs is measured all the same.",
        remedy: "Activate the environment that your training runs in, and ask again.",
      },
    ];
  }
  const folder = await mkdtemp(join(tmpdir(), "wattline-doctor-"));
  const site = tracerSite(installation);
  try {
    const { stdout } = await promisify(execFile)(command, ["-c", question], {
      env: childEnvironment(host.env, { siteDir: site, runPath: folder }),
      timeout: pythonDeadlineMs,
      windowsHide: true,
    });
    const answer = JSON.parse(stdout) as PythonAnswer;
    const packages = Object.entries(answer.packages).map(([name, version]) => `${name} ${version}`);
    const python = `${answer.implementation} ${answer.version} (${answer.path})`;
    return [
      { id: "python", state: "ok", message: `${[python, ...packages].join(", ")}.` },
      answer.traced
        ? { id: "tracer", state: "ok", message: "The tracer starts with it: phases and iterations can be told." }
        : notTraced(answer),
    ];
  } catch (error) {
    return [
      {
        id: "python",
        state: "failed",
        message: `${command} does not run: ${firstLine((error as Error).message)}.`,
        remedy: `Run it by hand: ${command} -c "print(1)".`,
      },
    ];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

interface PythonAnswer {
  readonly version: string;
  readonly implementation: string;
  readonly path: string;
  readonly traced: boolean;
  readonly packages: Readonly<Record<string, string>>;
}

function notTraced({ version, implementation }: PythonAnswer): Check {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const tooOld = major < 3 || (major === 3 && minor < 9);
  const wanted = "Use CPython 3.9 or later; without the tracer the energy of whole runs is measured, not of phases.";
  return {
    id: "tracer",
    state: "warning",
    message:
      implementation !== "CPython" || tooOld
        ? `The tracer does not work with ${implementation} ${version}.`
        : "The tracer does not start with this Python: it does not import sitecustomize from PYTHONPATH.",
    remedy:
      implementation !== "CPython" || tooOld
        ? wanted
        : "See whether it is started with -I, -E or -S, or by a wrapper that clears PYTHONPATH.",
  };
}

/** A run of a day at the default rate takes about this much for a GPU and a CPU. */
const plentyBytes = 500e6;

/** By writing: permissions do not tell of a file system that is read-only or full. Leaves nothing behind. */
async function checkRunsFolder(cwd: string): Promise<Check> {
  const root = runsRoot(cwd);
  let folder = root;
  while (!(await stat(folder).catch(() => undefined)) && dirname(folder) !== folder) folder = dirname(folder);
  try {
    await rmdir(await mkdtemp(join(folder, ".wattline-doctor-")));
    const { bavail, bsize } = await statfs(folder);
    const freeBytes = bavail * bsize;
    if (freeBytes < plentyBytes) {
      return {
        id: "runs-folder",
        state: "warning",
        message: `Runs go to ${root}, where ${formatBytes(freeBytes)} are free.`,
        remedy: "Make room, or let runs go elsewhere with --out.",
      };
    }
    return { id: "runs-folder", state: "ok", message: `Runs go to ${root}; there is room.` };
  } catch (error) {
    return {
      id: "runs-folder",
      state: "failed",
      message: `Runs cannot be written to ${root}: ${firstLine((error as Error).message)}.`,
      remedy: "Start from another folder, or name one with --out.",
    };
  }
}

async function checkLibraries({ version }: Installation): Promise<Check> {
  const own = `Wattline ${version}, Node ${process.version.slice(1)}`;
  try {
    const { default: koffi } = await import("koffi");
    return { id: "libraries", state: "ok", message: `${own}, koffi ${koffi.version}.` };
  } catch (error) {
    return {
      id: "libraries",
      state: "failed",
      message: `${own}; koffi, through which NVIDIA's library is called, cannot be loaded: ${firstLine((error as Error).message)}.`,
      remedy: `Install the Wattline package for this platform (${process.platform}-${process.arch}).`,
    };
  }
}

function firstLine(text: string): string {
  return text.split("\n")[0]!.slice(0, 300).replace(/\.$/, "");
}
