import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as v from "valibot";
import { describe, expect, it } from "vitest";
import { deviceSchema, unavailableSchema } from "../../../src/model/device";
import { liveSchema } from "../../../src/model/live";
import { drivenPowercap } from "../../fixtures/fake-powercap/driver";
import { newFolder, recorder, start, until, wattline } from "./wattline";

const metersSchema = v.object({
  schema: v.literal("wattline.meters/1"),
  devices: v.array(v.object({ ...deviceSchema.entries, powerW: v.optional(v.number()) })),
  unavailable: v.array(unavailableSchema),
});

async function meters(env: Record<string, string>) {
  const { code, stdout } = await wattline(["meters", "--json"], { env }).ended;
  expect(code).toBe(0);
  return v.parse(metersSchema, JSON.parse(stdout));
}

describe("wattline meters", () => {
  it("on a machine with nothing has the estimate, and says why RAPL cannot be read and what to do", async () => {
    const { devices, unavailable } = await meters({ WATTLINE_POWERCAP_ROOT: newFolder() });
    expect(devices.filter(({ source }) => source !== "estimated")).toEqual([]);
    expect(devices[0]).toMatchObject({ kind: "cpu", counted: true });
    expect(devices[0]!.model).toMatch(/load/);
    const rapl = unavailable.find(({ meter }) => meter === "rapl");
    expect(rapl?.reason).toBeTruthy();
    expect(rapl?.remedy).toBeTruthy();
  });

  it("with powercap measures the power that is there, and estimates nothing", async () => {
    const powercap = await drivenPowercap({ idleW: 42, idleDramW: 3 });
    try {
      const { devices } = await meters({ WATTLINE_POWERCAP_ROOT: powercap.root });
      expect(devices.every(({ source }) => source === "measured")).toBe(true);
      const cpu = devices.find(({ kind, counted }) => kind === "cpu" && counted)!;
      expect(cpu.powerW).toBeGreaterThan(42 * 0.97);
      expect(cpu.powerW).toBeLessThan(42 * 1.03);
      expect(devices.find(({ kind }) => kind === "dram")?.powerW).toBeCloseTo(3, 0);
    } finally {
      await powercap.stop();
    }
  });
});

describe("wattline watch", () => {
  it("keeps a file with what each device draws, and goes when whoever started it goes", async () => {
    const powercap = await drivenPowercap({ idleW: 42 });
    const out = newFolder();
    const file = join(out, "live.json");
    // A shell in between holds the pipe to its standard input; killing the shell closes it.
    const script = `sleep 100 | "${process.execPath}" "${recorder}" watch --out "${out}"`;
    const run = start(["sh", "-c", script], { env: { WATTLINE_POWERCAP_ROOT: powercap.root }, detached: true });
    try {
      const live = () => v.parse(liveSchema, JSON.parse(readFileSync(file, "utf8")));
      await until(() => existsSync(file) && live().devices.some(({ powerW }) => powerW !== undefined), "a power");
      const cpu = () => live().devices.find(({ device }) => device.kind === "cpu" && device.counted)!;
      await until(() => Math.abs((cpu().powerW ?? 0) - 42) < 2, "the power that is there");
      expect(Math.abs(Date.now() - live().at)).toBeLessThan(5_000);
      expect(cpu().idlePowerW).toBeGreaterThan(30);
      process.kill(-run.child.pid!, "SIGTERM");
      await until(() => !existsSync(file), "the file is gone");
    } finally {
      await powercap.stop();
    }
  });

  it("needs a place to write", async () => {
    const { code, stderr } = await wattline(["watch"]).ended;
    expect(code).toBe(2);
    expect(stderr).toMatch(/--out DIR/);
  });
});
