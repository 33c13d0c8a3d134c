import { execFile } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { gunzipSync } from "node:zlib";
import { beforeAll, describe, expect, it } from "vitest";
import type { GapReport } from "../../../src/model/gap";
import type { Trace } from "../../../src/model/trace";
import { readRun } from "../../../src/store/readRun";
import { hasPython } from "../analysis/quantization/python";
import { newFolder, wattline } from "./wattline";

const make = resolve("test/fixtures/kineto/make.py");
/** As many as make.py profiles. */
const steps = 4;

interface Answer {
  readonly schema: string;
  readonly run: { readonly id: string; readonly path: string };
  readonly ranks: number;
  readonly iterations: number;
  readonly layers: number;
  readonly spans: number;
  readonly skipped: number;
  readonly stragglers: readonly { readonly rank: number; readonly waitingOfOthersS: number }[];
}

describe.skipIf(!hasPython("torch"))("wattline import", () => {
  const folder = newFolder();
  const at = (name: string) => join(folder, name);
  const python = (...args: string[]) =>
    promisify(execFile)(".venv/bin/python", [make, folder, ...args], { env: { ...process.env, OMP_NUM_THREADS: "1" } });

  async function imported(...names: string[]) {
    const { code, stdout, stderr } = await wattline(["import", ...names.map(at), "--json"], { cwd: newFolder() }).ended;
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const answer = JSON.parse(stdout) as Answer;
    expect(answer.schema).toBe("wattline.import/1");
    return { answer, run: await readRun(answer.run.path) };
  }

  const phasesOf = ({ spans, phaseNames }: Trace, iteration: number) =>
    [...spans.phase.keys()].flatMap((row) =>
      spans.iteration[row] === iteration ? [phaseNames[spans.phase[row]!]!] : [],
    );

  beforeAll(async () => {
    await Promise.all([python(), python("0"), python("1")]);
  }, 120_000);

  it("makes a run of a profile with modules: iterations, phases and a layer table with PyTorch's own FLOPs", async () => {
    const truth = JSON.parse(readFileSync(at("truth.json"), "utf8")) as { forwardFlops: number; parameters: number };
    const { answer, run } = await imported("modules.json.gz");
    expect(answer).toMatchObject({ ranks: 1, iterations: steps, layers: 5 });
    expect(run).toMatchObject({ state: "finished", faults: [] });
    expect(Math.abs(Date.parse(run.manifest.startedAt) - Date.now())).toBeLessThan(3600e3);
    const [trace] = run.traces;
    expect([...trace!.iterations.iteration]).toEqual([2, 3, 4, 5]);
    for (const iteration of [2, 3, 4, 5]) {
      expect(phasesOf(trace!, iteration)).toEqual(["data", "forward", "backward", "optimizer"]);
    }
    expect(trace!.layers!.map(({ name }) => name)).toEqual([
      ...["Net_0.Conv2d_0", "Net_0.BatchNorm2d_0", "Net_0.Sequential_0.Linear_0"],
      ...["Net_0.Sequential_0.ReLU_0", "Net_0.Sequential_0.Linear_1"],
    ]);
    expect(trace!.layers!.reduce((sum, { parameters }) => sum + parameters, 0)).toBe(truth.parameters);
    const ofPass = (pass: string) => trace!.layerMeasures!.filter((one) => one.pass === pass && one.iteration === 3);
    const flops = (pass: string) => ofPass(pass).reduce((sum, one) => sum + (one.flops ?? 0), 0);
    expect(flops("forward")).toBe(truth.forwardFlops);
    expect(flops("backward")).toBe(2 * truth.forwardFlops);
    expect(ofPass("backward").length).toBe(5);
    // Layers lie inside of their phase.
    const { spans, phaseNames } = trace!;
    for (const pass of ["forward", "backward"]) {
      const row = [...spans.phase.keys()].find(
        (k) => phaseNames[spans.phase[k]!] === pass && spans.iteration[k] === 3,
      )!;
      expect(ofPass(pass).reduce((sum, { timeS }) => sum + timeS, 0)).toBeLessThanOrEqual(spans.durationS[row]!);
    }
  });

  it("finds layers by their shapes where modules are not in the trace, and none where shapes are not either", async () => {
    const truth = JSON.parse(readFileSync(at("truth.json"), "utf8")) as { forwardFlops: number };
    const { answer, run } = await imported("shapes.json");
    const found = run.traces[0]!;
    expect(found.layers!.map(({ type }) => type)).toEqual(
      expect.arrayContaining(["Conv2d", "BatchNorm", "Linear", "ReLU"]),
    );
    const forward = found.layerMeasures!.filter(({ pass, iteration }) => pass === "forward" && iteration === 3);
    expect(forward.reduce((sum, one) => sum + (one.flops ?? 0), 0)).toBe(truth.forwardFlops);
    expect(answer.layers).toBe(found.layers!.length);
    const plain = await imported("plain.json");
    expect(plain.answer).toMatchObject({ layers: 0, iterations: steps });
    expect(phasesOf(plain.run.traces[0]!, 3)).toEqual(["data", "forward", "backward", "optimizer"]);
  });

  it("imports a profile without a schedule as one stretch of phases and layers", async () => {
    const { answer, run } = await imported("unscheduled.json");
    expect(answer.iterations).toBe(0);
    expect(answer.layers).toBeGreaterThan(3);
    expect(run.traces[0]!.notes[0]!.message).toContain("no iterations");
  });

  it("lays ranks beside each other on one clock, with the same number for the same collective", async () => {
    const { answer, run } = await imported("rank-1.json", "rank-0.json");
    expect(answer).toMatchObject({ ranks: 2, iterations: steps });
    const [zero, one] = run.traces;
    // Rank 1 sleeps 20 ms in each iteration, and rank 0 waits for it.
    expect(answer.stragglers[0]).toMatchObject({ rank: 1, chronic: true });
    expect(answer.stragglers[0]!.waitingOfOthersS).toBeGreaterThan(0.5 * 0.02 * steps);
    const bloat = await wattline(["bloat", answer.run.path]).ended;
    expect(bloat).toMatchObject({ code: 0, stdout: expect.stringContaining("rank 1: the others waited") });
    expect(phasesOf(zero!, 3)).toContain("communication");
    expect([zero, one].map((trace) => [trace!.header.rank, trace!.header.worldSize])).toEqual([
      [0, 2],
      [1, 2],
    ]);
    const key = ({ group, sequence }: { group: string; sequence: number }) => `${group} ${sequence}`;
    const reduces = (trace: Trace) =>
      new Map(
        trace
          .collectives!.filter(({ operation, iteration }) => operation === "all_reduce" && iteration >= 0)
          .map((x) => [key(x), x]),
      );
    const [ofZero, ofOne] = [reduces(zero!), reduces(one!)];
    expect([...ofZero.keys()].sort()).toEqual([...ofOne.keys()].sort());
    expect(ofZero.size).toBe(steps);
    for (const [name, left] of ofZero) {
      const right = ofOne.get(name)!;
      expect(left.bytes).toBe(33_722 * 4);
      // Nobody leaves an all-reduce before the last has come.
      expect(left.startS + left.durationS).toBeGreaterThan(right.startS);
      expect(right.startS + right.durationS).toBeGreaterThan(left.startS);
    }
  });

  it("gives what the gap report and the other reports need", async () => {
    const { answer } = await imported("modules.json.gz");
    const gap = await wattline(["gap", answer.run.path, "--json"]).ended;
    const report = JSON.parse(gap.stdout) as GapReport;
    expect(report.layers.map(({ name }) => name)).toContain("Net_0.Conv2d_0");
    expect(report.host!.modelShare).toBeGreaterThan(0);
    const table = await wattline(["report", answer.run.path]).ended;
    expect(table.code).toBe(0);
    expect(table.stdout).toContain("4 iterations");
  });

  it("refuses what is cut, malformed or no profile, names the file and the place, and leaves nothing behind", async () => {
    const text = gunzipSync(readFileSync(at("modules.json.gz"))).toString();
    const cases = {
      "cut.json": [
        text.slice(0, text.length / 2),
        /cut\.json cannot be read: it is cut off \(at byte [\d,]+, after [\d,]+ events?\)/,
      ],
      "wrong.json": [
        text.replace('"ph": "X"', '"ph": X'),
        /wrong\.json cannot be read: a part of it is no JSON \(at byte [\d,]+, after \d+ events\)/,
      ],
      "other.json": [
        '{"traceEvents": [{"ph": "X", "name": "GC", "cat": "v8", "ts": 1, "dur": 1}]}',
        /nothing to import/,
      ],
      "twice.json": ["", /twice\.json cannot be read: it is empty/],
    } as const;
    for (const [name, [content, sentence]] of Object.entries(cases)) {
      writeFileSync(at(name), content);
      const cwd = newFolder();
      const { code, stdout, stderr } = await wattline(["import", at(name)], { cwd }).ended;
      expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
      expect(stderr).toMatch(sentence);
      const runs = join(cwd, ".wattline/runs");
      expect(existsSync(runs) ? readdirSync(runs) : []).toEqual([]);
    }
    const { code, stderr } = await wattline(["import", at("rank-0.json"), at("rank-0.json")], { cwd: newFolder() })
      .ended;
    expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringContaining("one trace a rank") });
    expect((await wattline(["import"]).ended).stderr).toContain("Usage: wattline import");
  });
});
