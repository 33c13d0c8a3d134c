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

/** `folder/in.f32` (rows × columns) rounded to every format by the module that ships, as `folder/FORMAT.f32`, with -0 as 0. */
export function simulateInPyTorch(folder: string, rows: number, columns: number): void {
  const program = `
import sys; sys.path.insert(0, "src/verify"); sys.dont_write_bytecode = True
import torch
from wattline_verify.simulate import SCHEMES, quantize
folder, rows, columns = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
weights = torch.frombuffer(bytearray(open(f"{folder}/in.f32", "rb").read()), dtype=torch.float32).view(rows, columns)
for name in SCHEMES:
    (quantize(weights, name) + 0.0).numpy().tofile(f"{folder}/{name}.f32")
`;
  runPython(program, folder, String(rows), String(columns));
}
