import { afterEach, describe, expect, it } from "vitest";
import type { Host, OpenMeter } from "../../../src/meters/meter";
import { nvml } from "../../../src/meters/nvml";
import type { Device } from "../../../src/model/device";
import { isThrottled, throttleWords } from "../../../src/model/throttle";
import { type FakeGpu, type FakeMachine, FakeNvml } from "../../fixtures/fake-nvml/scenario";
import { onlyFiles } from "../../fixtures/fake-powercap/tree";

let fake: FakeNvml | undefined;
let opened: OpenMeter | undefined;
let nowS = 0;

afterEach(async () => {
  await opened?.close();
  opened = undefined;
  fake?.dispose();
  fake = undefined;
});

/** A machine with these GPUs, whose time the test sets with `at`. */
function machine(gpus: readonly FakeGpu[], more: Partial<FakeMachine> = {}): Host {
  fake = new FakeNvml({ gpus, manualClock: true, ...more });
  // The library looks at the process's environment, not at the Host's.
  process.env.WATTLINE_FAKE_NVML = fake.env.WATTLINE_FAKE_NVML;
  at(0);
  return { env: fake.env, platform: "linux", nowS: () => nowS };
}

function at(seconds: number): void {
  nowS = seconds;
  fake!.setTime(seconds);
}

/** Finds; opens what it found so that the library is let go of after the test. */
async function find(host: Host) {
  const found = await nvml.find(host);
  if (found.devices.length > 0 || found.unavailable.length > 0) {
    opened = await Promise.resolve(nvml.open(found.devices, host)).catch(() => undefined);
  }
  return found;
}

async function open(gpus: readonly FakeGpu[], more: Partial<FakeMachine> = {}) {
  const host = machine(gpus, more);
  const { devices } = await find(host);
  return { devices, host, read: async () => await opened!.read() };
}

const a100: FakeGpu = {
  name: "NVIDIA A100-PCIE-40GB",
  uuid: "GPU-aaaaaaaa-1111-2222-3333-444444444444",
  architecture: 7,
  computeCapability: [8, 0],
  limitsW: { min: 100, max: 250, current: 200, default: 250 },
};
const h100: FakeGpu = { name: "NVIDIA H100", uuid: "GPU-bbbbbbbb-1111-2222-3333-444444444444", architecture: 9 };
const p100: FakeGpu = {
  name: "Tesla P100",
  uuid: "GPU-cccccccc-1111-2222-3333-444444444444",
  architecture: 4,
  hasCounter: false,
  usageWindowS: 0.01,
  averageWindowS: 0,
  instantWindowS: 0,
};

const counted = (devices: readonly Device[]) => devices.filter((device) => device.counted).map((device) => device.name);

describe("what NVML finds", () => {
  it("says of each GPU how it is read, how its sensor behaves and what its limit is", async () => {
    const { devices, unavailable } = await find(machine([a100, h100, p100]));
    expect(unavailable).toEqual([]);
    expect(devices).toMatchObject([
      {
        id: "nvml:GPU-aaaaaaaa-1111-2222-3333-444444444444",
        kind: "gpu",
        source: "measured",
        updatePeriodS: 0.1,
        averagingWindowS: 0.025,
        gainError: 0.058,
        powerLimitW: 200,
        powerLimitRangeW: [100, 250],
        counted: true,
      },
      { name: "NVIDIA H100", source: "measured", averagingWindowS: 1 },
      { name: "Tesla P100", source: "integrated", updatePeriodS: 0.02, averagingWindowS: 0.01 },
    ]);
  });

  it("needs no nvidia-smi in PATH", async () => {
    // Lesson 3: a peer reports 0 J with NVML loaded when nvidia-smi is not there.
    const before = process.env.PATH;
    const host = machine([h100]);
    process.env.PATH = "/nowhere";
    try {
      expect((await find({ ...host, env: { ...host.env, PATH: "/nowhere" } })).devices).toHaveLength(1);
    } finally {
      process.env.PATH = before;
    }
  });

  it("finds a divided GPU once, and says that its slices share it", async () => {
    const { devices } = await find(machine([{ ...h100, migSlices: 3 }]));
    expect(devices).toHaveLength(1);
    expect(devices[0]!.scope).toContain("3 MIG slices");
  });

  it("says that a slice's energy is the whole board's", async () => {
    const host = machine([{ ...h100, migSlices: 2 }, a100]);
    const slice = "MIG-bbbbbbbb-1111-2222-3333-44444444";
    const { devices } = await find({ ...host, env: { ...host.env, CUDA_VISIBLE_DEVICES: `${slice}1001` } });
    expect(counted(devices)).toEqual(["NVIDIA H100"]);
    expect(devices[0]!.scope).toContain("energy is the whole board's");
  });

  it("counts only the GPUs that the run may use", async () => {
    const host = machine([a100, { ...a100, uuid: "GPU-dddddddd-0" }]);
    const { devices } = await find({ ...host, env: { ...host.env, CUDA_VISIBLE_DEVICES: "1" } });
    expect(devices.map((device) => device.counted)).toEqual([false, true]);
  });

  it("reads power by the scope that the GPU answers to", async () => {
    const { devices } = await find(machine([{ ...h100, scope: 1, usageWindowS: 0, hasCounter: false }]));
    expect(devices[0]!.scope).toContain("module");
    expect((await opened!.read())[0]!.powerInstantW).toBeCloseTo(60, 6);
  });

  it("works with a driver that has only the older functions", async () => {
    await find(machine([{ ...h100, throttle: 4, memoryBytes: 40e9 }], { oldDriver: true }));
    expect((await opened!.read())[0]).toMatchObject({ memoryBytes: 500_000_000, throttle: 4, temperatureC: 38 });
  });

  it("says of a GPU without any sensor that it has none", async () => {
    const mute = { ...p100, usageWindowS: 0 };
    const { devices, unavailable } = await find(machine([mute, h100]));
    expect(devices).toHaveLength(1);
    expect(unavailable[0]!.reason).toMatch(/Tesla P100 shows neither energy nor power/);
  });

  it("says of a GPU that may not be read which one and why, and reads the others", async () => {
    const locked: FakeGpu = { ...a100, faults: [{ kind: "refuse", function: "*", code: 4 }] };
    const { devices, unavailable } = await find(machine([locked, h100]));
    expect(devices.map((device) => device.name)).toEqual(["NVIDIA H100"]);
    expect(unavailable[0]!.reason).toMatch(/GPU 0 cannot be read.*may not/);
    expect(unavailable[0]!.remedy).toContain("/dev/nvidia");
  });

  it("does not take a counter that stays at zero for one", async () => {
    const { devices } = await find(
      machine([
        { ...h100, gain: 0, usageWindowS: 0 },
        { ...a100, faults: [{ kind: "reset", fromS: -1e-9 }] },
      ]),
    );
    expect(devices).toMatchObject([{ name: a100.name, source: "integrated" }]);
  });

  it.each([
    [18, /different versions/, /restart/],
    [9, /not loaded/, /modprobe nvidia/],
    [4, /may not/, /\/dev\/nvidia/],
    [17, /control group/, /gres=gpu/],
    [999, /internal error/, /dmesg/],
  ])("says what helps where the library does not start with code %i", async (code, reason, remedy) => {
    const { devices, unavailable } = await nvml.find(machine([h100], { initError: code }));
    expect(devices).toEqual([]);
    expect(unavailable[0]!.reason).toMatch(reason);
    expect(unavailable[0]!.remedy).toMatch(remedy);
  });

  it("names the loaded driver's version where library and kernel do not fit", async () => {
    const host = machine([h100], { initError: 18 });
    const files = onlyFiles({
      "/proc/driver/nvidia/version":
        "NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.104.05  Sat Aug 19 01:15:15 UTC 2023",
    });
    expect((await nvml.find({ ...host, files })).unavailable[0]!.reason).toContain("535.104.05");
  });

  it.each([
    ["no GPU", {}, {}, /no NVIDIA GPU or driver/],
    [
      "a driver without its library",
      { "/proc/driver/nvidia/version": "NVRM" },
      {},
      /library libnvidia-ml.so.1 is not here/,
    ],
    [
      "a GPU without driver",
      { "/sys/bus/pci/devices/0000:01:00.0/class": "0x030200", "/sys/bus/pci/devices/0000:01:00.0/vendor": "0x10de" },
      { "/sys/bus/pci/devices": ["0000:01:00.0"] },
      /driver is not installed/,
    ],
    [
      "a GPU's sound function alone",
      { "/sys/bus/pci/devices/0000:01:00.1/class": "0x040300", "/sys/bus/pci/devices/0000:01:00.1/vendor": "0x10de" },
      { "/sys/bus/pci/devices": ["0000:01:00.1"] },
      /no NVIDIA GPU or driver/,
    ],
  ])("knows a machine with %s", async (_what, texts, folders, reason) => {
    const { devices, unavailable } = await nvml.find({ env: {}, platform: "linux", files: onlyFiles(texts, folders) });
    expect(devices).toEqual([]);
    expect(unavailable[0]!.reason).toMatch(reason);
  });

  it("says which library it was told to load when that is none", async () => {
    const { unavailable } = await nvml.find({ env: { WATTLINE_NVML_LIBRARY: "/no/such.so" }, platform: "linux" });
    expect(unavailable[0]!.reason).toContain("/no/such.so");
  });
});

describe("what NVML reads", () => {
  it("counts what a GPU used in bursts, to one update of its counter", async () => {
    const power = [
      { atS: 0, watts: 80 },
      { atS: 0.013, watts: 390 },
      { atS: 0.021, watts: 90 },
      { atS: 0.033, watts: 300, ramp: true },
      { atS: 0.05, watts: 70 },
    ];
    const { read } = await open([{ ...h100, power, repeatS: 0.07 }]);
    await read();
    for (let step = 1; step <= 1000; step++) {
      at(step * 0.01);
      await read();
    }
    const energyJ = (await read())[0]!.energyJ!;
    const trueJ = fake!.trueEnergyJ(0, 0, 10);
    expect(Math.abs(energyJ - trueJ)).toBeLessThan(0.1 * 390);
    expect(energyJ / trueJ).toBeCloseTo(1, 2);
  });

  it("takes a counter that was set back for a reset, and never makes up a wrap", async () => {
    const { read } = await open([{ ...h100, power: [{ atS: 0, watts: 200 }], faults: [{ kind: "reset", fromS: 10 }] }]);
    await read();
    at(9.95);
    const before = (await read())[0]!.energyJ!;
    at(10.05);
    expect((await read())[0]!.failure).toContain("set back");
    at(12.05);
    const after = (await read())[0]!.energyJ!;
    expect(after - before).toBeCloseTo(400, 0);
  });

  it("loses one GPU and keeps the others", async () => {
    const { read } = await open([{ ...h100, faults: [{ kind: "lose", fromS: 5, toS: 8 }] }, a100]);
    await read();
    at(6);
    const [lost, kept] = await read();
    expect(lost).toEqual({ failure: expect.stringContaining("lost") });
    expect(kept!.energyJ).toBeCloseTo(360, 0);
    at(9);
    expect((await read())[0]!.energyJ).toBeCloseTo(540, 0);
  });

  it("has a failure, not zero, when the counter is refused in the middle", async () => {
    const { read } = await open([
      {
        ...h100,
        faults: [{ kind: "refuse", function: "nvmlDeviceGetTotalEnergyConsumption", code: 999, fromS: 5, toS: 6 }],
      },
    ]);
    await read();
    at(5.5);
    expect(await read()).toEqual([{ failure: expect.stringContaining("999") }]);
    at(6.5);
    expect((await read())[0]!.energyJ).toBeCloseTo(390, 0);
  });

  it("leaves out one field that is refused and keeps the other", async () => {
    const { read } = await open([{ ...h100, faults: [{ kind: "refuse", function: "field:186", code: 3 }] }]);
    const [reading] = await read();
    expect(reading!.powerInstantW).toBeUndefined();
    expect(reading!.powerW).toBeCloseTo(60, 6);
  });

  it("gives average and instant power, which differ after a burst", async () => {
    const { read } = await open([
      {
        ...h100,
        power: [
          { atS: 0, watts: 100 },
          { atS: 10, watts: 500 },
        ],
      },
    ]);
    at(10.25);
    const [reading] = await read();
    expect(reading!.powerInstantW).toBeCloseTo(500, 3);
    // The last update is at 10.2 s: a fifth of the second before it was the burst.
    expect(reading!.powerW).toBeCloseTo(180, 3);
  });

  it("gives power, and no energy of 0 J, where there is no counter", async () => {
    // Lesson 2: a peer books 0 J for a GPU whose counter is missing.
    const { read } = await open([{ ...p100, power: [{ atS: 0, watts: 150 }] }]);
    at(3);
    const [reading] = await read();
    expect(reading!.energyJ).toBeUndefined();
    expect(reading!.powerW).toBeCloseTo(150, 6);
  });

  it("takes a power of 0 W for no answer", async () => {
    const { read } = await open([
      {
        ...p100,
        power: [
          { atS: 0, watts: 150 },
          { atS: 5, watts: 0 },
        ],
      },
    ]);
    at(6);
    expect((await read())[0]!.failure).toBeDefined();
  });

  it("gives utilization, memory, clocks, temperature and what holds the GPU back, as of the last fifth of a second", async () => {
    const gpu = {
      ...h100,
      throttle: 0x24,
      power: [{ atS: 0, watts: 350 }],
      processes: [{ pid: 77, sm: 40, memory: 10, bytes: 3e9 }],
    };
    const { read } = await open([gpu]);
    expect((await read())[0]).toMatchObject({
      utilization: 0.5,
      memoryBytes: 3.5e9,
      smClockMhz: 1450,
      memoryClockMhz: 2619,
      temperatureC: 51,
      throttle: 0x24,
    });
  });

  it("leaves out what is not supported: utilization of a divided GPU, memory of a superchip", async () => {
    const { read } = await open([{ ...h100, migSlices: 1, memoryBytes: 0 }]);
    const [reading] = await read();
    expect(reading!.utilization).toBeUndefined();
    expect(reading!.memoryBytes).toBeUndefined();
    expect(reading!.energyJ).toBe(0);
  });

  it("tells who uses a shared GPU, even when they are many", async () => {
    const processes = Array.from({ length: 40 }, (_, i) => ({ pid: 100 + i, sm: i, memory: 1, bytes: 1e9 + i }));
    const { devices } = await open([a100, { ...h100, processes }]);
    expect(devices).toHaveLength(2);
    at(1);
    const uses = await opened!.processes!();
    expect(uses).toHaveLength(40);
    expect(uses[3]).toEqual({ device: 1, pid: 103, memoryBytes: 1e9 + 3, utilization: 0.03 });
    // Nothing new since: the memory is known, the utilization is not.
    expect((await opened!.processes!())[3]).toEqual({ device: 1, pid: 103, memoryBytes: 1e9 + 3 });
  });

  it("has a reading with a reason for a GPU that is not there any more when it is opened", async () => {
    const host = machine([h100]);
    const { devices } = await nvml.find(host);
    opened = await nvml.open([...devices, { ...devices[0]!, id: "nvml:GPU-gone" }], host);
    expect((await opened.read())[1]).toEqual({ failure: expect.stringContaining("not there") });
  });
});

describe("NVML, opened twice", () => {
  it("stays started until the last meter is closed", async () => {
    const { devices, host } = await open([h100]);
    const second = await nvml.open(devices, host);
    await second.close();
    await second.close();
    expect((await opened!.read())[0]!.failure).toBeUndefined();
    await opened!.close();
    expect((await opened!.read())[0]!.failure).toContain("shut down");
  });
});

describe("what holds a GPU back", () => {
  it("is said in words", () => {
    expect(throttleWords(0)).toEqual([]);
    expect(throttleWords(0x24)).toEqual(["power limit reached", "temperature limit reached (software)"]);
    expect(throttleWords(2 ** 40 + 1)).toEqual(["idle", "reason 0x10000000000"]);
  });

  it("is neither idling nor a clock that somebody chose", () => {
    expect(isThrottled(0x1)).toBe(false);
    expect(isThrottled(0x102)).toBe(false);
    expect(isThrottled(0x41)).toBe(true);
  });
});
