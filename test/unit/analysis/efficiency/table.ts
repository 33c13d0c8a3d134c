/** Layer tables for tests, made from what a network is. */
import { gapReport } from "../../../../src/analysis/efficiency/gapReport";
import type { GapReport, MachineLimits } from "../../../../src/model/gap";
import type { LayerMeasure, TracedLayer } from "../../../../src/model/trace";

/** 80 GB SXM: datasheet, gpuTable. */
export const a100: MachineLimits = {
  name: "A100 80GB SXM4",
  peakFlopsPerS: { fp32: 19.5e12, tf32: 156e12, bf16: 312e12, fp16: 312e12 },
  bandwidthBytesPerS: 2039e9,
  source: "datasheet",
};

export interface Convolution {
  readonly name: string;
  readonly from: number;
  readonly to: number;
  readonly size: number;
  readonly kernel?: number;
  readonly groups?: number;
  readonly batch?: number;
  readonly timeS: number;
}

export interface Row {
  readonly layer: TracedLayer;
  readonly measures: readonly LayerMeasure[];
}

let nextId = 0;

/** Same padding, stride 1, float16. */
export function convolution(conv: Convolution, iterations: readonly number[] = [0]): Row {
  const { name, from, to, size, kernel = 1, groups = 1, batch = 32, timeS } = conv;
  const id = nextId++;
  const weights = kernel * kernel * (from / groups) * to;
  const layer: TracedLayer = {
    id,
    name,
    type: "Conv2d",
    dtype: "float16",
    parameters: weights,
    weightBytes: 2 * weights,
    path: "/home/user/net.py",
    line: 10 + id,
    attributes: { kernel: [kernel, kernel], groups },
  };
  const measures = iterations.map((iteration) => ({
    layer: id,
    pass: "forward" as const,
    iteration,
    calls: 1,
    timeS,
    flops: 2 * batch * size * size * weights,
    inputBytes: 2 * batch * from * size * size,
    outputBytes: 2 * batch * to * size * size,
    dtype: "float16",
    inputShape: [batch, from, size, size],
    outputShape: [batch, to, size, size],
  }));
  return { layer, measures };
}

/** A norm or an activation over float16 images. */
export function elementwise(name: string, type: string, channels: number, size: number, timeS: number): Row {
  const id = nextId++;
  const shape = [32, channels, size, size];
  const bytes = 2 * shape.reduce((a, b) => a * b, 1);
  return {
    layer: { id, name, type, parameters: 0, weightBytes: 0, attributes: {} },
    measures: [
      {
        layer: id,
        pass: "forward",
        iteration: 0,
        calls: 1,
        timeS,
        flops: 0,
        inputBytes: bytes,
        outputBytes: bytes,
        dtype: "float16",
        inputShape: shape,
        outputShape: shape,
      },
    ],
  };
}

export function reportOf(rows: readonly Row[], machine: MachineLimits = a100, more: object = {}): GapReport {
  return gapReport({
    run: { id: "run", path: "/runs/run" },
    layers: rows.map(({ layer }) => layer),
    measures: rows.flatMap(({ measures }) => measures),
    machine,
    ...more,
  });
}
