import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { bloatCommand } from "../../../src/cli/bloat";
import type { BloatReport } from "../../../src/model/bloat";
import { check, goldenCases } from "../analysis/bloat/independent";

const folder = mkdtempSync(join(tmpdir(), "wattline-bloat-"));
const fixture = (name: string) => join(process.cwd(), "test/fixtures/bloat", `${name}.json`);

async function run(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  let [out, err] = ["", ""];
  const code = await bloatCommand.run(args, {
    stdout: (text) => (out += text),
    stderr: (text) => (err += text),
    env: {},
  });
  return { code, out, err };
}

const json = async (...args: string[]) => JSON.parse((await run(...args, "--json")).out) as BloatReport;

describe("wattline bloat", () => {
  const small = goldenCases().filter(({ expected }) => expected.operations <= 300);

  it.each(small.map(({ name }) => name))("prints a report a person can act on for %s", async (name) => {
    const { code, out, err } = await run(fixture(name));
    expect(code).toBe(0);
    expect(err).toBe("");
    expect(out).toMatch(/% of an iteration's energy \(.*J\) buys no speed/);
    expect(out).toContain("Plan for");
    expect(out).toContain("clock proposed");
    expect(out).not.toMatch(/NaN|undefined|Infinity/);
    expect(Math.max(...out.split("\n").map((line) => [...line].length))).toBeLessThanOrEqual(110);
  });

  it("answers in JSON with plans that an independent schedule confirms", async () => {
    const golden = small.find(({ name }) => name === "a100_4x8_1f1b")!;
    const report = await json(fixture(golden.name), "--at", "2.72", "--straggler", "1.2x");
    expect(report.schema).toBe("wattline.bloat/1");
    expect(report.plan.deadlineS).toBe(2.72);
    expect(report.extrinsic!.stragglerTimeS).toBeCloseTo(1.2 * report.minimumTimeS, 9);
    expect(check(golden, report.plan.operations, 2.72).energyJ).toBeCloseTo(report.plan.energyJ, 6);
    expect(report.frontier.filter(({ realizedTimeS }) => realizedTimeS !== undefined)).toHaveLength(200);
    expect(report.solver.elapsedS).toBeGreaterThan(0);
  });

  it("plans for the minimum time where no other is asked for", async () => {
    const report = await json(fixture("tiny_graph"));
    expect(report.plan.deadlineS).toBe(report.minimumTimeS);
    expect(report.baseline.energyJ - report.plan.energyJ).toBeCloseTo(report.intrinsic.energyJ, 9);
    expect(report.plan.operations[0]).not.toHaveProperty("frequencyMhz");
  });

  it("writes the plan in each form, and compares one that exists", async () => {
    for (const name of ["plan.json", "plan.csv", "plan.py", "plan.sh", "plan.tsv"]) {
      const path = join(folder, name);
      expect((await run(fixture("tiny_pipeline"), "--at", "1.1", "--plan", path)).code).toBe(0);
      const wanted = { "plan.json": /"operations"/, "plan.sh": /^nvidia-smi -i 1 -lgc \d+,\d+/m }[name] ?? /forward/;
      expect(readFileSync(path, "utf8")).toMatch(wanted);
      if (!/csv|py/.test(name)) continue;
      expect((await run(fixture("tiny_pipeline"), "--compare", path)).out).toMatch(/takes 1\.1.* s and 39\d J/);
    }
    await expect(run(fixture("tiny_pipeline"), "--plan", join(folder, "plan.txt"))).rejects.toThrow(
      ".json, .csv, .py, .sh or .tsv",
    );
    await expect(run(fixture("tiny_graph"), "--plan", join(folder, "no.py"))).rejects.toThrow("a graph has no stages");
  });

  it("reads a table of clocks with what the table does not say", async () => {
    const path = join(folder, "profile.csv");
    const rows = ["stage,instruction,frequency,time,energy"];
    for (const [instruction, scale] of [
      ["forward", 1],
      ["backward", 2],
    ] as const) {
      for (const stage of [0, 1])
        rows.push(
          `${stage},${instruction},1410,${0.1 * scale},${40 * scale}`,
          `${stage},${instruction},900,${0.14 * scale},${30 * scale}`,
        );
    }
    writeFileSync(path, rows.join("\n"));
    const report = await json(path, "--microbatches", "4", "--blocking-power", "75", "--schedule", "gpipe");
    expect(report.operations).toBe(16);
    await expect(run(path)).rejects.toThrow("add --microbatches N");
    await expect(run(path, "--schedule", "zigzag")).rejects.toThrow("--schedule takes 1f1b");
  });

  it("joins several tables of one pipeline, and says in which file a row is wrong", async () => {
    const rows = (timeS: number) =>
      ["forward", "backward"].map((instruction) => `0,${instruction},1410,${timeS},${100 * timeS}`);
    const files = [0.1, 0.3].map((timeS, k) => {
      const path = join(folder, `rank-${k}.csv`);
      writeFileSync(path, ["stage,instruction,frequency,time,energy", ...rows(timeS)].join("\n"));
      return path;
    });
    const settings = ["--microbatches", "2", "--blocking-power", "75"];
    const report = await json(...files, ...settings);
    // The mean of the two, twice forward and twice backward.
    expect(report.minimumTimeS).toBeCloseTo(0.8, 9);
    const bad = join(folder, "bad.csv");
    writeFileSync(bad, "stage,instruction,frequency,time,energy\n0,forward,1410,x,1");
    await expect(run(files[0]!, bad, ...settings)).rejects.toThrow(`${bad} cannot be read: line 2: time is no number`);
    await expect(run(files[0]!, fixture("tiny_graph"))).rejects.toThrow("Name one profile");
  });

  it("refuses bad input with a sentence that names the file and the fault, and prints nothing", async () => {
    const bad = join(folder, "bad.pipeline.json");
    const option = { timeS: 1, energyJ: 1 };
    const operations = [
      { id: "a", options: [option], after: ["b"] },
      { id: "b", options: [option], after: ["a"] },
    ];
    writeFileSync(bad, JSON.stringify({ kind: "graph", operations }));
    await expect(run(bad)).rejects.toThrow(`${bad} cannot be read: operations: these wait for each other in a circle`);
    await expect(run()).rejects.toThrow("Name one profile");
    await expect(run(fixture("tiny_graph"), "--at", "1")).rejects.toThrow("less than the minimum time");
    await expect(run(fixture("tiny_graph"), "--straggler", "0.5x")).rejects.toThrow(
      "--straggler takes a number from 1",
    );
  });
});
