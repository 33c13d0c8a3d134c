/**
 * The same sums as `wasm/kernels.ts` by `simulate.ts` alone: what the kernels are tested and timed against, and what
 * runs where an engine has no WebAssembly SIMD.
 */
import { scannedFormats } from "../../model/quantization";
import { halfToFloat } from "./decode";
import { simulateQuantization } from "./simulate";
import { type Kernels, layout, sums } from "./wasm/kernels";

export function plainKernels(memory: WebAssembly.Memory): Kernels {
  const floats = (at: number, length: number) => new Float32Array(memory.buffer, at, length);
  const halves = (at: number, length: number) => new Uint16Array(memory.buffer, at, length);
  const totals = () => new Float64Array(memory.buffer, layout.sums, sums.length);
  return {
    bf16(source, target, count) {
      const to = new Uint32Array(memory.buffer, target, count);
      const from = halves(source, count);
      for (let i = 0; i < count; i++) to[i] = from[i]! << 16;
    },
    f16(source, target, count) {
      const to = floats(target, count);
      const from = halves(source, count);
      for (let i = 0; i < count; i++) to[i] = halfToFloat(from[i]!);
    },
    first(block, rows, stride, columns, rowAbsmax) {
      const weights = floats(block, rows * stride);
      const columnMost = floats(columns, stride);
      const rowMost = floats(rowAbsmax, rows);
      const total = totals();
      for (let row = 0; row < rows; row++) {
        let most = 0;
        for (let column = 0; column < stride; column++) {
          const weight = weights[row * stride + column]!;
          const magnitude = Math.abs(weight);
          total[0]! += weight;
          total[1]! += weight * weight;
          most = Math.max(most, magnitude);
          columnMost[column] = Math.max(columnMost[column]!, magnitude);
        }
        rowMost[row] = most;
      }
    },
    second(block, rows, stride, tail, factor, mean, absmax) {
      const padded = floats(block, rows * stride);
      const columns = tail === 0 ? stride : stride - 128 + tail;
      const total = totals();
      const weights = new Float32Array(rows * columns);
      for (let row = 0; row < rows; row++) {
        for (let column = 0; column < columns; column++) {
          weights[row * columns + column] = padded[row * stride + column]! * factor;
        }
      }
      for (const weight of weights) {
        const square = (weight - mean) ** 2;
        total[0]! += square;
        total[1]! += square * square;
      }
      // The padding counts as in the kernels, whose caller takes it off.
      total[0]! += rows * (stride - columns) * mean ** 2;
      total[1]! += rows * (stride - columns) * mean ** 4;
      for (const format of scannedFormats) {
        const rounded = simulateQuantization(weights, rows, columns, format, absmax);
        let noise = 0;
        for (let i = 0; i < weights.length; i++) noise += (weights[i]! - rounded[i]!) ** 2;
        total[sums.indexOf(format)]! += noise;
      }
    },
  };
}
