import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Trace } from "../../../src/model/trace";
import { TraceReader } from "../../../src/store/trace";
import { traceHeader } from "./everyRun";

const path = "/home/someone/project/model.py";
const attributes = { kernel: [3, 3], groups: 2, padding_mode: "zeros" };
const rows: unknown[] = [
  ["l", 0, path, 10, 20, "training", -1, "batch"],
  ["i", 0, 9, 1001, 0.1],
  ["m", 0, "features.0", "Conv2d", "float32", 1728, 6912, path, 31, path, 44, attributes],
  ["m", 1, "act", "ReLU", "", 0, 0, "", 0, path, 45, {}],
  ["y", 0, "forward", 10, 2, 0.004, 1e9, 4096, 8192, "float32", [8, 3, 32, 32], [8, 64, 32, 32], 0],
  ["y", 1, "forward", 10, 1, 0.001, -1, 4096, 4096, "float32", [8, 64], [8, 64]],
  ["y", 0, "backward", 10, 1, 0.008, 2e9, 8192, 4096, "", [], []],
  ["p", path],
  ["u", 0, "cuda", "NVIDIA H100 80GB HBM3", "GPU-1"],
  ["u", 1, "cuda", "NVIDIA H100 80GB HBM3", ""],
  ["d", "forward", 10, 0, 1001.1, 0.05, 44, 0],
  ["d", "backward", 10, 1, 1001.2, 0.07],
  ["i", 0, 10, 1001.1, 0.3, 1],
  ["c", "activation_bytes", 1001.5, 123456],
];
const text = [traceHeader, ...rows].map((row) => `${JSON.stringify(row)}\n`).join("");

function read(bytes: string): { trace: Trace; skipped: number } {
  const reader = new TraceReader("trace.jsonl", 1000);
  reader.feed(new TextEncoder().encode(bytes));
  return { trace: reader.trace()!, skipped: reader.skipped };
}
const withRows = (more: readonly unknown[]) => read(text + more.map((row) => `${JSON.stringify(row)}\n`).join(""));

describe("the layer table of a trace", () => {
  it("is read: layers with their places and attributes, and what they did", () => {
    const { trace, skipped } = read(text);
    expect(skipped).toBe(0);
    const [conv, act] = trace.layers!;
    expect(conv).toMatchObject({ id: 0, name: "features.0", type: "Conv2d", dtype: "float32", parameters: 1728 });
    expect(conv).toMatchObject({ weightBytes: 6912, path, line: 31, callPath: path, callLine: 44 });
    expect({ ...conv!.attributes }).toEqual(attributes);
    expect(act).toEqual({
      id: 1,
      name: "act",
      type: "ReLU",
      parameters: 0,
      weightBytes: 0,
      callPath: path,
      callLine: 45,
      attributes: Object.create(null),
    });
    const [forward, unknown, backward] = trace.layerMeasures!;
    expect(forward).toEqual({
      layer: 0,
      pass: "forward",
      iteration: 10,
      calls: 2,
      timeS: 0.004,
      flops: 1e9,
      inputBytes: 4096,
      outputBytes: 8192,
      dtype: "float32",
      inputShape: [8, 3, 32, 32],
      outputShape: [8, 64, 32, 32],
      loop: 0,
    });
    expect(backward).not.toHaveProperty("loop");
    expect(unknown).not.toHaveProperty("flops");
    expect(backward).not.toHaveProperty("dtype");
    expect(trace.counters).toContainEqual({ name: "activation_bytes", timeS: 1.5, value: 123456 });
  });

  it("marks the iterations that it was taken in", () => {
    expect([...read(text).trace.iterations.sampled!]).toEqual([0, 1]);
  });

  it("is absent from a trace without one, and so are marks and device spans", () => {
    const plain = [traceHeader, ...rows.slice(0, 2)].map((row) => `${JSON.stringify(row)}\n`).join("");
    const { trace } = read(plain);
    expect(trace).not.toHaveProperty("layers");
    expect(trace).not.toHaveProperty("layerMeasures");
    expect(trace).not.toHaveProperty("deviceSpans");
    expect(trace.iterations).not.toHaveProperty("sampled");
  });

  it("comes with spans on the devices' own time lines", () => {
    const spans = read(text).trace.deviceSpans!;
    expect([...spans.device]).toEqual([0, 1]);
    expect(spans.startS[0]).toBeCloseTo(1.1, 6);
    expect([...spans.iteration]).toEqual([10, 10]);
    expect([...spans.line]).toEqual([44, 0]);
    expect([...spans.loop]).toEqual([0, -1]);
    expect(read(text).trace.devices).toEqual([
      { index: 0, kind: "cuda", name: "NVIDIA H100 80GB HBM3", uuid: "GPU-1" },
      { index: 1, kind: "cuda", name: "NVIDIA H100 80GB HBM3" },
    ]);
  });

  it.each([
    ["told twice", ["m", 0, "x", "Linear", "", 0, 0, "", 0, "", 0, {}]],
    ["with a negative size", ["m", 2, "x", "Linear", "", -1, 0, "", 0, "", 0, {}]],
    ["with a size that no memory has", ["m", 2, "x", "Linear", "", 0, 1e300, "", 0, "", 0, {}]],
    ["with a name of a megabyte", ["m", 2, "x".repeat(5000), "Linear", "", 0, 0, "", 0, "", 0, {}]],
    ["measured and never told", ["y", 7, "forward", 1, 1, 0.1, 1, 1, 1, "", [], []]],
    ["of another pass", ["y", 0, "sideways", 1, 1, 0.1, 1, 1, 1, "", [], []]],
    ["with a negative time", ["y", 0, "forward", 1, 1, -0.1, 1, 1, 1, "", [], []]],
    ["without a time", ["y", 0, "forward", 1, 1, null, 1, 1, 1, "", [], []]],
    ["called never", ["y", 0, "forward", 1, 0, 0.1, 1, 1, 1, "", [], []]],
    ["with half a byte", ["y", 0, "forward", 1, 1, 0.1, 1, 0.5, 1, "", [], []]],
    ["on a device of no number", ["d", "forward", 1, 0.5, 1001, 0.1]],
    ["of a device told twice", ["u", 0, "cuda", "x", ""]],
    ["of a device without a name", ["u", 2, "cuda", 5, ""]],
    ["on device 256", ["d", "forward", 1, 256, 1001, 0.1]],
    ["on a device for less than no time", ["d", "forward", 1, 0, 1001, -0.1]],
  ])("skips a row %s", (_, row) => {
    const { trace, skipped } = withRows([row]);
    expect(skipped).toBe(1);
    expect(trace).toEqual(read(text).trace);
  });

  it("leaves out attributes and shapes that are none, and keeps the layer", () => {
    const odd = { a: null, b: { c: 1 }, d: [1, "x"], e: "y".repeat(300), f: Array(100).fill(1), __proto__: 5, g: 1 };
    const { trace } = withRows([
      ["m", 2, "x", "Linear", "", 0, 0, "model.py", 0, "", 3, odd],
      ["y", 2, "forward", 1, 1, 0.1, 1, 1, 1, "", [-1], [1, null]],
    ]);
    expect(trace.layers![2]).not.toHaveProperty("path");
    expect(trace.layers![2]).not.toHaveProperty("callLine");
    expect(Object.entries(trace.layers![2]!.attributes)).toEqual([["g", 1]]);
    expect(trace.layerMeasures!.at(-1)).toMatchObject({ inputShape: [], outputShape: [] });
  });

  it("cut anywhere gives what stands before the cut", () => {
    const whole = read(text).trace;
    let before = 0;
    for (let cut = JSON.stringify(traceHeader).length + 1; cut <= text.length; cut++) {
      const { trace, skipped } = read(text.slice(0, cut));
      expect(skipped).toBe(0);
      const count = (trace.layers?.length ?? 0) + (trace.layerMeasures?.length ?? 0);
      expect(count).toBeGreaterThanOrEqual(before);
      before = count;
      if (trace.layers) expect(trace.layers).toEqual(whole.layers!.slice(0, trace.layers.length));
    }
    expect(before).toBe(5);
  });

  it("fed in any pieces is the same", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 20 }), (sizes) => {
        const reader = new TraceReader("trace.jsonl", 1000);
        const bytes = new TextEncoder().encode(text);
        let at = 0;
        for (let k = 0; at < bytes.length; k++) {
          const size = sizes[k % sizes.length]!;
          reader.feed(bytes.subarray(at, at + size));
          at += size;
        }
        expect(reader.trace()).toEqual(read(text).trace);
      }),
      { numRuns: 30 },
    );
  });

  it("of any JSON at all breaks nothing, and holds nothing that its types rule out", () => {
    const row = fc
      .tuple(fc.constantFrom("m", "y", "d", "i", "u"), fc.array(fc.oneof(fc.jsonValue(), fc.nat(3)), { maxLength: 12 }))
      .map(([name, rest]) => [name, ...rest]);
    const near = fc
      .constantFrom(...rows.slice(2, 12))
      .chain((real) =>
        fc
          .tuple(fc.integer({ min: 1, max: 11 }), fc.jsonValue())
          .map(([place, value]) => (real as unknown[]).map((old, k) => (k === place ? value : old))),
      );
    fc.assert(
      fc.property(fc.array(fc.oneof(row, near), { maxLength: 20 }), (more) => {
        const { trace } = withRows(more);
        const ids = new Set(trace.layers!.map(({ id }) => id));
        expect(ids.size).toBe(trace.layers!.length);
        for (const one of trace.layerMeasures!) {
          expect(ids.has(one.layer)).toBe(true);
          expect(one.timeS).toBeGreaterThanOrEqual(0);
          expect(one.calls).toBeGreaterThanOrEqual(1);
        }
        const { deviceSpans: spans } = trace;
        expect(new Set(Object.values(spans!).map((column: { length: number }) => column.length)).size).toBe(1);
      }),
    );
  });
});
