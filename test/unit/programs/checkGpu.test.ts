import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { FakeNvml } from "../../fixtures/fake-nvml/scenario";
import { newFolder, start } from "./wattline";

const check = (args: readonly string[], env: Record<string, string>) =>
  start([process.execPath, "scripts/check-gpu.mjs", ...args], { env }).ended;

describe("npm run check:gpu", () => {
  it("writes how the GPUs of this machine behave", async () => {
    const power = [
      { atS: 0, watts: 80 },
      { atS: 0.25, watts: 200 },
    ];
    const fake = new FakeNvml({
      gpus: [{ name: "NVIDIA Fake 9", architecture: 7, counterPeriodS: 0.05, power, repeatS: 0.5 }],
      driver: "570.86.15",
    });
    const out = newFolder();
    try {
      const { code, stdout, stderr } = await check(["--seconds", "2", "--load", "none", "--out", out], fake.env);
      expect(stderr).toBe("");
      expect(code).toBe(0);
      expect(stdout).toMatch(/ok {4} {2}at rest, energy never falls/);
      expect(readdirSync(out).sort()).toEqual(["nvidia-fake-9-570.86.15.json", "nvidia-fake-9-570.86.15.md"]);
      const measured = JSON.parse(readFileSync(join(out, "nvidia-fake-9-570.86.15.json"), "utf8"));
      const { rest } = measured.gpus[0];
      expect(Math.abs(rest.counterPeriodS / 0.05 - 1)).toBeLessThan(0.2);
      expect(rest.meanPowerW).toBeGreaterThan(125);
      expect(rest.meanPowerW).toBeLessThan(155);
      expect(measured.checks.every(({ good }: { good: boolean }) => good)).toBe(true);
      // It only reads: the fake notes every limit that is changed.
      const truth = readFileSync(fake.truthPath, "utf8");
      expect(truth).not.toMatch(/limit/i);
    } finally {
      fake.dispose();
    }
  });

  it("says which check failed, and ends with 1", async () => {
    const fake = new FakeNvml({ gpus: [{ faults: [{ kind: "lose", fromS: 3 }] }] });
    try {
      const args = ["--seconds", "4", "--load", "none", "--out", newFolder()];
      const { code, stdout } = await check(args, fake.env);
      expect(code).toBe(1);
      expect(stdout).toMatch(/FAILED {2}at rest, every reading succeeds \(The GPU is lost/);
    } finally {
      fake.dispose();
    }
  });

  it("says plainly that there is no GPU and writes nothing", async () => {
    const fake = new FakeNvml({ gpus: [] });
    const out = newFolder();
    try {
      const { code, stdout } = await check(["--out", out], fake.env);
      expect(code).toBe(0);
      expect(stdout).toMatch(/There is no NVIDIA GPU that can be read here/);
      expect(readdirSync(out)).toEqual([]);
    } finally {
      fake.dispose();
    }
  });

  it("keeps what a library other than the driver's says out of docs/measured", async () => {
    const { code, stderr } = await check([], { WATTLINE_NVML_LIBRARY: "/tmp/other.so" });
    expect(code).toBe(2);
    expect(stderr).toMatch(/--out/);
  });
});
