import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import type { Calibration } from "../../../src/model/calibration";
import { hasPython } from "../analysis/quantization/python";
import { newFolder, wattline } from "./wattline";

const python = resolve(".venv/bin/python");

describe.skipIf(!hasPython("torch"))("wattline calibrate", () => {
  const env = { OMP_NUM_THREADS: "1", WATTLINE_STATE_DIR: newFolder() };

  it("measures the processor's products and copies, keeps them, and the next run carries them", async () => {
    const words = ["calibrate", "--python", python, "--seconds", "0.1", "--json"];
    const { code, stdout, stderr } = await wattline(words, { env }).ended;
    expect(code, stderr).toBe(0);
    const answer = JSON.parse(stdout) as Calibration;
    expect(answer.schema).toBe("wattline.calibration/1");
    expect(answer.machine.threads).toBe(1);
    const cpu = answer.devices.filter(({ kind }) => kind === "cpu");
    expect(cpu.map(({ dtype }) => dtype)).toEqual(expect.arrayContaining(["fp32", "fp64"]));
    for (const row of cpu) {
      // Between a very old core and a very large socket.
      expect(row.peakFlopsPerS).toBeGreaterThan(1e8);
      expect(row.peakFlopsPerS).toBeLessThan(1e14);
      expect(row.bandwidthBytesPerS).toBeGreaterThan(1e8);
      expect(row.repeats).toBeGreaterThanOrEqual(5);
    }
    expect(readdirSync(env.WATTLINE_STATE_DIR).some((name) => name.startsWith("calibration-"))).toBe(true);
    const out = join(newFolder(), "run");
    await wattline(["run", "--no-idle", "--out", out, "--", python, "-c", "pass"], { env }).ended;
    const manifest = JSON.parse(readFileSync(join(out, "run.json"), "utf8"));
    expect(manifest.calibration).toEqual(answer);
  }, 180_000);

  it("says what is missing where the Python has no PyTorch, and keeps nothing", async () => {
    const state = newFolder();
    const words = ["calibrate", "--python", "/usr/bin/env", "--seconds", "0.1"];
    const other = await wattline(words, { env: { ...env, WATTLINE_STATE_DIR: state } }).ended;
    expect(other.code).not.toBe(0);
    expect(other.stderr).toMatch(/before it had measured anything/);
    expect(readdirSync(state).filter((name) => name.startsWith("calibration"))).toEqual([]);
  }, 60_000);
});
