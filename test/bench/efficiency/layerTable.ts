/** A made-up network of inverted residual blocks with the layer table that a tracer would write of it. */
import type { MachineLimits } from "../../../src/model/gap";
import type { LayerMeasure, TracedLayer } from "../../../src/model/trace";

export interface LayerTable {
  readonly layers: readonly TracedLayer[];
  readonly measures: readonly LayerMeasure[];
  readonly machine: MachineLimits;
}

const machine: MachineLimits = {
  name: "made-up CPU",
  peakFlopsPerS: { fp32: 120e9 },
  bandwidthBytesPerS: 12e9,
  source: "calibrated",
};

/** The layers of a block: expand, norm, activation, depthwise, norm, activation, project, norm. */
const kinds = [
  { type: "Conv2d", kernel: 1, from: 1, to: 4 },
  { type: "BatchNorm2d", kernel: 0, from: 4, to: 4 },
  { type: "ReLU6", kernel: 0, from: 4, to: 4 },
  { type: "Conv2d", kernel: 3, from: 4, to: 4 },
  { type: "BatchNorm2d", kernel: 0, from: 4, to: 4 },
  { type: "ReLU6", kernel: 0, from: 4, to: 4 },
  { type: "Conv2d", kernel: 1, from: 4, to: 1 },
  { type: "BatchNorm2d", kernel: 0, from: 1, to: 1 },
] as const;

/** @param backward with rows of the backward pass */
export function layerTable(count: number, iterations: number, backward = true): LayerTable {
  const layers: TracedLayer[] = [];
  const measures: LayerMeasure[] = [];
  const rows: ((iteration: number) => void)[] = [];
  const random = uniform(11);
  for (let id = 0; id < count; id++) {
    const block = Math.floor(id / kinds.length);
    const kind = kinds[id % kinds.length]!;
    const width = 16 * (1 + Math.floor((6 * id) / count));
    const size = Math.max(4, 56 >> Math.floor((4 * id) / count));
    const [from, to] = [width * kind.from, width * kind.to];
    const depthwise = kind.kernel === 3;
    const parameters = kind.kernel === 0 ? 2 * to : kind.kernel ** 2 * (depthwise ? 1 : from) * to;
    layers.push({
      id,
      name: `features.${block}.${id % kinds.length}`,
      type: kind.type,
      ...(kind.type !== "ReLU6" && { dtype: "float32" }),
      parameters: kind.type === "ReLU6" ? 0 : parameters,
      weightBytes: kind.type === "ReLU6" ? 0 : 4 * parameters,
      path: "/home/someone/project/network.py",
      line: 20 + (id % 40),
      attributes: kind.kernel === 0 ? {} : { kernel: [kind.kernel, kind.kernel], groups: depthwise ? from : 1 },
    });
    const pixels = 8 * size * size;
    const flops = kind.kernel === 0 ? 0 : 2 * pixels * parameters;
    const [inputBytes, outputBytes] = [4 * pixels * from, 4 * pixels * to];
    const reached = depthwise ? 0.1 : 0.35;
    const timeS = Math.max(flops / (reached * 120e9), (1.4 * (inputBytes + outputBytes)) / 12e9) + 6e-6;
    rows.push((iteration) => {
      for (const pass of backward ? (["forward", "backward"] as const) : (["forward"] as const)) {
        const twice = pass === "backward" ? 2 : 1;
        measures.push({
          layer: id,
          pass,
          iteration,
          calls: 1,
          timeS: twice * timeS * (0.95 + 0.1 * random()),
          flops: twice * flops,
          // Backward: the gradient of the output, for products twice, and the input; written is the input's gradient.
          inputBytes: pass === "forward" ? inputBytes : (kind.kernel === 0 ? 1 : 2) * outputBytes + inputBytes,
          outputBytes: pass === "forward" ? outputBytes : inputBytes,
          dtype: "float32",
          inputShape: [8, from, size, size],
          outputShape: [8, to, size, size],
        });
      }
    });
  }
  // As a tracer writes them, an iteration after the other.
  for (let iteration = 0; iteration < iterations; iteration++) for (const row of rows) row(iteration);
  return { layers, measures, machine };
}

/** Uniform in 0..1, the same sequence each time. */
function uniform(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1664525 + 1013904223) % 2 ** 32;
    return state / 2 ** 32;
  };
}
