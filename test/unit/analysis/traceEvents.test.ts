import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type TraceEvent, traceEvents } from "../../../src/analysis/traceEvents";
import { readRun } from "../../../src/store/readRun";
import { encode, gpuDevice, manifestOf, packageDevice, samplesOf, traceHeader, writeRun } from "../store/everyRun";

const ids = [packageDevice.id, gpuDevice.id];

async function eventsOf(
  trace: unknown[],
  powerW: Record<string, number> = { [packageDevice.id]: 40, [gpuDevice.id]: 200 },
) {
  const samples = encode(samplesOf(10, powerW), ids);
  return [...traceEvents(await readRun(await writeRun({ manifest: manifestOf(), samples, trace })))];
}

/** What the format asks of the kinds of events that we write; where it says nothing, what Perfetto needs. */
function faultOf(events: readonly TraceEvent[]): string | undefined {
  const open = new Map<string, number[]>();
  const named = new Set<string>();
  for (const event of events) {
    const text = JSON.stringify(event);
    const { ph, name, pid, tid, ts, dur, args } = event;
    if (typeof name !== "string" || name === "") return `no name: ${text}`;
    if (!Number.isInteger(pid) || !Number.isInteger(tid)) return `no process or thread: ${text}`;
    if (ph === "M") {
      if (!/^(process|thread)_(name|sort_index)$/.test(name)) return `unknown metadata: ${text}`;
      const value = args?.[name.endsWith("name") ? "name" : "sort_index"];
      if (typeof value !== (name.endsWith("name") ? "string" : "number")) return `metadata without value: ${text}`;
      named.add(`${name}/${pid}/${name.startsWith("thread") ? tid : 0}`);
      continue;
    }
    if (!Number.isFinite(ts)) return `no time: ${text}`;
    if (!named.has(`process_name/${pid}/0`)) return `a process without a name: ${text}`;
    if (ph === "C") {
      if (args === undefined || !Object.values(args).every(Number.isFinite)) return `a counter without number: ${text}`;
      continue;
    }
    if (ph !== "X" || !(dur! >= 0)) return `neither counter nor complete event: ${text}`;
    if (!named.has(`thread_name/${pid}/${tid}`)) return `a thread without a name: ${text}`;
    // Complete events of a thread nest.
    const stack = open.get(`${pid}/${tid}`) ?? [];
    open.set(`${pid}/${tid}`, stack);
    while (stack.length > 0 && stack.at(-1)! <= ts! + 1e-6) stack.pop();
    if (stack.length > 0 && ts! + dur! > stack.at(-1)! + 1e-3) return `it crosses the one around it: ${text}`;
    stack.push(ts! + dur!);
  }
  return undefined;
}

const trace = [
  traceHeader,
  ["l", 0, "/p/train.py", 10, 20, "training", -1],
  ["p", "/p/train.py"],
  ["s", "data", 0, 1001, 0.01, 10, 0],
  ["s", "forward", 0, 1001.02, 0.03, 12, 0],
  ["i", 0, 0, 1001, 0.1],
  ["d", "forward", 0, 1, 1001.03, 0.02, 0, 0],
  ["x", "all_reduce", 0, 1001.06, 0.02, "dp", 4, 1024],
  ["x", "all_reduce", 0, 1001.07, 0.02, "dp", 5, 1024],
  ["g", "F", 0, 3, 0, 0, 1001.02, 0.01],
];

describe("a run as trace events", () => {
  it("has a track for iterations, phases, each device, collectives and the pipeline of a rank", async () => {
    const events = await eventsOf(trace);
    expect(faultOf(events)).toBeUndefined();
    const threads = events.filter(({ name }) => name === "thread_name").map(({ args }) => args!.name);
    expect(threads).toEqual([
      "iterations, training train.py:10",
      "phases",
      "device 1",
      "collectives",
      // Two that overlap do not nest.
      "collectives 2",
      "pipeline",
    ]);
    const forward = events.find(({ name, cat }) => name === "forward" && cat === "phases")!;
    expect(forward).toMatchObject({ ts: 1_020_000, dur: 30_000, args: { iteration: 0, line: "/p/train.py:12" } });
    expect(events.find(({ name }) => name === "F3")).toMatchObject({ args: { stage: 0, microbatch: 3 } });
  });

  it("has power and other readings as counters, with their source in the name", async () => {
    const events = await eventsOf(trace);
    const power = events.filter(({ name }) => name === "NVIDIA Test: power (measured)");
    expect(power.length).toBeGreaterThan(50);
    for (const { args } of power) expect(args!.W).toBeCloseTo(200, 6);
    expect(power[0]!.ts).toBe(0);
  });

  it("keeps to the format whatever the spans are", async () => {
    const time = fc.double({ min: 1000, max: 1009, noNaN: true });
    const span = fc.tuple(time, fc.double({ min: 0, max: 2, noNaN: true }));
    await fc.assert(
      fc.asyncProperty(fc.array(span, { maxLength: 40 }), fc.array(span, { maxLength: 40 }), async (spans, waits) => {
        const rows = [
          traceHeader,
          ...spans.map(([start, duration]) => ["s", "forward", -1, start, duration, 0]),
          ...waits.map(([start, duration], k) => ["x", "barrier", -1, start, duration, "", k, -1]),
        ];
        const events = await eventsOf(rows, { [packageDevice.id]: 1 });
        expect(faultOf(events)).toBeUndefined();
        expect(events.filter(({ ph }) => ph === "X").length).toBe(spans.length + waits.length);
      }),
      { numRuns: 30 },
    );
  });
});
