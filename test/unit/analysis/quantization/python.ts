/** The Python of this checkout, where it is installed: the tests that need it say so and are skipped elsewhere. */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";

const python = ".venv/bin/python";

export function hasPython(...modules: readonly string[]): boolean {
  return existsSync(python) && spawnSync(python, ["-c", `import ${modules.join(", ")}`]).status === 0;
}

export function runPython(program: string, ...args: readonly string[]): string {
  return execFileSync(python, ["-c", program, ...args], { encoding: "utf8", maxBuffer: 64e6 });
}
