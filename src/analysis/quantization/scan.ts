/**
 * The whole scan: which tensors, cut into which blocks, and what became of them. Reading and threads are the pool's.
 *
 * A tensor that fits into a block is read once. A larger one is read twice, because NVFP4's scale and the mean are known
 * only when all of it was seen. Blocks depend on shapes alone and are added in their order: any number of threads, and
 * any cut into files, gives the same bits.
 */
import type { Checkpoint } from "../../model/checkpoint";
import type { ScannedFormat, SkippedTensor, TensorStatistics } from "../../model/quantization";
import { scannedFormats } from "../../model/quantization";
import type { FirstSums, ScanPartial, ScanPool, ScanTask, SecondSums } from "../../model/quantScan";
import { isScannable } from "./decode";
import { tensorRoles } from "./facts";
import { mostColumns, rowsOfBlock } from "./scanTask";
import { type Noise, noiseOf, outliersInKurtosis, statisticsOf } from "./statistics";

export interface ScanResult {
  readonly layers: readonly TensorStatistics[];
  readonly skipped: readonly SkippedTensor[];
  /** All layers together. */
  readonly total: Noise;
  readonly bytesRead: number;
}

export interface ScanOptions {
  readonly onProgress?: (doneBytes: number, totalBytes: number) => void;
  readonly signal?: AbortSignal;
}

/** Extremes of more rows than this are not kept. */
const mostRows = 2 ** 24;

interface Planned {
  readonly name: string;
  readonly shape: readonly number[];
  readonly bytes: number;
  readonly whole: Omit<ScanTask, "fromRow" | "toRow" | "pass">;
  readonly blockRows: number;
}

/** Linear weights in the order in which they lie on disk, and those that cannot be read. */
export function planScan(checkpoint: Checkpoint): { planned: Planned[]; skipped: SkippedTensor[] } {
  const { tensors, config } = checkpoint;
  const roles = tensorRoles(checkpoint);
  const planned: Planned[] = [];
  const skipped: SkippedTensor[] = [];
  for (let i = 0; i < tensors.count; i++) {
    if (roles[i] !== "linear" || tensors.elements[i] === 0) continue;
    const { name, dtype, shape, file, offset, bytes } = tensors.info(i);
    const transposed = config.transposedLinear === true && shape.length === 2;
    const last = shape.at(-1)!;
    const columns = transposed ? shape[0]! : last;
    const rows = tensors.elements[i]! / columns;
    const reason = unreadable(dtype, rows, columns);
    if (reason !== undefined) {
      skipped.push({ name, reason });
      continue;
    }
    const whole = { file, offset, dtype, rows, columns, transposed };
    planned.push({
      name,
      shape: transposed ? [rows, columns] : shape,
      bytes,
      whole,
      blockRows: rowsOfBlock(dtype, columns, transposed),
    });
  }
  planned.sort((a, b) => a.whole.file - b.whole.file || a.whole.offset - b.whole.offset);
  return { planned, skipped };
}

function unreadable(dtype: string, rows: number, columns: number): string | undefined {
  if (!isScannable(dtype)) return `${dtype} holds codes or integers, not weights that could be rounded again`;
  if (columns > mostColumns)
    return `its rows have ${columns.toLocaleString("en")} weights, more than ${mostColumns.toLocaleString("en")}`;
  if (rows > mostRows) return `it has ${rows.toLocaleString("en")} rows, more than ${mostRows.toLocaleString("en")}`;
  return undefined;
}

/**
 * @throws the signal's reason when cancelled, or what the pool rejects with; the pool is the caller's to close
 */
export async function scanCheckpoint(
  checkpoint: Checkpoint,
  pool: ScanPool,
  options: ScanOptions = {},
): Promise<ScanResult> {
  const { planned, skipped } = planScan(checkpoint);
  const totalBytes = planned.reduce(
    (sum, { bytes, whole, blockRows }) => sum + bytes * (whole.rows > blockRows ? 2 : 1),
    0,
  );
  let doneBytes = 0;
  // Twice as many as threads, so that none waits for its next task.
  const turns = new Turns(pool.size * 2);
  const run = (tensor: Planned, fromRow: number, toRow: number, rest: Partial<ScanTask>) =>
    turns.take(async () => {
      options.signal?.throwIfAborted();
      const partial = await pool.run({ ...tensor.whole, fromRow, toRow, pass: "both", ...rest });
      doneBytes += (tensor.bytes * (toRow - fromRow)) / tensor.whole.rows;
      options.onProgress?.(doneBytes, totalBytes);
      return partial;
    });
  const results = new Array<TensorResult>(planned.length);
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < planned.length) {
      const index = next++;
      results[index] = await scanTensor(planned[index]!, run);
    }
  };
  await Promise.all(Array.from({ length: pool.size * 2 }, lane));
  options.signal?.throwIfAborted();
  return gather(results, skipped, doneBytes);
}

type Run = (tensor: Planned, fromRow: number, toRow: number, rest: Partial<ScanTask>) => Promise<ScanPartial>;
type TensorResult = { readonly layer: Omit<TensorStatistics, "flagged">; readonly noise: Noise } | SkippedTensor;

async function scanTensor(tensor: Planned, run: Run): Promise<TensorResult> {
  const { name, shape, whole, blockRows } = tensor;
  const starts = Array.from({ length: Math.ceil(whole.rows / blockRows) }, (_, i) => i * blockRows);
  const end = (start: number) => Math.min(whole.rows, start + blockRows);
  const single = starts.length === 1;
  // Column extremes are merged as they come, in any order: a maximum has none.
  const columnAbsmax = new Float32Array(whole.columns);
  const partials = await Promise.all(
    starts.map(async (start) => {
      const { first, second } = await run(tensor, start, end(start), { pass: single ? "both" : "first" });
      const { columnAbsmax: own, ...rest } = first!;
      for (let i = 0; i < own.length; i++) if (own[i]! > columnAbsmax[i]!) columnAbsmax[i] = own[i]!;
      return { first: rest, second };
    }),
  );
  const first: FirstSums[] = partials.map((partial) => ({ ...partial.first, columnAbsmax }));
  const squares = first.reduce((sum, part) => sum + part.squares, 0);
  const absmax = first.reduce((most, part) => Math.max(most, part.absmax), 0);
  if (!Number.isFinite(squares)) return { name, reason: "it has NaN or infinite weights" };
  if (absmax === 0) return { name, reason: "all its weights are 0" };
  const elements = whole.rows * whole.columns;
  const mean = first.reduce((sum, part) => sum + part.sum, 0) / elements;
  const second: SecondSums[] = single
    ? [partials[0]!.second!]
    : await Promise.all(
        starts.map(async (start) => (await run(tensor, start, end(start), { pass: "second", mean, absmax })).second!),
      );
  // One array serves all blocks: it is handed over once.
  const sums = { name, shape, elements, first: [{ ...first[0]!, rowAbsmax: rowsOf(first) }], second };
  const noise = noiseOf({ first, second });
  return { layer: statisticsOf({ ...sums, first: [{ ...sums.first[0]!, squares, absmax }] }), noise };
}

function rowsOf(parts: readonly FirstSums[]): Float32Array {
  const all = new Float32Array(parts.reduce((length, { rowAbsmax }) => length + rowAbsmax.length, 0));
  let at = 0;
  for (const { rowAbsmax } of parts) {
    all.set(rowAbsmax, at);
    at += rowAbsmax.length;
  }
  return all;
}

function gather(
  results: readonly TensorResult[],
  skippedBefore: readonly SkippedTensor[],
  bytesRead: number,
): ScanResult {
  const skipped = [...skippedBefore];
  const layers: Omit<TensorStatistics, "flagged">[] = [];
  const named: { layer: Omit<TensorStatistics, "flagged">; noise: Noise }[] = [];
  for (const result of results) {
    if ("layer" in result) named.push(result);
    else skipped.push(result);
  }
  // By name, so that the files' order does not show.
  named.sort((a, b) => compareNames(a.layer.name, b.layer.name));
  const noise = Object.fromEntries(scannedFormats.map((format) => [format, 0])) as Record<ScannedFormat, number>;
  let signal = 0;
  for (const { layer, noise: own } of named) {
    layers.push(layer);
    signal += own.signal;
    for (const format of scannedFormats) noise[format] += own.noise[format];
  }
  const outliers = outliersInKurtosis(layers);
  skipped.sort((a, b) => compareNames(a.name, b.name));
  return {
    layers: layers.map((layer) => ({ ...layer, flagged: outliers.has(layer.name) })),
    skipped,
    total: { signal, noise },
    bytesRead,
  };
}

/** Layer 2 before layer 10. */
function compareNames(a: string, b: string): number {
  const [left, right] = [a.split(/(\d+)/), b.split(/(\d+)/)];
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    if (left[i] === right[i]) continue;
    if (i % 2 === 1 && Number(left[i]) !== Number(right[i])) return Number(left[i]) - Number(right[i]);
    return left[i]! < right[i]! ? -1 : 1;
  }
  return left.length - right.length;
}

/** Lets `most` run at a time, in the order in which they came. */
class Turns {
  private running = 0;
  private readonly waiting: (() => void)[] = [];
  constructor(private readonly most: number) {}

  async take<T>(work: () => Promise<T>): Promise<T> {
    if (this.running >= this.most) await new Promise<void>((ready) => this.waiting.push(ready));
    else this.running++;
    try {
      return await work();
    } finally {
      const next = this.waiting.shift();
      if (next) next();
      else this.running--;
    }
  }
}
