import { describe, expect, it } from "vitest";
import { importedTrace, KinetoEvents } from "../../../../src/analysis/kineto";
import { operatorFacts } from "../../../../src/analysis/kineto/operators";

/** One step on a GPU: data, a linear layer, its backward in autograd's own thread, the optimizer; kernels come later. */
function gpuStep() {
  const host = (name: string, ts: number, dur: number, more: object = {}, cat = "cpu_op", tid = 1) => ({
    ...{ ph: "X", cat, name, pid: 10, tid, ts, dur },
    args: more,
  });
  const launch = (ts: number, correlation: number, tid = 1) =>
    host("cudaLaunchKernel", ts, 5, { correlation }, "cuda_runtime", tid);
  const kernel = (name: string, ts: number, dur: number, correlation: number, more: object = {}) => ({
    ...{ ph: "X", cat: "kernel", name, pid: 0, tid: 7, ts, dur },
    args: { device: 0, stream: 7, correlation, ...more },
  });
  const shapes = {
    "Input Dims": [[32, 64], [16, 64], [16]],
    "Input type": ["c10::BFloat16", "c10::BFloat16", "c10::BFloat16"],
    "Concrete Inputs": ["", "", ""],
  };
  return [
    host("ProfilerStep#3", 1000, 1000, {}, "user_annotation"),
    host("enumerate(DataLoader)#_SingleProcessDataLoaderIter.__next__", 1000, 100, {}, "user_annotation"),
    host("aten::stack", 1010, 20),
    host("nn.Module: Net_0", 1100, 200, {}, "python_function"),
    host("nn.Module: Linear_0", 1110, 180, {}, "python_function"),
    host("aten::linear", 1120, 160, { ...shapes, "Sequence number": 5, "Fwd thread id": 0 }),
    host("aten::addmm", 1130, 140, { "Sequence number": 5, "Fwd thread id": 0 }),
    launch(1140, 1),
    host("autograd::engine::evaluate_function: AddmmBackward0", 1400, 200, { "Sequence number": 5 }, "cpu_op", 2),
    host("AddmmBackward0", 1405, 190, { "Sequence number": 5 }, "cpu_op", 2),
    launch(1410, 2, 2),
    host("Optimizer.step#SGD.step", 1700, 100, {}, "user_annotation"),
    launch(1710, 3),
    host("train.py(3): main", 900, 1200, {}, "python_function"),
    { ph: "X", cat: "gpu_user_annotation", name: "ProfilerStep#3", pid: 0, tid: 7, ts: 1100, dur: 800, args: {} },
    { ph: "s", id: 1, cat: "ac2g", name: "ac2g", pid: 10, tid: 1, ts: 1140 },
    kernel("gemm", 1300, 60, 1),
    kernel("gemm_backward", 1600, 90, 2),
    kernel("ncclDevKernel_AllReduce_Sum_bf16_RING_LL(args)", 1690.5, 30, 99, { "Process Group Name": "dp" }),
    kernel("sgd", 1800, 40, 3),
  ];
}

function rowsOf(events: readonly unknown[]) {
  const kept = new KinetoEvents();
  for (const event of events) kept.add(event);
  return { kept, rows: [...importedTrace(kept, 1000, "/t.json").rows()] };
}

const ofKind = (rows: readonly (readonly unknown[])[], kind: string) => rows.filter(([name]) => name === kind);

describe("a trace of the PyTorch profiler on a GPU", () => {
  const { kept, rows } = rowsOf(gpuStep());

  it("has its step as an iteration, and the host's phases in it, backward from autograd's thread", () => {
    expect(ofKind(rows, "i")).toEqual([["i", 0, 3, 0, 0.001]]);
    expect(ofKind(rows, "s")).toEqual([
      ["s", "data", 3, 0, 0.0001, 0, 0],
      ["s", "forward", 3, 0.0001, 0.0002, 0, 0],
      ["s", "backward", 3, 0.0004, 0.0002, 0, 0],
      ["s", "optimizer", 3, 0.0007, 0.0001, 0, 0],
    ]);
  });

  it("has the device's spans in the phase of their launch, whenever they ran", () => {
    expect(ofKind(rows, "d")).toEqual([
      ["d", "forward", 3, 0, 0.0003, 0.00006, 0, 0],
      ["d", "backward", 3, 0, 0.0006, 0.00009, 0, 0],
      ["d", "other", 3, 0, 0.000691, 0.00003, 0, 0],
      ["d", "optimizer", 3, 0, 0.0008, 0.00004, 0, 0],
    ]);
  });

  it("gives a layer the time of the kernels that it launched, in both passes", () => {
    expect(ofKind(rows, "m")).toEqual([["m", 0, "Net_0.Linear_0", "Linear", "bfloat16", 1040, 2080, "", 0, "", 0, {}]]);
    const flops = 2 * 32 * 64 * 16;
    expect(ofKind(rows, "y")).toEqual([
      ["y", 0, "forward", 3, 1, 0.00006, flops, 4096, 1024, "bfloat16", [32, 64], [32, 16]],
      ["y", 0, "backward", 3, 1, 0.00009, 2 * flops, 5120, 4096, "bfloat16", [32, 16], [32, 64]],
    ]);
  });

  it("has collectives of the device, numbered so that every rank has the same number", () => {
    expect(ofKind(rows, "x")).toEqual([["x", "all_reduce", 3, 0.000691, 0.00003, "dp", 30_000, -1]]);
  });

  it("passes over Python frames, arrows and annotations of the device", () => {
    expect(kept.skipped).toBe(2);
    expect(ofKind(rows, "e")).toEqual([["e", 0.001]]);
  });

  it("comes out the same whatever the order of its events", () => {
    expect(rowsOf(gpuStep().reverse()).rows).toEqual(rows);
  });

  it("survives events that are malformed, and counts them", () => {
    const bad = [
      null,
      7,
      "X",
      { ph: "X" },
      { ph: "X", cat: "cpu_op", name: "a", ts: "1", dur: 2 },
      { ph: "X", cat: "cpu_op", name: "a", ts: Number.POSITIVE_INFINITY, dur: 2 },
      { ph: "X", cat: "cpu_op", name: "a", ts: 1, dur: -2 },
      {
        ph: "X",
        cat: "cpu_op",
        name: "aten::linear",
        ts: 1150,
        dur: 2,
        pid: 10,
        tid: 1,
        args: { "Input Dims": [[-1], "x", [1e300]] },
      },
    ];
    const found = rowsOf([...gpuStep(), ...bad]);
    expect(found.kept.skipped).toBe(2 + 7);
    expect(ofKind(found.rows, "y")).toEqual(ofKind(rows, "y"));
  });
});

const facts = (name: string, dims: unknown[], values: unknown[] = [], type = "float") =>
  operatorFacts(name, { dims, types: dims.map(() => type), values });

describe("what an operator computes", () => {
  it.each([
    ["aten::linear", [[8, 10, 64], [16, 64], [16]], [], 2 * 80 * 64 * 16, [8, 10, 16]],
    [
      "aten::mm",
      [
        [4, 5],
        [5, 6],
      ],
      [],
      2 * 4 * 5 * 6,
      [4, 6],
    ],
    [
      "aten::bmm",
      [
        [3, 4, 5],
        [3, 5, 6],
      ],
      [],
      2 * 3 * 4 * 5 * 6,
      [3, 4, 6],
    ],
    ["aten::addmm", [[6], [4, 5], [5, 6]], [], 2 * 4 * 5 * 6, [4, 6]],
    // A dense, a strided and a depthwise convolution.
    [
      "aten::conv2d",
      [[2, 3, 8, 8], [4, 3, 3, 3], [4]],
      ["", "", "", "[1, 1]", "[1, 1]", "[1, 1]", "1"],
      2 * 2 * 4 * 64 * 27,
      [2, 4, 8, 8],
    ],
    [
      "aten::conv2d",
      [[2, 3, 9, 9], [4, 3, 3, 3], []],
      ["", "", "", "[2, 2]", "[0, 0]", "[2, 2]", "1"],
      2 * 2 * 4 * 9 * 27,
      [2, 4, 3, 3],
    ],
    [
      "aten::conv2d",
      [[2, 6, 8, 8], [6, 1, 3, 3], []],
      ["", "", "", "[1, 1]", "[1, 1]", "[1, 1]", "6"],
      2 * 2 * 6 * 64 * 9,
      [2, 6, 8, 8],
    ],
    [
      "aten::conv2d",
      [[2, 3, 8, 8], [4, 3, 3, 3], []],
      ["", "", "", "[1]", "same", "[1]", "1"],
      2 * 2 * 4 * 64 * 27,
      [2, 4, 8, 8],
    ],
    [
      "aten::conv_transpose2d",
      [[2, 3, 4, 4], [3, 5, 2, 2], []],
      ["", "", "", "[2, 2]", "[0, 0]", "[0, 0]", "1", "[1, 1]"],
      2 * 2 * 3 * 16 * 5 * 4,
      [2, 5, 8, 8],
    ],
    [
      "aten::scaled_dot_product_attention",
      [
        [2, 8, 10, 64],
        [2, 8, 20, 64],
        [2, 8, 20, 64],
      ],
      [],
      4 * 16 * 10 * 20 * 64,
      [2, 8, 10, 64],
    ],
  ])("%s of %j", (name, dims, values, flops, outputShape) => {
    expect(facts(name, dims, values)).toMatchObject({ flops, outputShape });
  });

  it("reads and writes its tensors once, its weights apart", () => {
    expect(facts("aten::layer_norm", [[4, 64], [], [64], [64]], [], "c10::Half")).toMatchObject({
      ...{ type: "LayerNorm", inputBytes: 512, outputBytes: 512, parameters: 128, weightBytes: 256, dtype: "float16" },
    });
    const embedding = operatorFacts("aten::embedding", {
      ...{
        dims: [
          [1000, 8],
          [2, 5],
        ],
        types: ["float", "long int"],
        values: ["", "", "-1", "False", "False"],
      },
    });
    expect(embedding).toMatchObject({
      type: "Embedding",
      inputBytes: 80,
      outputBytes: 320,
      parameters: 8000,
      dtype: "float32",
    });
    expect(embedding).not.toHaveProperty("flops");
  });

  it("is not said where shapes are missing or do not fit", () => {
    expect(facts("aten::linear", [[8, 64]])).toBeUndefined();
    expect(
      facts("aten::mm", [
        [4, 5],
        [6, 6],
      ]),
    ).toBeUndefined();
    expect(facts("aten::linear", [[], []])).toBeUndefined();
    expect(facts("aten::relu", [])).toBeUndefined();
    expect(
      facts("aten::conv2d", [[1, 3, 2, 2], [4, 3, 9, 9], []], ["", "", "", "[1, 1]", "[0, 0]", "[1, 1]", "1"]),
    ).toBeUndefined();
    expect(facts("toString", [[1]])).toBeUndefined();
  });
});
