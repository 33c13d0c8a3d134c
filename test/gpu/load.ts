/** A load that is the same on every GPU: products of square matrices, on all of them, with PyTorch. */
import { spawn } from "node:child_process";

const script = `
import sys, time, torch
seconds = float(sys.argv[1])
gpus = [torch.device("cuda", index) for index in range(torch.cuda.device_count())]
if not gpus: sys.exit("PyTorch sees no GPU")
matrices = [torch.randn(4096, 4096, device=gpu, dtype=torch.float16) for gpu in gpus]
for matrix in matrices: matrix @ matrix
for gpu in gpus: torch.cuda.synchronize(gpu)
print("ready", flush=True)
until = time.monotonic() + seconds
while time.monotonic() < until:
    for matrix in matrices: matrix @ matrix
    for gpu in gpus: torch.cuda.synchronize(gpu)
`;

export interface Load {
  readonly pid: number;
  readonly description: string;
  stop(): Promise<void>;
}

/** @returns the load, running; or why there is none */
export async function startLoad(seconds: number): Promise<Load | string> {
  const python = process.env.PYTHON ?? "python3";
  const child = spawn(python, ["-c", script, String(seconds)], { stdio: ["ignore", "pipe", "pipe"] });
  let fault = "";
  child.stderr.on("data", (data: Buffer) => {
    fault += data.toString();
  });
  const exited = new Promise<false>((resolve) => {
    child.once("exit", () => resolve(false));
    child.once("error", (error) => {
      fault = error.message;
      resolve(false);
    });
  });
  const ready = new Promise<true>((resolve) => child.stdout.once("data", () => resolve(true)));
  if (!(await Promise.race([ready, exited]))) {
    const reason = fault.trim().split("\n").at(-1) || "it ended at once";
    return `There is no load: ${python} cannot run it (${reason}). Set PYTHON to one that has PyTorch with CUDA.`;
  }
  return {
    pid: child.pid!,
    description: "Products of 4096 x 4096 matrices of float16 on every GPU, PyTorch.",
    stop: async () => {
      child.kill();
      await exited;
    },
  };
}
