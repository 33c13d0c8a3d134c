import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { hwmon } from "../../../src/meters/hwmon";
import type { Host } from "../../../src/meters/meter";
import { FakeSysfs } from "../../fixtures/fake-sysfs/tree";

let tree: FakeSysfs;
let host: Host;
let nowS = 0;
beforeEach(() => {
  tree = new FakeSysfs();
  nowS = 0;
  host = { env: {}, platform: "linux", files: tree.files, nowS: () => nowS };
});
afterEach(() => tree.dispose());

const card = "/sys/class/hwmon/hwmon3";

function amd(files: Readonly<Record<string, string | number>> = { power1_average: 93_000_000 }): void {
  tree.writeAll(card, { name: "amdgpu", ...files });
  tree.link(`${card}/device`, "/sys/devices/pci0000:00/0000:03:00.0");
}

async function openAll() {
  const { devices } = await hwmon.find(host);
  return { devices, open: await hwmon.open(devices, host) };
}

describe("AMD GPUs", () => {
  it.each(["power1_average", "power1_input"])("are read by %s, and named by their place on the bus", async (file) => {
    amd({ [file]: 93_000_000, power1_cap: 300_000_000, power1_cap_min: 100_000_000, power1_cap_max: 330_000_000 });
    const { devices, open } = await openAll();
    expect(devices).toMatchObject([
      { id: "hwmon:0000:03:00.0", kind: "gpu", source: "integrated", counted: true, powerLimitW: 300 },
    ]);
    expect(devices[0]!.powerLimitRangeW).toEqual([100, 330]);
    expect((await open.read())[0]!.powerW).toBeCloseTo(93, 9);
    await open.close();
  });

  it("show their state where the driver does", async () => {
    amd({ power1_average: 93_000_000, temp1_input: 54_000, freq1_input: 2_100_000_000, freq2_input: 1_000_000_000 });
    tree.writeAll(`${card}/device`, { gpu_busy_percent: 87, mem_info_vram_used: 4_000_000_000 });
    const { open } = await openAll();
    expect(await open.read()).toEqual([
      { powerW: 93, temperatureC: 54, smClockMhz: 2100, memoryClockMhz: 1000, utilization: 0.87, memoryBytes: 4e9 },
    ]);
    await open.close();
  });

  it("in a processor are shown and not added, as RAPL counts the processor", async () => {
    amd();
    tree.write(`${card}/device/gpu_metrics`, new Uint8Array([0x78, 0, 2, 2, 9, 9]));
    expect((await hwmon.find(host)).devices[0]!.counted).toBe(false);
  });

  it("on a card of their own are counted", async () => {
    amd();
    tree.write(`${card}/device/gpu_metrics`, new Uint8Array([0x78, 0, 1, 3, 9, 9]));
    expect((await hwmon.find(host)).devices[0]!.counted).toBe(true);
  });

  it("without a power are a reason", async () => {
    amd({ temp1_input: 40_000 });
    const { devices, unavailable } = await hwmon.find(host);
    expect(devices).toEqual([]);
    expect(unavailable[0]!.reason).toContain("0000:03:00.0");
  });

  it("that vanish have failures, and go on when they return", async () => {
    amd();
    const { open } = await openAll();
    await open.read();
    tree.remove(`${card}/power1_average`);
    expect((await open.read())[0]!.failure).toBeDefined();
    tree.write(`${card}/power1_average`, 40_000_000);
    expect((await open.read())[0]!.powerW).toBeCloseTo(40, 9);
    await open.close();
  });
});

describe("Intel GPUs", () => {
  it.each([
    ["i915", "energy1_input", "card"],
    ["xe", "energy1_input", "card"],
    ["xe", "energy2_input", "package"],
  ])("of %s count energy in %s", async (driver, file, scope) => {
    tree.writeAll(card, { name: driver, [file]: 5_000_000 });
    tree.link(`${card}/device`, "/sys/devices/pci0000:00/0000:04:00.0");
    const { devices, open } = await openAll();
    expect(devices).toMatchObject([{ source: "measured", counted: true, scope: expect.stringContaining(scope) }]);
    expect(await open.read()).toEqual([{ energyJ: 0 }]);
    nowS = 1;
    tree.write(`${card}/${file}`, 95_000_000);
    expect((await open.read())[0]!.energyJ).toBeCloseTo(90, 9);
    nowS = 2;
    tree.write(`${card}/${file}`, 0);
    expect((await open.read())[0]!.failure).toContain("set back");
    await open.close();
  });

  it("count the card and not its package beside it", async () => {
    tree.writeAll(card, { name: "xe", energy1_input: 5_000_000, energy2_input: 4_000_000 });
    const { devices, open } = await openAll();
    expect(devices).toHaveLength(1);
    await open.read();
    tree.writeAll(card, { energy1_input: 9_000_000, energy2_input: 4_500_000 });
    expect((await open.read())[0]!.energyJ).toBeCloseTo(4, 9);
    await open.close();
  });
});

describe("a laptop's battery", () => {
  const battery = "/sys/class/power_supply/BAT0";

  it("is shown and never counted", async () => {
    tree.writeAll(battery, { type: "Battery", status: "Discharging", power_now: 12_500_000 });
    const { devices, open } = await openAll();
    expect(devices).toMatchObject([{ id: "hwmon:BAT0", kind: "battery", counted: false, source: "integrated" }]);
    expect(await open.read()).toEqual([{ powerW: 12.5 }]);
    tree.write(`${battery}/status`, "Charging");
    expect((await open.read())[0]!.failure).toContain("battery");
  });

  it("may show a current and a voltage, with a sign", async () => {
    tree.writeAll(battery, {
      type: "Battery",
      status: "Discharging",
      current_now: "-1500000",
      voltage_now: 11_000_000,
    });
    const { open } = await openAll();
    expect((await open.read())[0]!.powerW).toBeCloseTo(16.5, 9);
  });

  it("says while the charger is in what to do", async () => {
    tree.writeAll(battery, { type: "Battery", status: "Full", power_now: 0 });
    const { devices, unavailable } = await hwmon.find(host);
    expect(devices).toEqual([]);
    expect(unavailable[0]!.remedy).toContain("Unplug");
  });

  it("is not that of a mouse, and no charger", async () => {
    tree.writeAll("/sys/class/power_supply/hidpp_battery_0", {
      type: "Battery",
      scope: "Device",
      status: "Discharging",
      power_now: 1,
    });
    tree.writeAll("/sys/class/power_supply/AC", { type: "Mains", online: 1 });
    expect(await hwmon.find(host)).toEqual({ devices: [], unavailable: [] });
  });
});

it("finds nothing, and says nothing, where there is neither card nor battery", async () => {
  tree.writeAll("/sys/class/hwmon/hwmon0", { name: "coretemp", temp1_input: 40_000 });
  expect(await hwmon.find(host)).toEqual({ devices: [], unavailable: [] });
  expect(await hwmon.find({ env: {}, platform: "darwin" })).toEqual({ devices: [], unavailable: [] });
});
