import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as v from "valibot";
import { describe, expect, it } from "vitest";
import { deviceSchema, unavailableSchema } from "../../../src/model/device";
import { liveSchema } from "../../../src/model/live";
import { FakeNvml } from "../../fixtures/fake-nvml/scenario";
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

describe("wattline meters, with GPUs", () => {
  /** An H100 with a counter and an older card without, and what reference/meters.md says of either. */
  const gpus = [
    { name: "NVIDIA H100", architecture: 9, power: [{ atS: 0, watts: 150 }] },
    { name: "NVIDIA TITAN X", architecture: 4, hasCounter: false, power: [{ atS: 0, watts: 90 }] },
  ];
  const described = [
    {
      kind: "gpu",
      name: "NVIDIA H100",
      meter: "nvml",
      source: "measured",
      counted: true,
      updatePeriodS: 0.1,
      averagingWindowS: 1,
      powerW: expect.closeTo(150, -1),
    },
    {
      kind: "gpu",
      name: "NVIDIA TITAN X",
      meter: "nvml",
      source: "integrated",
      counted: true,
      updatePeriodS: 0.02,
      averagingWindowS: 0.01,
      gainError: 0.004,
      powerW: expect.closeTo(90, -1),
    },
  ];

  it("of NVML alone has each as it is read, and the CPU estimated", async () => {
    const fake = new FakeNvml({ gpus });
    try {
      const { devices, unavailable } = await meters({ ...fake.env, WATTLINE_POWERCAP_ROOT: newFolder() });
      expect(devices.slice(0, 2)).toMatchObject(described);
      expect(devices.slice(2).map(({ meter, source }) => [meter, source])).toEqual([["estimate", "estimated"]]);
      expect(unavailable.map(({ meter }) => meter)).toContain("rapl");
      expect(unavailable.map(({ meter }) => meter)).not.toContain("nvml");
    } finally {
      fake.dispose();
    }
  });

  it("and RAPL measures both, counts each once and estimates nothing", async () => {
    const fake = new FakeNvml({ gpus });
    const powercap = await drivenPowercap({ idleW: 42, idleDramW: 3 });
    try {
      const { devices, unavailable } = await meters({ ...fake.env, WATTLINE_POWERCAP_ROOT: powercap.root });
      expect(devices.slice(0, 2)).toMatchObject(described);
      const others = devices.slice(2).filter(({ counted }) => counted);
      expect(others.map(({ meter, kind, source }) => [meter, kind, source]).sort()).toEqual([
        ["rapl", "cpu", "measured"],
        ["rapl", "dram", "measured"],
      ]);
      expect(unavailable.map(({ meter }) => meter)).not.toContain("rapl");
    } finally {
      fake.dispose();
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
