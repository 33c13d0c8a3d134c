import { describe, expect, it } from "vitest";
import { report } from "../../../src/analysis/report";
import { Chunks, iterationMessage } from "../../../src/editor/panels/run/chunks";
import { derive } from "../../../src/editor/panels/run/derived";
import { reportMarkdown } from "../../../src/editor/panels/run/markdown";
import { runView } from "../../../src/editor/panels/run/view";
import type { Run } from "../../../src/model/run";
import { readRun } from "../../../src/store/readRun";
import { encode, gpuDevice, manifestOf, packageDevice, samplesOf, traceHeader, writeRun } from "../store/everyRun";

/** Ten seconds of a program with fifty iterations, of which the first `iterations` are there. */
async function run({ iterations = 50, seconds = 10, ended = true } = {}): Promise<Run> {
  const rows: unknown[] = [
    traceHeader,
    ["l", 0, "/project/train.py", 12, 20, "training", -1],
    ["p", "/project/train.py"],
  ];
  for (let index = 0; index < iterations; index++) {
    const startS = 1001 + index * 0.17;
    rows.push(["s", "data", index, startS, 0.05, 12], ["s", "forward", index, startS + 0.05, 0.11, 13]);
    if (index === 25)
      rows.push(
        ["p", "/project/model.py"],
        ["s", "backward", index, startS + 0.16, 0.01, 4],
        ["p", "/project/train.py"],
      );
    rows.push(["i", 0, index, startS, 0.17]);
  }
  const ids = [packageDevice.id, gpuDevice.id];
  const samples = samplesOf(seconds, { [ids[0]!]: 40, [ids[1]!]: 100 });
  const { end, ...going } = manifestOf();
  const path = await writeRun({
    manifest: ended ? { ...going, end } : going,
    samples: encode(samples, ids),
    trace: rows,
  });
  return readRun(path);
}

describe("what a run panel is told", () => {
  it("comes in pieces that add up to what a panel opened later is told at once", async () => {
    const chunks = new Chunks();
    const early = chunks.next(await run({ iterations: 20, seconds: 4, ended: false }));
    const late = chunks.next(await run({ ended: false }));
    const whole = new Chunks().next(await run({ ended: false }));
    const points = (messages: typeof whole) =>
      messages
        .flatMap((message) => (message.type === "power" ? message.series : []))
        .filter(({ device }) => device === packageDevice.id)
        .flatMap(({ timeS }) => [...timeS]);
    const starts = (messages: typeof whole) =>
      messages.flatMap((message) => (message.type === "spans" ? [...message.chunk.startS] : []));
    expect([...points(early), ...points(late)]).toEqual(points(whole));
    expect([...starts(early), ...starts(late)]).toEqual(starts(whole));
    expect(points(early).length).toBeGreaterThan(30);
    expect(early.filter(({ type }) => type === "power")).toMatchObject([{ reset: true }]);
    expect(late.filter(({ type }) => type === "power")).toMatchObject([{ reset: false }]);
    expect(chunks.next(await run({ ended: false }))).toEqual([]);
  });

  it("sends its own memory and not all that lies in the same buffer", async () => {
    for (const message of new Chunks().next(await run())) {
      if (message.type === "spans")
        expect(message.chunk.startS.buffer.byteLength).toBe(message.chunk.startS.byteLength);
      if (message.type === "power")
        for (const { timeS } of message.series) expect(timeS.buffer.byteLength).toBe(timeS.byteLength);
    }
  });

  it("says of which file each span is", async () => {
    const spans = new Chunks()
      .next(await run())
      .flatMap((message) => (message.type === "spans" ? [message.chunk] : []));
    expect(spans.map(({ path }) => path)).toEqual(["/project/train.py", "/project/model.py", "/project/train.py"]);
    expect(spans.reduce((sum, { startS }) => sum + startS.length, 0)).toBe(101);
    expect([...spans[1]!.line]).toEqual([4]);
  });

  it("has the iterations of the loop with the energy of each", async () => {
    const message = iterationMessage(await run());
    if (message?.type !== "iterations") throw new Error("no iterations");
    expect(message.reset).toBe(true);
    expect(message.chunk.iteration.length).toBe(50);
    // 140 W over 0.17 s
    const known = [...message.chunk.energyJ].filter(Number.isFinite);
    for (const energyJ of known) expect(energyJ).toBeCloseTo(140 * 0.17, 0);
    expect(iterationMessage({ ...(await run()), traces: [] })).toBeUndefined();
  });

  it("names devices shortly, and the script by its file", async () => {
    const found = await run();
    const view = runView(found, derive(found));
    expect(view).toMatchObject({
      title: "train.py",
      command: "python train.py",
      state: "finished",
      exitCode: 0,
      path: found.path,
    });
    expect(view.devices.map(({ name }) => name)).toEqual(["package-0", "GPU 0"]);
    expect(view.report?.energyJ).toBeCloseTo(1400, -1);
    expect(runView({ ...found, labels: { lr: "1e-3" } }, undefined).label).toBe("lr=1e-3");
  });

  it("keeps the names of two devices apart that would be the same", async () => {
    const found = await run();
    const twin = { ...packageDevice, id: "rapl:1", name: "Xeon, package-0" };
    const devices = [packageDevice, twin];
    const view = runView({ ...found, manifest: { ...found.manifest, devices } }, undefined);
    expect(new Set(view.devices.map(({ name }) => name)).size).toBe(2);
  });

  it("is copied as Markdown that shows hostile text as text", async () => {
    const found = await run();
    const derived = report({ ...found, manifest: { ...found.manifest, argv: ["python", "[x](http://evil)|<b>.py"] } });
    const text = reportMarkdown(derived, undefined);
    expect(text).toContain("| package\\-0 | ");
    expect(text).not.toContain("[x](http://evil)");
    expect(text).not.toContain("<b>");
  });
});
