/** What the project needs on a machine, each looked for first and installed only where it is missing. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { onPath, root, run, say } from "./run.mjs";

class SetupError extends Error {}

/**
 * npm packages, as the lock file names them. `npm ci` refuses a lock file without the native packages of all other
 * platforms, which a registry may not have; `npm install` then installs the same versions, and the lock file is put back
 * as it was.
 */
export async function nodeModules() {
  const lock = join(root, "package-lock.json");
  const stamp = join(root, "node_modules/.wattline-lock");
  const text = readFileSync(lock, "utf8");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === text) return;
  say("Installing npm packages");
  const npm = process.platform === "win32" ? "npm.cmd" : "npm";
  const flags = ["--no-audit", "--no-fund", "--loglevel=error"];
  if ((await run(npm, ["ci", ...flags], { quiet: true })).code !== 0) {
    const { code } = await run(npm, ["install", ...flags]);
    writeFileSync(lock, text);
    if (code !== 0) throw new SetupError("npm install failed: see its message above. It needs the npm registry.");
  }
  writeFileSync(stamp, text);
}

export const venvPython = join(root, ".venv", process.platform === "win32" ? "Scripts/python.exe" : "bin/python");

/**
 * A Python environment in .venv with the packages of a requirements file.
 * @param requirements path from the project's root
 */
export async function pythonPackages(requirements) {
  const text = readFileSync(join(root, requirements), "utf8");
  const stamp = join(root, ".venv", `.${requirements.replaceAll("/", "-")}`);
  if (existsSync(venvPython) && existsSync(stamp) && readFileSync(stamp, "utf8") === text) return;
  if (!existsSync(venvPython)) await makeVenv();
  say(`Installing Python packages (${requirements}); PyTorch is large, this takes a few minutes`);
  // One try: an index that cannot be reached will not be reached by asking five times.
  const pip = ["-m", "pip", "install", "--retries", "0", "--disable-pip-version-check", "-q"];
  const { code } = await run(venvPython, [...pip, "-r", requirements]);
  if (code !== 0) throw new SetupError(`pip could not install ${requirements}: see its message above.`);
  writeFileSync(stamp, text);
}

async function makeVenv() {
  const python = onPath("python3", "python");
  if (python === undefined) throw new SetupError("Python 3.9 or later is needed and was not found on PATH.");
  say("Making a Python environment in .venv");
  const make = () => run(python, ["-m", "venv", join(root, ".venv")]);
  if ((await make()).code === 0) return;
  // Debian keeps the module apart.
  if (await aptInstall("python3-venv")) if ((await make()).code === 0) return;
  throw new SetupError("python3 -m venv failed. On Debian and Ubuntu: sudo apt-get install python3-venv");
}

/** @returns the path of a Chromium, for panels in a browser and for VS Code in tests */
export async function chromium() {
  const find = () => process.env.CHROME_PATH ?? onPath("chromium", "chromium-browser", "google-chrome", "chrome");
  if (find() === undefined) await aptInstall("chromium");
  const found = find();
  if (found === undefined)
    throw new SetupError("Chromium is needed: sudo apt-get install chromium, or set CHROME_PATH.");
  return found;
}

/** The tests' stand-in for a GPU driver is a small C library. */
export async function compiler() {
  const find = () => onPath("gcc", "cc");
  if (find() === undefined) await aptInstall("gcc", "libc6-dev");
  if (find() === undefined) throw new SetupError("A C compiler is needed for the tests: sudo apt-get install gcc");
}

/** Native parts of the VS Code server are compiled for this machine's Node. */
export async function buildTools() {
  const missing = () => [["g++", "c++"], ["make"]].some((names) => onPath(...names) === undefined);
  if (missing()) await aptInstall("g++", "make");
  if (missing()) throw new SetupError("A C++ compiler and make are needed: sudo apt-get install g++ make");
}

/** Debian packages where we may install some; says so where we may not. */
async function aptInstall(...packages) {
  if (onPath("apt-get") === undefined) return false;
  if (process.getuid?.() !== 0) {
    console.log(`Missing: ${packages.join(", ")}. Install with: sudo apt-get install ${packages.join(" ")}`);
    return false;
  }
  say(`Installing ${packages.join(", ")} with apt-get`);
  const env = { DEBIAN_FRONTEND: "noninteractive" };
  const install = () => run("apt-get", ["install", "-y", "--no-install-recommends", ...packages], { env, quiet: true });
  if ((await install()).code === 0) return true;
  await run("apt-get", ["update"], { quiet: true });
  return (await install()).code === 0;
}

/** Ends the script with the sentence of a set-up that failed. */
export function explain(error) {
  console.error(error instanceof SetupError ? `\n✗ ${error.message}` : error);
  process.exit(1);
}
