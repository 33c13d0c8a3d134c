/**
 * One block of rows: read, turned into float32, added up. Runs in a worker thread, or wherever `read` can be had.
 *
 * All buffers are made once and lie in one WebAssembly memory of 26 MB, whatever the tensor's size.
 */
import { scannedFormats } from "../../model/quantization";
import type { FirstSums, ScanPartial, ScanTask, SecondSums } from "../../model/quantScan";
import { bytesOfType } from "../../model/tensorTypes";
import { decoderOf, kernelTypes } from "./decode";
import { plainKernels } from "./plainKernels";
import { compileKernels, type Kernels, layout, sums } from "./wasm/kernels";

/** Fills `into` with the bytes at `offset` of a file. @throws where the file ends before */
export type ReadBytes = (file: number, offset: number, into: Uint8Array) => void;

const rawBytes = 8 * 2 ** 20;
/** Floats of a block, padding included. */
const blockFloats = 2 * 2 ** 20;
/** Rows longer than this are no matrix that anybody multiplies with: the tensor is left out. */
export const mostColumns = 2 ** 20;
const groupSize = 128;

const strideOf = (columns: number) => Math.ceil(columns / groupSize) * groupSize;

/** Rows that fit into the buffers at a time, at least 1 for any `columns` within `mostColumns`. */
export function rowsOfBlock(dtype: string, columns: number, transposed: boolean): number {
  const rowBytes = transposed ? 0 : (bytesOfType(dtype, columns) ?? 0);
  const byBytes = rowBytes === 0 ? Number.POSITIVE_INFINITY : Math.floor(rawBytes / rowBytes);
  return Math.max(1, Math.min(byBytes, Math.floor(blockFloats / strideOf(columns))));
}

/** Where the buffers begin, bytes. */
const raw = layout.free;
const block = raw + rawBytes;
const columnBuffer = block + blockFloats * 4;
const rowBuffer = columnBuffer + mostColumns * 4;
const scratch = rowBuffer + (blockFloats / groupSize) * 4;
const piece = scratch + (mostColumns / 16) * 8 * 4;
const memoryBytes = piece + rawBytes / 2;

/** The buffers with the kernels over them. */
export interface Scanner {
  run(task: ScanTask): ScanPartial;
}

/** @param kernels "wasm" where the engine has SIMD, else "plain"; "plain" asks for the TypeScript loops */
export function makeScanner(read: ReadBytes, kernels: "wasm" | "plain" = "wasm"): Scanner {
  const memory = new WebAssembly.Memory({ initial: Math.ceil(memoryBytes / 65536) });
  const own = (kernels === "wasm" ? compileKernels(memory) : undefined) ?? plainKernels(memory);
  return { run: (task) => runTask(task, read, memory.buffer, own) };
}

function runTask(task: ScanTask, read: ReadBytes, buffer: ArrayBuffer, kernels: Kernels): ScanPartial {
  load(task, read, buffer, kernels);
  if (task.pass === "second") return { second: second(task, task.mean!, task.absmax!, buffer, kernels) };
  const firstSums = first(task, buffer, kernels);
  if (task.pass === "first" || !Number.isFinite(firstSums.squares) || firstSums.absmax === 0)
    return { first: firstSums };
  const mean = firstSums.sum / (task.rows * task.columns);
  return { first: firstSums, second: second(task, mean, firstSums.absmax, buffer, kernels) };
}

/** Rows of the task as float32 at `block`, each padded with zeros to whole groups. */
function load(task: ScanTask, read: ReadBytes, buffer: ArrayBuffer, kernels: Kernels): void {
  if (task.transposed) loadTransposed(task, read, buffer, kernels);
  else loadRows(task, read, buffer, kernels);
}

function loadRows(task: ScanTask, read: ReadBytes, buffer: ArrayBuffer, kernels: Kernels): void {
  const { columns, dtype } = task;
  const rows = task.toRow - task.fromRow;
  const stride = strideOf(columns);
  const rowBytes = bytesOfType(dtype, columns)!;
  read(task.file, task.offset + task.fromRow * rowBytes, new Uint8Array(buffer, raw, rows * rowBytes));
  if (stride === columns) {
    convert(dtype, buffer, kernels, raw, block, rows * columns);
    return;
  }
  for (let row = 0; row < rows; row++) {
    const at = block + row * stride * 4;
    convert(dtype, buffer, kernels, raw + row * rowBytes, at, columns);
    new Float32Array(buffer, at, stride).fill(0, columns);
  }
}

function convert(dtype: string, buffer: ArrayBuffer, kernels: Kernels, from: number, to: number, count: number): void {
  const kernel = Object.hasOwn(kernelTypes, dtype) ? kernelTypes[dtype] : undefined;
  if (kernel !== undefined) kernels[kernel](from, to, count);
  else decoderOf(dtype)!(new Uint8Array(buffer, from, bytesOfType(dtype, count)!), new Float32Array(buffer, to, count));
}

/** Stored input × output: a strip of output channels, read input by input. */
function loadTransposed(task: ScanTask, read: ReadBytes, buffer: ArrayBuffer, kernels: Kernels): void {
  const { rows, columns, dtype, fromRow, toRow } = task;
  const width = toRow - fromRow;
  const stride = strideOf(columns);
  const target = new Float32Array(buffer, block, width * stride);
  const strip = new Float32Array(buffer, piece, width);
  const stripBytes = bytesOfType(dtype, width)!;
  const from = new Uint8Array(buffer, raw, stripBytes);
  for (let input = 0; input < columns; input++) {
    read(task.file, task.offset + bytesOfType(dtype, input * rows + fromRow)!, from);
    convert(dtype, buffer, kernels, raw, piece, width);
    for (let output = 0; output < width; output++) target[output * stride + input] = strip[output]!;
  }
  for (let output = 0; output < width; output++) target.fill(0, output * stride + columns, (output + 1) * stride);
}

function first(task: ScanTask, buffer: ArrayBuffer, kernels: Kernels): FirstSums {
  const rows = task.toRow - task.fromRow;
  const stride = strideOf(task.columns);
  const totals = new Float64Array(buffer, layout.sums, 2).fill(0);
  new Float32Array(buffer, columnBuffer, stride).fill(0);
  kernels.first(block, rows, stride, columnBuffer, rowBuffer);
  const rowAbsmax = new Float32Array(buffer, rowBuffer, rows).slice();
  return {
    sum: totals[0]!,
    squares: totals[1]!,
    absmax: rowAbsmax.reduce((most, value) => Math.max(most, value), 0),
    rowAbsmax,
    columnAbsmax: new Float32Array(buffer, columnBuffer, task.columns).slice(),
  };
}

function second(task: ScanTask, mean: number, absmax: number, buffer: ArrayBuffer, kernels: Kernels): SecondSums {
  const { columns } = task;
  const rows = task.toRow - task.fromRow;
  const stride = strideOf(columns);
  const factor = 2 ** -Math.min(126, Math.max(-126, Math.floor(Math.log2(absmax))));
  const scaledMean = Math.fround(mean * factor);
  const totals = new Float64Array(buffer, layout.sums, sums.length).fill(0);
  kernels.second(block, rows, stride, columns % groupSize, factor, scaledMean, absmax * factor, scratch);
  // Each zero of the padding was counted as mean away from the mean.
  const padding = rows * (stride - columns);
  return {
    factor,
    second: totals[0]! - padding * scaledMean ** 2,
    fourth: totals[1]! - padding * scaledMean ** 4,
    noise: Object.fromEntries(
      scannedFormats.map((format) => [format, totals[sums.indexOf(format)]!]),
    ) as SecondSums["noise"],
  };
}
