import { readFileSync } from "node:fs";
import { join } from "node:path";
import { tableFromIPC } from "apache-arrow";
import { expect, it } from "vitest";
import type { Report } from "../../../src/model/report";
import { readRun } from "../../../src/store/readRun";
import { FakeNvml } from "../../fixtures/fake-nvml/scenario";
import { newFolder, onlyRun, wattline } from "./wattline";

it("a run on a GPU that two processes use says what share of its time each had, and nothing of a divided one", async () => {
  const processes = [
    { pid: 41_001, sm: 60, memory: 10, bytes: 2e9 },
    { pid: 41_002, sm: 20, memory: 10, bytes: 1e9 },
  ];
  const power = [{ atS: 0, watts: 150 }];
  const fake = new FakeNvml({
    gpus: [
      { power, processes },
      { power, processes, migSlices: 2 },
    ],
  });
  try {
    const cwd = newFolder();
    await wattline(["run", "--json=report.json", "--", "sleep", "3"], { cwd, env: fake.env }).ended;
    const report = JSON.parse(readFileSync(join(cwd, "report.json"), "utf8")) as Report;
    const [whole, divided] = report.devices.filter(({ kind }) => kind === "gpu");
    expect(whole!.usedBy).toEqual([
      { pid: 41_001, share: expect.closeTo(0.75) },
      { pid: 41_002, share: expect.closeTo(0.25) },
    ]);
    expect(divided!.usedBy).toBeUndefined();
    const run = await readRun(onlyRun(cwd));
    const ofDivided = run.processes!.get(divided!.id)!;
    expect([...ofDivided.utilization].every(Number.isNaN)).toBe(true);
    expect(new Set(ofDivided.memoryBytes)).toEqual(new Set([2e9, 1e9]));
    // Other programs open the file too.
    const table = tableFromIPC(readFileSync(join(onlyRun(cwd), "processes.arrow")));
    expect(table.schema.names).toEqual(["time_s", "device", "pid", "utilization", "memory_bytes"]);
    expect(table.get(0)?.toJSON()).toMatchObject({ device: whole!.id, pid: 41_001, memory_bytes: 2e9 });
  } finally {
    fake.dispose();
  }
});
