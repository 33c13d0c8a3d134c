import { copyFileSync, mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { gapCommand } from "../../../src/cli/gap";
import { WattlineError } from "../../../src/model/errors";
import type { GapReport } from "../../../src/model/gap";
import { flops, iterationS, phasesS, watts, writeGapRun } from "../analysis/efficiency/gapRun";

const require = createRequire(import.meta.url);
const folder = mkdtempSync(join(tmpdir(), "wattline-gap-"));
mkdirSync(join(folder, "grammars"));
for (const file of ["web-tree-sitter/web-tree-sitter.wasm", "@vscode/tree-sitter-wasm/wasm/tree-sitter-python.wasm"]) {
  copyFileSync(require.resolve(file), join(folder, "grammars", file.slice(file.lastIndexOf("/") + 1)));
}

async function gap(...args: string[]) {
  const said = { out: "", err: "" };
  const io = { stdout: (text: string) => (said.out += text), stderr: (text: string) => (said.err += text), env: {} };
  const code = await gapCommand({ dist: folder }).run(args, io);
  return { code, ...said };
}

async function answer(path: string): Promise<GapReport> {
  const { code, out } = await gap(path, "--json");
  expect(code).toBe(0);
  return JSON.parse(out) as GapReport;
}

describe("wattline gap RUN --json", () => {
  it("has the layers with where they are made, against what the machine reached when it was calibrated", async () => {
    const report = await answer(await writeGapRun());
    expect(report.schema).toBe("wattline.gap/1");
    expect(report.device).toMatchObject({
      name: "Test CPU",
      source: "calibrated",
      peakFlopsPerS: { fp32: 100e9 },
      bandwidthBytesPerS: 10e9,
      balanceFlopsPerByte: 10,
    });
    expect(report.layers.map(({ name, pass, line, flops: done }) => [name, pass, line, done])).toEqual(
      flops.map((done, k) => [`block.${k}`, "forward", 5 + k, done]),
    );
    const [first] = report.layers;
    expect(first).toMatchObject({ dtype: "fp32", calls: 1, bound: "compute" });
    expect(first!.timeS).toBeCloseTo(0.002, 9);
    expect(first!.efficiency).toBeCloseTo(flops[0]! / 100e9 / 0.002, 9);
    expect(report.layers[1]).toMatchObject({ kind: "Conv2d depthwise", bound: "memory" });
  });

  it("has totals, and the energy of the layers by the power of their phase", async () => {
    const { totals, energySource } = await answer(await writeGapRun());
    expect(totals.timeS).toBeCloseTo(0.007, 9);
    expect(totals.idealTimeS! + totals.memoryGapS! + totals.kernelGapS!).toBe(totals.timeS);
    expect(energySource).toBe("modelled");
    expect(Math.abs(totals.energyJ! / (0.007 * watts) - 1)).toBeLessThan(0.15);
  });

  it("says what the iteration waits for, with the parts of data that the program names", async () => {
    const { host } = await answer(await writeGapRun());
    expect(host!.iterationTimeS).toBeCloseTo(iterationS, 6);
    const data = host!.waits.find(({ cause }) => cause === "data")!;
    expect(data.timeS).toBeCloseTo(phasesS.data + phasesS.decode, 6);
    expect(data.parts).toEqual([{ name: "decode", timeS: expect.closeTo(phasesS.decode, 6) }]);
    expect(host!.waits.find(({ cause }) => cause === "untraced")!.timeS).toBeCloseTo(0.01, 6);
    expect(host!.modelShare).toBeCloseTo(0.6, 6);
    expect(host!.amdahl.twice).toBeCloseTo(1 / (0.4 + 0.3), 6);
    expect(host!.amdahl.limit).toBeCloseTo(2.5, 6);
  });

  it("gives a device's idle time to what the host did, and names the lines that wait for it", async () => {
    const script = join(folder, "train.py");
    const lines = Array.from({ length: 40 }, () => "");
    lines[19] = "for batch in loader:";
    lines[23] = "    total += loss.item()";
    lines[24] = "    print(total)";
    lines[34] = "print(loss.item())";
    writeFileSync(script, lines.join("\n"));
    // The device works 60 ms of 100: idle in data (20), decode (10), and after the backward (10).
    const spans = Array.from({ length: 20 }, (_, iteration) => {
      const atS = 1001 + iteration * iterationS + 0.03;
      return [
        ["d", "forward", iteration, 0, atS, 0.04, 22, 0],
        ["d", "backward", iteration, 0, atS + 0.04, 0.02, 22, 0],
      ];
    }).flat();
    const { host } = await answer(await writeGapRun({ script, rows: spans, calibrated: false }));
    expect(host!.deviceTimed).toBe(true);
    const of = (cause: string) => host!.waits.find((wait) => wait.cause === cause)!;
    expect(of("data").timeS).toBeCloseTo(0.03, 5);
    expect(of("synchronization").timeS).toBeCloseTo(0.01, 5);
    expect(of("synchronization").places).toEqual([
      { file: script, line: 24, text: "loss.item()" },
      { file: script, line: 25, text: "print()" },
    ]);
  });

  it("says what a fused optimizer would save, where the step takes longer than memory does", async () => {
    const counters = [
      ["c", "parameter_bytes", 1001, 4e6],
      ["c", "gradient_bytes", 1001, 4e6],
      ["c", "optimizer_state_bytes", 1001, 8e6],
    ];
    const steps = Array.from({ length: 20 }, (_, iteration) => [
      "s",
      "optimizer",
      iteration,
      1001 + iteration * iterationS + 0.09,
      0.0095,
      29,
      0,
    ]);
    const { fusions } = await answer(await writeGapRun({ rows: [...counters, ...steps] }));
    const optimizer = fusions.find(({ kind }) => kind === "optimizer")!;
    // Adam in float32: 28 bytes for each of a million parameters, at 10 GB/s.
    expect(optimizer.timeS).toBeCloseTo(0.0095, 6);
    expect(optimizer.savingS).toBeCloseTo(0.0095 - 28e6 / 10e9, 6);
    const { fusions: quick } = await answer(await writeGapRun({ rows: steps }));
    expect(quick.some(({ kind }) => kind === "optimizer")).toBe(false);
  });

  it("answers in part where the machine is not known, and where there is no layer table", async () => {
    const unknown = await answer(await writeGapRun({ calibrated: false }));
    expect(unknown.device).toEqual({ name: "Test CPU", source: "unknown" });
    expect(unknown.layers).toHaveLength(3);
    expect(unknown.notes.map(({ code }) => code)).toEqual(["unknown-device"]);
    const empty = await answer(await writeGapRun({ layers: false }));
    expect(empty.layers).toEqual([]);
    expect(empty.notes.map(({ code }) => code)).toEqual(["no-layers"]);
    expect(empty.host).toBeDefined();
  });
});

describe("the table of wattline gap", () => {
  it("has a sentence, where the time goes, and the layers that lose most with their lines", async () => {
    const { out } = await gap(await writeGapRun());
    expect(out).toMatch(/^[\d.]+ % of the time is lost to memory, \d+ % to kernels/);
    expect(out).toContain("100 GFLOP/s in fp32, 10.0 GB/s, balance 10.0 FLOP/B (calibrated)");
    expect(out).toMatch(/most lost +type/);
    expect(out).toMatch(/block\.2 +Conv2d pointwise +forward +4\.00 ms/);
    expect(out).toContain("train.py:7");
    expect(out).toContain("the model is 60 % of it");
    expect(Math.max(...out.split("\n").map((line) => line.length))).toBeLessThan(200);
  });

  it("groups, and refuses groups that there are not", async () => {
    const path = await writeGapRun();
    const { out } = await gap(path, "--by", "type");
    expect(out).toMatch(/Conv2d pointwise +2 /);
    await expect(gap(path, "--by", "colour")).rejects.toThrow(/--by takes module, type, block/);
  });

  it("shows no control characters of a trace", async () => {
    const evil = "\u001b[31mred";
    const row = ["m", 9, evil, evil, "float32", 1, 4, evil, 3, evil, 4, {}];
    const measure = ["y", 9, "forward", 5, 1, 0.01, 5, 4, 4, "float32", [1], [1]];
    const { out } = await gap(await writeGapRun({ rows: [row, measure] }));
    expect(out).not.toContain("\u001b");
    expect(out).toContain("?[31mred");
  });

  it("wants one run folder", async () => {
    await expect(gap()).rejects.toThrow(WattlineError);
    await expect(gap(folder)).rejects.toThrow(/is not a run folder/);
  });
});
