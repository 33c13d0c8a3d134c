import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import type { TraceEvent } from "../../../src/analysis/traceEvents";
import { encode, gpuDevice, manifestOf, packageDevice, samplesOf, traceHeader, writeRun } from "../store/everyRun";
import { newFolder, wattline } from "./wattline";

describe("wattline export --perfetto", () => {
  const ids = [packageDevice.id, gpuDevice.id];
  const samples = encode(samplesOf(10, { [packageDevice.id]: 40, [gpuDevice.id]: 200 }), ids);
  const trace = [traceHeader, ["s", "forward", -1, 1001, 0.5, 0]];

  it("writes JSON that a reader of the format takes, also packed, and replaces what it wrote before", async () => {
    const run = await writeRun({ manifest: manifestOf(), samples, trace });
    const folder = newFolder();
    for (const name of ["run.json", "run.json", "run.json.gz"]) {
      const { code, stdout } = await wattline(["export", run, "--perfetto", join(folder, name)]).ended;
      expect(code).toBe(0);
      expect(stdout).toContain("ui.perfetto.dev");
      const bytes = readFileSync(join(folder, name));
      const { traceEvents, displayTimeUnit } = JSON.parse(
        (name.endsWith("gz") ? gunzipSync(bytes) : bytes).toString(),
      ) as {
        traceEvents: TraceEvent[];
        displayTimeUnit: string;
      };
      expect(displayTimeUnit).toBe("ms");
      expect(traceEvents.filter(({ ph }) => ph === "X").map(({ name }) => name)).toEqual(["forward"]);
      expect(traceEvents.filter(({ name }) => name === "package-0: power (measured)").length).toBeGreaterThan(50);
    }
  });

  it("says what is wrong with a place that cannot be written, a folder that is no run, and missing words", async () => {
    const run = await writeRun({ manifest: manifestOf(), samples, trace });
    const file = join(newFolder(), "file");
    writeFileSync(file, "");
    const unwritable = await wattline(["export", run, "--perfetto", join(file, "out.json")]).ended;
    expect(unwritable).toMatchObject({ code: 2, stderr: expect.stringContaining("cannot be written") });
    const noRun = await wattline(["export", newFolder(), "--perfetto", "out.json"]).ended;
    expect(noRun).toMatchObject({ code: 2, stderr: expect.stringContaining("not a run folder") });
    expect((await wattline(["export", run]).ended).stderr).toContain("--perfetto OUT.json");
  });
});
