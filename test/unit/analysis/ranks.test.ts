import { describe, expect, it } from "vitest";
import { ranksOf, ranksOfDevice } from "../../../src/analysis/ranks";
import type { Device } from "../../../src/model/device";
import type { Run } from "../../../src/model/run";
import type { Trace } from "../../../src/model/trace";
import { gpuDevice, manifestOf, packageDevice, traceHeader } from "../store/everyRun";

const traceOf = (header: Partial<Trace["header"]>, spans = 5): Trace =>
  ({
    header: { ...traceHeader, ...header },
    spans: { phase: new Uint8Array(spans) },
    iterations: { loop: new Uint16Array(0) },
  }) as unknown as Trace;

const runOf = (traces: readonly Trace[], bootId?: string): Run =>
  ({ manifest: manifestOf(bootId === undefined ? {} : { bootId }), traces }) as unknown as Run;

const numbers = (traces: readonly Trace[], bootId?: string) => ranksOf(runOf(traces, bootId)).map(({ rank }) => rank);

describe("the ranks of a run", () => {
  it("are those that did something, in order, each once though it was started twice", () => {
    const traces = [2, 0, 1, 0].map((rank, k) => traceOf({ rank, pid: 70 + k, worldSize: 3 }));
    expect(numbers([...traces, traceOf({ rank: 7 }, 0)])).toEqual([0, 1, 2]);
    expect(ranksOf(runOf(traces))[0]!.traces).toHaveLength(2);
  });

  it("are one without a number where there is a single process, or several that are no ranks", () => {
    expect(numbers([traceOf({ rank: 0 })])).toEqual([undefined]);
    expect(numbers([traceOf({ rank: -1 }), traceOf({ rank: -1 }, 9)])).toEqual([undefined]);
    expect(numbers([])).toEqual([]);
  });

  it("leave those on other nodes to their own meters", () => {
    const traces = [
      traceOf({ rank: 0, bootId: "here", worldSize: 2 }),
      traceOf({ rank: 1, bootId: "elsewhere", worldSize: 2 }, 50),
    ];
    expect(numbers(traces, "here")).toEqual([0]);
  });
});

describe("whose a device is", () => {
  const ranks = [0, 1].map((rank) => ({ rank, traces: [traceOf({ rank, localRank: 1 - rank })] }));
  const gpus: Device[] = [0, 1].map((k) => ({ ...gpuDevice, id: `gpu-${k}` }));

  it("is told by local ranks where there are as many GPUs as ranks", () => {
    expect(gpus.map((gpu) => ranksOfDevice(gpu, gpus, ranks))).toEqual([[1], [0]]);
  });

  it("is everybody's otherwise", () => {
    expect(ranksOfDevice(packageDevice, [packageDevice, ...gpus], ranks)).toEqual([0, 1]);
    expect(ranksOfDevice(gpus[0]!, gpus.slice(0, 1), ranks)).toEqual([0, 1]);
  });
});
