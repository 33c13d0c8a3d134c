import { createHash } from "node:crypto";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { bloatTitle, LoopResults, resultTitle } from "../../../src/editor/codeLens/results";
import { Starts } from "../../../src/editor/profile/starts";
import { readSummary } from "../../../src/store/readSummary";
import { listRuns } from "../../../src/store/runs";
import { manifestOf, writeRun } from "../store/everyRun";

const text = "for x in loader:\n    step(x)\n";

function summaryOf(path: string, energyPerIterationJ: number, line = 12) {
  return JSON.stringify({
    schema: "wattline.report/1",
    run: {
      id: "a",
      path: "/a",
      argv: ["python", "train.py"],
      startedAt: "2026-11-24T12:04:31Z",
      durationS: 10,
      state: "finished",
    },
    energyJ: 410,
    standardErrorJ: 1,
    devices: [{ id: "a", kind: "cpu", name: "a", meter: "rapl", source: "measured", counted: true, energyJ: 410 }],
    phases: [{ phase: "data", energyJ: 86, standardErrorJ: 2, durationS: 2, averagePowerW: 43, spans: 50 }],
    other: { energyJ: 324, durationS: 8 },
    iterations: {
      count: 50,
      excluded: { warmUp: 1, outliers: 0 },
      energyPerIterationJ,
      standardErrorJ: 0.1,
      loop: { path, line, endLine: line + 5 },
    },
    self: { cpuTimeS: 1, residentBytes: 9e7, polls: 1000 },
    warnings: [],
  });
}

async function folder() {
  const root = mkdtempSync(join(tmpdir(), "wattline-results-"));
  const file = join(root, "train.py");
  writeFileSync(file, text);
  const script = { path: file, sha256: createHash("sha256").update(text).digest("hex") };
  const add = (name: string, startedAt: string, energyPerIterationJ: number, line?: number) =>
    writeRun(
      {
        manifest: manifestOf({ startedAt, script }),
        files: { "summary.json": summaryOf(file, energyPerIterationJ, line) },
      },
      name,
      root,
    );
  return { root, file, add };
}

describe("what the last run of a loop used", () => {
  it("is said above the loop, newest run first", async () => {
    const { root, file, add } = await folder();
    await add("older", "2026-11-24T10:00:00Z", 100);
    const newer = await add("newer", "2026-11-24T12:00:00Z", 182);
    const results = await new LoopResults().of(await listRuns(root), file, [12, 40], false);
    expect(results.get(12)).toEqual({ run: newer, parts: ["182 J/iter", "41.0 W", "data wait 21 %"], stale: false });
    expect(results.has(40)).toBe(false);
    expect(resultTitle(results.get(12)!)).toBe("$(zap) 182 J/iter · 41.0 W · data wait 21 %");
  });

  it("has a line of its own for the bloat, where the report knows of some", async () => {
    const { root, file, add } = await folder();
    const path = await add("run", "2026-11-24T12:00:00Z", 182);
    const summary = JSON.parse(summaryOf(file, 182)) as object;
    const told = async (bloat: unknown) => {
      writeFileSync(join(path, "summary.json"), JSON.stringify({ ...summary, bloat }));
      const results = await new LoopResults().of(await listRuns(root), file, [12], false);
      return results.get(12) && bloatTitle(results.get(12)!);
    };
    expect(await told({ energyJ: 57.4, share: 0.14 })).toBe("$(flame) bloat 14 %");
    expect(await told({ energyJ: 0.1, share: 0.0002 })).toBeUndefined();
    expect(await told(undefined)).toBeUndefined();
  });

  it("is marked once the file has been changed, and stays with the nearest loop", async () => {
    const { root, file, add } = await folder();
    await add("run", "2026-11-24T12:00:00Z", 182);
    writeFileSync(file, `import os\n${text}`);
    const results = await new LoopResults().of(await listRuns(root), file, [13, 40], false);
    expect(results.get(13)?.stale).toBe(true);
    expect(resultTitle(results.get(13)!)).toMatch(/\(before edit\)$/);
    const unsaved = await new LoopResults().of(await listRuns(root), file, [12], true);
    expect(unsaved.get(12)?.stale).toBe(true);
  });

  it("is not said of another file's loop, nor from a report that is none", async () => {
    const { root, file, add } = await folder();
    const path = await add("run", "2026-11-24T12:00:00Z", 182);
    expect(await new LoopResults().of(await listRuns(root), "/elsewhere/train.py", [12], false)).toEqual(new Map());
    writeFileSync(join(path, "summary.json"), '{ "schema": "wattline.report/1", "energyJ": "much" }');
    expect(await readSummary(path)).toBeUndefined();
    expect(await new LoopResults().of(await listRuns(root), file, [12], false)).toEqual(new Map());
  });
});

describe("the starts that the editor made", () => {
  it("are known to go on while their process lives, over a reload", async () => {
    const storage = mkdtempSync(join(tmpdir(), "wattline-starts-"));
    const before = new Starts(storage);
    const start = before.next();
    await before.note(start, process.pid);
    const after = new Starts(storage);
    expect(await after.goesOn(start)).toBe(true);
    expect(await after.goesOn(after.next())).toBe(false);
  });

  it("are over when their process is gone, or its number belongs to another", async () => {
    const storage = mkdtempSync(join(tmpdir(), "wattline-starts-"));
    const starts = new Starts(storage);
    writeFileSync(join(storage, "gone.json"), JSON.stringify({ pid: 2 ** 22 + 1, ticks: 5 }));
    writeFileSync(join(storage, "reused.json"), JSON.stringify({ pid: process.pid, ticks: 1 }));
    writeFileSync(join(storage, "broken.json"), "{");
    for (const name of ["gone", "reused", "broken", "../../etc/passwd"])
      expect(await starts.goesOn(name), name).toBe(false);
  });
});
