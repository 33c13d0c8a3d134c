/** `npm run bench:tracer`: what the tracer costs. The measurement is a Python program, beside this file. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";

// Bundled to out/bench/tracer.js.
const root = join(__dirname, "../..");
const python = join(root, ".venv", process.platform === "win32" ? "Scripts/python.exe" : "bin/python");
const args = [join(root, "test/bench/tracer.py"), ...process.argv.slice(2)];
const { status, error } = spawnSync(python, args, { cwd: root, stdio: "inherit" });
if (error) console.error(`The benchmark needs the project's Python environment (npm test makes it): ${error.message}`);
process.exit(status ?? 1);
