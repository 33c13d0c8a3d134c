/** Starting programs from our scripts: argument vectors, visible output, exit codes. */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = join(dirname(fileURLToPath(import.meta.url)), "../..");

/** Says what is being done, so that a wait has a reason. */
export function say(text) {
  console.log(`\n▸ ${text}`);
}

/**
 * Runs a program in the project's folder, its output shown.
 * @returns its exit code (127 where it is not there) and, with `keep`, its standard output
 */
export function run(command, args, { env = {}, keep = false, quiet = false, cwd = root } = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ["ignore", keep || quiet ? "pipe" : "inherit", quiet ? "pipe" : "inherit"],
    });
    let output = "";
    child.stdout?.on("data", (data) => {
      output += data;
      if (!quiet) process.stdout.write(data);
    });
    child.stderr?.on("data", (data) => (output += data));
    child.on("error", () => resolve({ code: 127, output }));
    child.on("exit", (code, signal) => resolve({ code: signal ? 1 : code, output }));
  });
}

/** The first of these programs that is on PATH. */
export function onPath(...names) {
  for (const name of names) {
    for (const folder of (process.env.PATH ?? "").split(delimiter)) {
      const path = join(folder, name);
      if (folder && existsSync(path)) return path;
    }
  }
  return undefined;
}

/** A project binary: run by node itself, so that no shell and no shim is between. */
export function bin(packageName, file, args, options) {
  return run(process.execPath, [join(root, "node_modules", packageName, file), ...args], options);
}
