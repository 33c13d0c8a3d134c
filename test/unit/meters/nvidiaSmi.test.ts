import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { nvidiaSmi, nvidiaSmiFrom } from "../../../src/meters/nvidiaSmi";
import { querySmi, readSmi, type SmiGpu } from "../../../src/meters/nvml/smiQuery";

const host = { env: {}, platform: "linux" } as const;

/** As `nvidia-smi -q -x` of driver 550 prints it, cut to what is read and two fields beside. */
const xml = `<?xml version="1.0" ?>
<!DOCTYPE nvidia_smi_log SYSTEM "nvsmi_device_v12.dtd">
<nvidia_smi_log>
  <driver_version>550.54.15</driver_version>
  <attached_gpus>2</attached_gpus>
  <gpu id="00000000:17:00.0">
    <product_name>NVIDIA H100 PCIe</product_name>
    <uuid>GPU-11111111-2222-3333-4444-555555555555</uuid>
    <fb_memory_usage><total>81559 MiB</total><used>1024 MiB</used></fb_memory_usage>
    <utilization><gpu_util>37 %</gpu_util></utilization>
    <temperature><gpu_temp>41 C</gpu_temp></temperature>
    <gpu_power_readings>
      <power_state>P0</power_state>
      <average_power_draw>151.25 W</average_power_draw>
      <instant_power_draw>160.50 W</instant_power_draw>
      <current_power_limit>350.00 W</current_power_limit>
      <min_power_limit>200.00 W</min_power_limit>
      <max_power_limit>350.00 W</max_power_limit>
    </gpu_power_readings>
    <clocks><sm_clock>1755 MHz</sm_clock><mem_clock>1593 MHz</mem_clock></clocks>
  </gpu>
  <gpu id="00000000:31:00.0">
    <product_name>Quadro K620</product_name>
    <uuid>GPU-99999999-2222-3333-4444-555555555555</uuid>
    <power_readings><power_draw>[Not Supported]</power_draw><power_limit>N/A</power_limit></power_readings>
  </gpu>
</nvidia_smi_log>`;

describe("the nvidia-smi meter", () => {
  const gpu: SmiGpu = { uuid: "GPU-1", name: "A", powerW: 100, utilization: 0.5, slices: [] };

  it("integrates, and says how rarely it asks", async () => {
    const { devices } = await nvidiaSmiFrom(async () => [gpu]).find(host);
    expect(devices).toMatchObject([{ id: "nvidiaSmi:GPU-1", source: "integrated", updatePeriodS: 1, counted: true }]);
  });

  it("counts what CUDA_VISIBLE_DEVICES selects", async () => {
    const query = async () => [gpu, { ...gpu, uuid: "GPU-2" }];
    const { devices } = await nvidiaSmiFrom(query).find({ ...host, env: { CUDA_VISIBLE_DEVICES: "GPU-2" } });
    expect(devices.map((device) => device.counted)).toEqual([false, true]);
  });

  it("asks once a second however often it is read", async () => {
    let nowS = 0;
    let asked = 0;
    const meter = nvidiaSmiFrom(async () => [{ ...gpu, powerW: 100 + asked++ }]);
    const { devices } = await meter.find(host);
    const open = await meter.open(devices, { ...host, nowS: () => nowS });
    for (nowS = 0; nowS < 2.5; nowS += 0.1) await open.read();
    expect(asked).toBe(4);
    expect(await open.read()).toEqual([{ powerW: 103, utilization: 0.5 }]);
  });

  it("has failures, not zeros, when nvidia-smi fails, and for a GPU that it lists no more", async () => {
    let nowS = 0;
    let answer: () => Promise<readonly SmiGpu[]> = async () => [gpu];
    const meter = nvidiaSmiFrom(() => answer());
    const open = await meter.open((await meter.find(host)).devices, { ...host, nowS: () => nowS });
    answer = () => Promise.reject(new Error("it broke"));
    expect(await open.read()).toEqual([{ failure: expect.stringContaining("it broke") }]);
    nowS = 2;
    answer = async () => [];
    expect(await open.read()).toEqual([{ failure: expect.stringContaining("any more") }]);
  });
});

describe("what nvidia-smi prints", () => {
  let folder: string;
  let path: string | undefined;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "wattline-smi-"));
    path = process.env.PATH;
  });
  afterEach(() => {
    process.env.PATH = path;
    rmSync(folder, { recursive: true });
  });

  function install(script: string): void {
    writeFileSync(join(folder, "nvidia-smi"), `#!/bin/sh\n${script}\n`);
    chmodSync(join(folder, "nvidia-smi"), 0o755);
    process.env.PATH = `${folder}:${path}`;
  }

  it("is read through the program in PATH, with units, and without what is not supported", async () => {
    writeFileSync(join(folder, "out.xml"), xml);
    install(`cat ${join(folder, "out.xml")}`);
    const { devices, unavailable } = await nvidiaSmi.find(host);
    expect(devices).toMatchObject([
      { id: "nvidiaSmi:GPU-11111111-2222-3333-4444-555555555555", powerLimitW: 350, powerLimitRangeW: [200, 350] },
    ]);
    expect(unavailable[0]!.reason).toContain("Quadro K620");
    const open = await nvidiaSmi.open(devices, host);
    expect(await open.read()).toEqual([
      {
        powerW: 151.25,
        powerInstantW: 160.5,
        utilization: 0.37,
        memoryBytes: 1024 * 1024 * 1024,
        smClockMhz: 1755,
        memoryClockMhz: 1593,
        temperatureC: 41,
      },
    ]);
  });

  it("is a reason where the program says that it cannot", async () => {
    install("echo 'NVIDIA-SMI has failed because it could not communicate with the NVIDIA driver.'; exit 9");
    const { devices, unavailable } = await nvidiaSmi.find(host);
    expect(devices).toEqual([]);
    expect(unavailable).toMatchObject([{ meter: "nvidiaSmi", reason: expect.stringContaining("nvidia-smi") }]);
  });

  it("is waited for only so long, and a hanging program is not started again", async () => {
    install(`echo x >> ${join(folder, "started")}; sleep 1.5`);
    const before = performance.now();
    await expect(querySmi(0.2)).rejects.toThrow("did not answer in 0.2 s");
    await expect(querySmi(0.2)).rejects.toThrow("did not answer");
    expect(performance.now() - before).toBeLessThan(1200);
    await expect(querySmi(5)).rejects.toThrow();
    expect((await import("node:fs")).readFileSync(join(folder, "started"), "utf8")).toBe("x\n");
  });

  it("is refused where it is something else", () => {
    for (const data of [
      undefined,
      null,
      "text",
      {},
      { nvidia_smi_log: "x" },
      { nvidia_smi_log: { gpu: { uuid: 5 } } },
    ]) {
      expect(() => readSmi(data)).toThrow("something else");
    }
    expect(readSmi({ nvidia_smi_log: {} })).toEqual([]);
    expect(
      readSmi({ nvidia_smi_log: { gpu: { uuid: "GPU-1", clocks: "x", power_readings: { power_draw: "-5 W" } } } }),
    ).toEqual([{ uuid: "GPU-1", name: "NVIDIA GPU", slices: [] }]);
  });
});
