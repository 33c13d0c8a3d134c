import { execFileSync } from "node:child_process";
import { appendFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { bootId, startTicksOf } from "../../../src/store/manifest";
import { readRun } from "../../../src/store/readRun";
import { RunTail } from "../../../src/store/tail";
import { encode, gpuDevice, manifestOf, packageDevice, samplesOf, traceHeader, writeRun } from "./everyRun";

const ids = [packageDevice.id, gpuDevice.id];
const samples = encode(samplesOf(10, { [packageDevice.id]: 40, [gpuDevice.id]: 200 }), ids);
const trace = [
  traceHeader,
  ["l", 0, "/home/someone/project/train.py", 10, 20, "training", -1],
  ["p", "/home/someone/project/train.py"],
  ["s", "data", 0, 1001, 0.01, 10],
  ["s", "augment", 0, 1001.01, 0.02, 11],
  ["i", 0, 0, 1001, 0.1],
  ["c", "parameters", 1001.5, 12345],
  ["o", 100, 0.001],
  ["x", "a row of a later version"],
  ["e", 1009],
];

describe("a run folder", () => {
  it("is read: manifest, samples by device, trace in times since the run's start", async () => {
    const run = await readRun(await writeRun({ manifest: manifestOf(), samples, trace }));
    expect(run.state).toBe("finished");
    expect(run.durationS).toBe(10);
    const gpu = run.samples.get(gpuDevice.id)!;
    expect(gpu.timeS.length).toBe(101);
    expect(gpu.energyJ.at(-1)).toBeCloseTo(2000, 6);
    expect(Number.isNaN(gpu.utilization[0]!)).toBe(true);
    const [first] = run.traces;
    expect(first!.spans.startS[0]).toBeCloseTo(1, 6);
    expect(first!.phaseNames[first!.spans.phase[1]!]).toBe("augment");
    expect(first!.iterations.durationS[0]).toBe(0.1);
    expect(first!.endS).toBeCloseTo(9, 6);
    expect(first!.overhead).toEqual({ calls: 100, seconds: 0.001 });
    expect(first!.counters).toEqual([{ name: "parameters", timeS: 1.5, value: 12345 }]);
    expect(run.faults).toEqual([]);
  });

  it("tells what a call of the tracer costs without what its start cost", async () => {
    const rows = [traceHeader, ["o", 10, 0.02], ["o", 1010, 0.025]];
    const [read] = (await readRun(await writeRun({ manifest: manifestOf(), trace: rows }))).traces;
    expect(read!.overhead!.secondsACall).toBeCloseTo(5e-6, 12);
  });

  it("without an end whose recorder is gone is interrupted and still opens", async () => {
    const { end: _, ...unfinished } = manifestOf();
    const run = await readRun(
      await writeRun({ manifest: unfinished, samples: samples.subarray(0, samples.length - 300) }),
    );
    expect(run.state).toBe("interrupted");
    expect(run.durationS).toBeGreaterThan(9);
  });

  it("without an end whose recorder lives is running, and a pid that was used again is not taken for it", async () => {
    const { end: _, ...unfinished } = manifestOf();
    const boot = await bootId();
    const ticks = (await startTicksOf(process.pid))!;
    const recorder = { pid: process.pid, startTicks: ticks, version: "0.1.0" };
    const running = await readRun(await writeRun({ manifest: { ...unfinished, bootId: boot, recorder } }));
    expect(running.state).toBe("running");
    const reused = { ...recorder, startTicks: ticks - 1 };
    const other = await readRun(await writeRun({ manifest: { ...unfinished, bootId: boot, recorder: reused } }));
    expect(other.state).toBe("interrupted");
    const rebooted = await readRun(await writeRun({ manifest: { ...unfinished, bootId: "before", recorder } }));
    expect(rebooted.state).toBe("interrupted");
  });

  it("is as long as what its own node tells, where a process of another node wrote into it too", async () => {
    const { end: _, ...unfinished } = manifestOf({ bootId: "here" });
    const elsewhere = [{ ...traceHeader, bootId: "elsewhere" }, ["i", 0, 0, 9_000_000, 0.1]];
    const run = await readRun(await writeRun({ manifest: unfinished, samples, trace: elsewhere }));
    expect(run.durationS).toBeLessThan(20);
    expect(run.traces).toHaveLength(1);
  });

  it("is followed as it grows", async () => {
    const path = await writeRun({ manifest: manifestOf() });
    const tail = new RunTail(path);
    expect((await tail.poll()).changed).toBe(true);
    expect((await tail.poll()).changed).toBe(false);
    appendFileSync(join(path, "samples.arrow"), samples.subarray(0, 3000));
    appendFileSync(join(path, "trace", "rank-0-77.jsonl"), `${JSON.stringify(traceHeader)}\n["i",0,0,10`);
    expect((await tail.poll()).changed).toBe(true);
    const before = tail.run.samples.get(gpuDevice.id)!.timeS.length;
    expect(before).toBeGreaterThan(0);
    expect(tail.run.traces[0]!.iterations.iteration.length).toBe(0);
    appendFileSync(join(path, "samples.arrow"), samples.subarray(3000));
    appendFileSync(join(path, "trace", "rank-0-77.jsonl"), "01.5,0.25]\n");
    await tail.poll();
    expect(tail.run.samples.get(gpuDevice.id)!.timeS.length).toBe(101);
    expect(tail.run.traces[0]!.iterations.durationS[0]).toBe(0.25);
  });

  it.each([
    ["no JSON", "{", /run\.json cannot be read: it is not JSON/],
    ["another version", { ...manifestOf(), schema: "wattline.run/9" }, /wattline\.run\/9.*reads wattline\.run\/1/],
    [
      "a device of no known kind",
      { ...manifestOf(), devices: [{ ...gpuDevice, kind: "toaster" }] },
      /devices\.0\.kind/,
    ],
    ["a time that is no number", { ...manifestOf(), startedMonotonicS: "soon" }, /startedMonotonicS/],
  ])("whose manifest is %s is refused with the file and the fault", async (_, manifest, message) => {
    await expect(readRun(await writeRun({ manifest }))).rejects.toThrow(message);
  });

  it("that is none says so", async () => {
    await expect(readRun("/nowhere/at/all")).rejects.toThrow("/nowhere/at/all is not a run folder");
  });

  it("with a broken samples file or trace keeps the rest and names what is broken", async () => {
    const path = await writeRun({ manifest: manifestOf(), samples, trace: [{ schema: "wattline.trace/2" }] });
    const run = await readRun(path);
    expect(run.samples.size).toBe(2);
    expect(run.traces).toEqual([]);
    expect(run.faults.join()).toMatch(/rank-0-77\.jsonl.*wattline\.trace\/2/);
  });

  it("with a broken list of processes keeps the rest and names it", async () => {
    const files = { "processes.arrow": Buffer.from("no Arrow stream at all, but long enough to be looked at") };
    const run = await readRun(await writeRun({ manifest: manifestOf(), samples, files }));
    expect(run.samples.size).toBe(2);
    expect(run.processes?.size).toBe(0);
    expect(run.faults.join()).toMatch(/processes\.arrow/);
  });

  it("whose samples are damaged in the middle keeps what stands before, and says so", async () => {
    const damaged = Buffer.from(samples);
    damaged.fill(0x5a, 20_000, 24_000);
    const run = await readRun(await writeRun({ manifest: manifestOf(), samples: damaged }));
    expect(run.faults.join()).toMatch(/samples\.arrow cannot be read: .*damaged/);
    const rows = run.samples.get(gpuDevice.id)!.timeS.length;
    expect(rows).toBeGreaterThan(10);
    expect(rows).toBeLessThan(101);
  });

  it("whose samples are a pipe is not waited for", async () => {
    const path = await writeRun({ manifest: manifestOf() });
    execFileSync("mkfifo", [join(path, "samples.arrow")]);
    const run = await readRun(path);
    expect(run.faults.join()).toMatch(/no regular file/);
    rmSync(path, { recursive: true });
  });

  it("survives rows with hostile values", async () => {
    const hostile = [
      ["s", "data", 0, null, 1, 1],
      ["s", "data", -5, 1001, 0.1, 1],
      ["s", 5, 0, 1001, 0.1, 1],
      ["s", "data", 0, 1001, -1, 1],
      ["i", 0.5, 0, 1001, 1],
      ["l", 0, "x", 20, 10, "training", -1],
      ["l", 0, "x", 1, 10, "cooking", -1],
      ["a", 0, 0, 5, 1001, 1, null],
      "no array",
      null,
      {},
      ["__proto__"],
    ];
    const run = await readRun(await writeRun({ manifest: manifestOf(), trace: [traceHeader, ...hostile] }));
    expect(run.traces[0]!.spans.phase.length).toBe(0);
    expect(run.traces[0]!.iterations.loop.length).toBe(0);
    expect(run.traces[0]!.loops).toEqual([]);
    expect(run.faults).toEqual([]);
  });

  it("refuses a trace line without an end", async () => {
    const path = await writeRun({ manifest: manifestOf() });
    writeFileSync(join(path, "trace", "rank-0-1.jsonl"), "x".repeat(100_000));
    expect((await readRun(path)).faults.join()).toMatch(/rank-0-1\.jsonl.*has no end/);
  });
});
