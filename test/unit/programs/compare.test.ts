import { describe, expect, it } from "vitest";
import type { Comparison } from "../../../src/model/compare";
import { encode, gpuDevice, manifestOf, packageDevice, samplesOf, traceHeader, writeRun } from "../store/everyRun";
import { newFolder, wattline } from "./wattline";

/** Ninety iterations of `iterationS`, four samples each, of a model of so many parameters. */
function runOf(
  name: string,
  { powerW, iterationS, parameters }: { powerW: number; iterationS: number; parameters: number },
) {
  const rows: unknown[] = [traceHeader, ["l", 0, "/p/train.py", 10, 20, "training", -1]];
  for (let k = 0; k < 90; k++) rows.push(["i", 0, k, 1000.2 + k * iterationS, iterationS]);
  rows.push(["c", "parameters", 1000.1, parameters]);
  rows.push(["c", "samples", 1000.2, 4], ["c", "samples", 1000.2 + 89 * iterationS, 4 * 90]);
  const samples = encode(samplesOf(10, { [packageDevice.id]: powerW }), [packageDevice.id, gpuDevice.id]);
  return writeRun({ manifest: manifestOf({ devices: [packageDevice], labels: { name } }), samples, trace: rows });
}

describe("wattline compare", () => {
  it("puts runs side by side, flags those whose indicators disagree, and orders them by one", async () => {
    const small = await runOf("small", { powerW: 90, iterationS: 0.1, parameters: 1e6 });
    const large = await runOf("large", { powerW: 60, iterationS: 0.08, parameters: 2e6 });
    const { code, stdout } = await wattline(["compare", small, large, "--json"]).ended;
    expect(code).toBe(0);
    const found = JSON.parse(stdout) as Comparison;
    expect(found.schema).toBe("wattline.compare/1");
    expect(found.runs.map(({ name }) => name)).toEqual(["small", "large"]);
    // 90 W for 0.1 s and 4 samples.
    expect(found.runs[0]!.values.energy!.value).toBeCloseTo(2.25, 1);
    expect(found.contradictions).toEqual([
      { runs: [0, 1], firstBetter: ["parameters"], secondBetter: ["latency", "throughput", "energy"] },
    ]);
    const table = await wattline(["compare", small, large, "--by", "energy"]).ended;
    expect(table.stdout.split("\n")[1]).toMatch(/^large /);
    expect(table.stdout).toContain("not about efficiency");
  });

  it("refuses one run, an unknown indicator and a folder that is no run", async () => {
    const run = await runOf("one", { powerW: 90, iterationS: 0.1, parameters: 1e6 });
    expect(await wattline(["compare", run]).ended).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("two run folders"),
    });
    const unknown = await wattline(["compare", run, run, "--by", "beauty"]).ended;
    expect(unknown).toMatchObject({ code: 2, stderr: expect.stringContaining('not "beauty"') });
    const none = await wattline(["compare", run, newFolder()]).ended;
    expect(none).toMatchObject({ code: 2, stderr: expect.stringContaining("not a run folder") });
  });
});
