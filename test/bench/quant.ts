/**
 * `npm run bench:quant`: the scan against PyTorch and NumPy computing the same statistics on the same two cores, and how
 * long a header-only answer takes. `-- --gb 0.25` for a smaller file.
 *
 * Wattline reads the whole file. The others, which take minutes for that, get the first tensor; times are compared by
 * the weight. All run one after the other, so that they share a noisy machine fairly; the fastest of some rounds counts.
 */
import { execFileSync } from "node:child_process";
import { closeSync, existsSync, ftruncateSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { modelFacts } from "../../src/analysis/quantization/facts";
import { quantReport } from "../../src/analysis/quantization/report";
import { type ScanResult, scanCheckpoint } from "../../src/analysis/quantization/scan";
import { kernelModule } from "../../src/analysis/quantization/wasm/kernels";
import { table } from "../../src/cli/table";
import { scannedFormats } from "../../src/model/quantization";
import { openCheckpoint } from "../../src/store/checkpoint/open";
import { openScanPool } from "../../src/store/checkpoint/scanPool";

const threads = 2;
const columns = 4096;
const rowsOfTensor = 4096;
const python = resolve(".venv/bin/python");
const program = resolve("dist/quantScan.js");

interface Line {
  readonly name: string;
  readonly weights: number;
  readonly seconds: number;
  readonly nsPerWeight: number;
}

/** 2^24 weights a tensor; sigma 0.02. Tensors repeat one random megabyte in shifted order: values do not matter to speed. */
function writeModel(path: string, tensors: number): void {
  const bytes = rowsOfTensor * columns * 2;
  const header: Record<string, unknown> = {};
  for (let i = 0; i < tensors; i++) {
    header[`model.layers.${i}.mlp.up_proj.weight`] = {
      dtype: "BF16",
      shape: [rowsOfTensor, columns],
      data_offsets: [i * bytes, (i + 1) * bytes],
    };
  }
  const text = Buffer.from(JSON.stringify(header));
  const padded = Buffer.concat([text, Buffer.alloc((8 - (text.length % 8)) % 8, " ")]);
  const head = Buffer.alloc(8);
  head.writeBigUInt64LE(BigInt(padded.length));
  const floats = new Float32Array(2 ** 22);
  let state = 1;
  const uniform = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state + 1) / 4294967297;
  };
  for (let i = 0; i < floats.length; i += 2) {
    const [radius, angle] = [0.02 * Math.sqrt(-2 * Math.log(uniform())), 2 * Math.PI * uniform()];
    floats[i] = radius * Math.cos(angle);
    floats[i + 1] = radius * Math.sin(angle);
  }
  const part = Uint16Array.from(new Uint32Array(floats.buffer), (bits) => (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16);
  const file = openSync(path, "w");
  writeSync(file, head);
  writeSync(file, padded);
  for (let i = 0; i < tensors * 4; i++) {
    const cut = (i * 7919 * 128) % part.length;
    writeSync(file, new Uint8Array(part.buffer, cut * 2));
    if (cut > 0) writeSync(file, new Uint8Array(part.buffer, 0, cut * 2));
  }
  closeSync(file);
}

/** A header of about `megabytes` as a mixture of experts has it, in a file of terabytes that is all hole. */
function writeHeader(path: string, megabytes: number): number {
  const entries: string[] = [];
  let at = 0;
  for (let length = 0, i = 0; length < megabytes * 1e6; i++) {
    const name = `model.layers.${Math.floor(i / 768)}.mlp.experts.${i % 256}.${["gate_proj", "up_proj", "down_proj"][i % 3]}.${i}.weight`;
    const size = 7168 * 2048 * 2;
    entries.push(`"${name}":{"dtype":"BF16","shape":[2048,7168],"data_offsets":[${at},${at + size}]}`);
    at += size;
    length += entries.at(-1)!.length + 1;
  }
  const text = Buffer.from(`{${entries.join(",")}}`);
  const head = Buffer.alloc(8);
  head.writeBigUInt64LE(BigInt(text.length));
  writeFileSync(path, Buffer.concat([head, text]));
  const file = openSync(path, "r+");
  ftruncateSync(file, 8 + text.length + at);
  closeSync(file);
  return entries.length;
}

async function timeScan(path: string, kernels: "wasm" | "plain"): Promise<{ seconds: number; result: ScanResult }> {
  const checkpoint = openCheckpoint(path);
  const pool = openScanPool({ program, paths: [path], threads, kernels });
  const started = performance.now();
  const result = await scanCheckpoint(checkpoint, pool);
  const seconds = (performance.now() - started) / 1000;
  await pool.close();
  return { seconds, result };
}

interface Reference {
  readonly seconds: number;
  readonly kurtosis: number;
  readonly sqnrDb: Record<string, number>;
}

/** On a busy machine PyTorch's threads wait for each other: the faster of one and two counts. */
function timePython(library: "torch" | "numpy", path: string, offset: number, rows: number): Reference | undefined {
  if (!existsSync(python)) return undefined;
  const script = resolve("test/fixtures/checkpoints/statistics.py");
  const counts = library === "torch" ? [threads, 1] : [threads];
  const found = counts.map((count) => {
    const args = [script, library, path, ...[offset, rows, columns, count].map(String)];
    const env = { ...process.env, OMP_NUM_THREADS: String(count), OPENBLAS_NUM_THREADS: String(count) };
    return JSON.parse(execFileSync(python, args, { encoding: "utf8", env, maxBuffer: 1e8 })) as Reference;
  });
  return found.reduce((best, other) => (other.seconds < best.seconds ? other : best));
}

/** Milliseconds from the path to the whole answer but for the weights. */
function headerOnce(path: string): number {
  const started = performance.now();
  const request = {
    mode: "sync",
    batch: 1,
    contextTokens: 4096,
    latencyBound: false,
    language: "en",
    belowFourBit: false,
  } as const;
  quantReport({ facts: modelFacts(openCheckpoint(path)), device: undefined, request, notes: [] });
  return performance.now() - started;
}

/** In new processes, where nothing is compiled yet, the fastest of five; and in this one, the median of later ones. */
function timeHeader(path: string): { first: number; later: number } {
  const fresh = Array.from({ length: 5 }, () => Number(ownProcess("--header", path)));
  const later = Array.from({ length: 15 }, () => headerOnce(path)).sort((a, b) => a - b);
  return { first: Math.min(...fresh), later: later[7]! };
}

/** This program again, for one thing alone. */
function ownProcess(what: string, path: string): string {
  return execFileSync(process.execPath, [process.argv[1]!, what, path], { encoding: "utf8" });
}

async function main(args: readonly string[]): Promise<void> {
  const gb = Number(args[args.indexOf("--gb") + 1] ?? 2) || 2;
  const folder = mkdtempSync(join(tmpdir(), "wattline-bench-"));
  try {
    const headers = [1, 10, 60].map((megabytes) => {
      const path = join(folder, `header-${megabytes}.safetensors`);
      const tensors = writeHeader(path, megabytes);
      const times = timeHeader(path);
      rmSync(path);
      return { megabytes, tensors, ...times };
    });
    const path = join(folder, "model.safetensors");
    const tensors = Math.max(1, Math.round((gb * 1e9) / (rowsOfTensor * columns * 2)));
    writeModel(path, tensors);
    const small = join(folder, "small.safetensors");
    writeModel(small, 1);
    const offset = openCheckpoint(small).tensors.offset[0]!;
    const subset = Math.min(rowsOfTensor, Math.round((rowsOfTensor * (args.includes("--quick") ? 1 : 4)) / 8));
    const line = (name: string, weights: number, seconds: number): Line => ({
      name,
      weights,
      seconds,
      nsPerWeight: (seconds / weights) * 1e9,
    });
    const whole = await timeScan(path, "wasm");
    const lines = [line("Wattline, WebAssembly SIMD", tensors * rowsOfTensor * columns, whole.seconds)];
    const one = await timeScan(small, "wasm");
    const plain = await timeScan(small, "plain");
    lines.push(line("Wattline, TypeScript alone", rowsOfTensor * columns, plain.seconds));
    // Weights of an even offset: PyTorch maps the file as bfloat16.
    const references = (["torch", "numpy"] as const).flatMap((library) => {
      const found = timePython(library, small, offset, subset);
      return found === undefined ? [] : [{ library, ...found }];
    });
    for (const { library, seconds } of references)
      lines.push(line(library === "torch" ? "PyTorch" : "NumPy", subset * columns, seconds));
    const accuracy = references.map(({ library, sqnrDb }) => ({
      library,
      largestDifferenceDb: Math.max(
        ...scannedFormats.map((format) => Math.abs(sqnrDb[format]! - one.result.layers[0]!.sqnrDb[format]!)),
      ),
    }));
    const residentMb = Number(ownProcess("--memory", path));
    print(lines, headers, accuracy, residentMb, gb);
    const report = { gb, threads, lines, headers, accuracy, residentMb, wasmBytes: kernelModule().length };
    writeFileSync(resolve("artifacts/bench/quant.json"), `${JSON.stringify(report, undefined, 2)}\n`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function print(
  lines: readonly Line[],
  headers: readonly { megabytes: number; tensors: number; first: number; later: number }[],
  accuracy: readonly { library: string; largestDifferenceDb: number }[],
  residentMb: number,
  gb: number,
): void {
  const [own] = lines;
  const rows = lines.map(({ name, weights, seconds, nsPerWeight }) => [
    name,
    (weights / 1e6).toFixed(0),
    seconds.toFixed(1),
    nsPerWeight.toFixed(1),
    `× ${(nsPerWeight / own!.nsPerWeight).toFixed(1)}`,
  ]);
  console.log(`Full statistics, ${threads} threads (${gb} GB for Wattline, the first weights for the others)\n`);
  console.log(
    table(
      [["", "1e6 weights", "s", "ns a weight", "against ours"], ...rows],
      ["left", "right", "right", "right", "right"],
    ),
  );
  console.log("\nHeader-only answer\n");
  const headerRows = headers.map(({ megabytes, tensors, first, later }) => [
    `${megabytes} MB`,
    String(tensors),
    first.toFixed(1),
    later.toFixed(1),
  ]);
  console.log(
    table([["Header", "tensors", "first, ms", "later, ms"], ...headerRows], ["right", "right", "right", "right"]),
  );
  for (const { library, largestDifferenceDb } of accuracy)
    console.log(`\nSQNR differs from ${library}'s by at most ${largestDifferenceDb.toFixed(4)} dB.`);
  console.log(
    `\nMemory, all of it and its threads: ${residentMb.toFixed(0)} MB at most. Kernels: ${kernelModule().length} bytes.`,
  );
}

/** A scan in a process of its own, for its memory alone: the main thread's and the workers'. */
async function measure(path: string): Promise<void> {
  await timeScan(path, "wasm");
  process.stdout.write(String(process.resourceUsage().maxRSS / 1000));
}

const args = process.argv.slice(2);
const start = async (): Promise<void> => {
  if (args[0] === "--memory") await measure(args[1]!);
  else if (args[0] === "--header") process.stdout.write(String(headerOnce(args[1]!)));
  else await main(args);
};
start().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
