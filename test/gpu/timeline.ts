/** A small network trained on a real GPU under the tracer: its device spans and layers, against work of a known length. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join, resolve } from "node:path";
import { TraceReader } from "../../src/store/trace";
import type { Checked } from "./page";

/** `_sleep` keeps the GPU busy for so many of its cycles; an event pair of the program's own says how long that was. */
const script = `
import torch
from torch import nn
torch.manual_seed(0)
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 32, 3, padding=1)
        self.head = nn.Linear(32, 10)
    def forward(self, x):
        torch.cuda._sleep(20_000_000)
        return self.head(self.conv(x).relu().mean((2, 3)))
model = Net().cuda()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
data = [(torch.randn(64, 3, 64, 64, device="cuda"), torch.randint(0, 10, (64,), device="cuda")) for _ in range(30)]
a, b = (torch.cuda.Event(enable_timing=True) for _ in range(2))
a.record(); torch.cuda._sleep(20_000_000); b.record(); torch.cuda.synchronize()
for x, y in data:
    loss = nn.functional.cross_entropy(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
torch.cuda.synchronize()
print(a.elapsed_time(b) / 1e3)
`;

/** @returns what was found, or why nothing was: no PyTorch with CUDA */
export function checkTimeLine(): Checked[] | string {
  const folder = mkdtempSync(join(tmpdir(), "wattline-gpu-"));
  try {
    writeFileSync(join(folder, "train.py"), script);
    const site = resolve("src/tracer/site");
    const env = { ...process.env, WATTLINE_TRACE_DIR: folder };
    const path = process.env.PYTHONPATH ? `${site}${delimiter}${process.env.PYTHONPATH}` : site;
    const python = process.env.PYTHON ?? "python3";
    const done = spawnSync(python, ["train.py"], {
      cwd: folder,
      env: { ...env, PYTHONPATH: path },
      encoding: "utf8",
      timeout: 120_000,
    });
    if (done.status !== 0)
      return `The time line was not checked: ${lastLine(done.stderr ?? done.error?.message ?? "")}`;
    const sleptS = Number(done.stdout.trim());
    const file = readdirSync(folder).find((name) => name.endsWith(".jsonl"));
    const reader = new TraceReader("trace", 0);
    if (file !== undefined) reader.feed(readFileSync(join(folder, file)));
    return judged(reader, sleptS);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function judged(reader: TraceReader, sleptS: number): Checked[] {
  const trace = reader.trace();
  const spans = trace?.deviceSpans;
  const forward = [...(spans?.phase.keys() ?? [])].filter((k) => trace!.phaseNames[spans!.phase[k]!] === "forward");
  const shortest = Math.min(...forward.map((k) => spans!.durationS[k]!));
  const noted = trace?.notes.map(({ message }) => message).join(" ") ?? "";
  const layers = (trace?.layerMeasures ?? []).filter(({ timeS }) => timeS > 0);
  return [
    {
      name: "the tracer takes part and switches nothing off",
      good: trace !== undefined && noted === "",
      detail: noted,
    },
    { name: "every forward pass has a span on the GPU's time line", good: forward.length === 30 },
    {
      name: "it is as long as the work that the GPU was given",
      good: shortest > 0.98 * sleptS,
      detail: `${shortest} s of ${sleptS} s`,
    },
    { name: "layers have times by events", good: layers.some(({ pass }) => pass === "backward") },
  ];
}

const lastLine = (text: string) => text.trim().split("\n").at(-1) ?? "";
