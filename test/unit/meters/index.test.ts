import { describe, expect, it } from "vitest";
import { ask, askAll, type FoundBy, findDevices, meters, settle } from "../../../src/meters/index";
import type { Meter } from "../../../src/meters/meter";
import type { Device, Unavailable } from "../../../src/model/device";

function answer(id: string, devices: readonly Device[], unavailable: readonly Unavailable[] = []): FoundBy {
  const meter: Meter = {
    id,
    ...(id === "nvidiaSmi" && { fallbackFor: "nvml" }),
    find: async () => ({ devices, unavailable }),
    open: () => ({ read: () => [], close() {} }),
  };
  return { meter, devices, unavailable };
}

function device(id: string, more: Partial<Device> = {}): Device {
  const [meter] = id.split(":");
  return { id, kind: "cpu", name: id, meter: meter!, source: "measured", counted: true, ...more };
}

const pack = device("rapl:intel-rapl:0");
const core = device("rapl:intel-rapl:0:0", { counted: false, partOf: pack.id });
const dram = device("rapl:intel-rapl:0:1", { kind: "dram" });
const psys = device("rapl:intel-rapl:1", { kind: "system", counted: false });
const gpu = device("nvml:GPU-1", { kind: "gpu" });
const guess = device("estimate:cpu", { source: "estimated" });

const counted = (answers: readonly FoundBy[]) =>
  settle(answers)
    .devices.filter((each) => each.counted)
    .map((each) => each.id);

describe("which devices are read and counted", () => {
  it("drops the estimate where the CPU is measured", () => {
    expect(settle([answer("rapl", [pack]), answer("estimate", [guess])]).devices).toEqual([pack]);
  });

  it("keeps the estimate of the CPU beside a measured GPU", () => {
    expect(counted([answer("nvml", [gpu]), answer("estimate", [guess])])).toEqual([gpu.id, guess.id]);
  });

  it("keeps the estimate where only DRAM or parts are measured", () => {
    expect(counted([answer("rapl", [core, dram]), answer("estimate", [guess])])).toEqual([dram.id, guess.id]);
  });

  it("counts package and DRAM, and neither the core in it nor psys around it", () => {
    expect(counted([answer("rapl", [pack, core, dram, psys])])).toEqual([pack.id, dram.id]);
  });

  it("counts psys alone, and guesses nothing beside it, where it is all that can be read", () => {
    expect(counted([answer("rapl", [psys]), answer("estimate", [guess])])).toEqual([psys.id]);
  });

  it("does not count psys beside a GPU", () => {
    expect(counted([answer("rapl", [psys]), answer("nvml", [gpu])])).toEqual([gpu.id]);
  });

  it("never counts a battery", () => {
    expect(counted([answer("hwmon", [device("hwmon:BAT0", { kind: "battery", counted: false })])])).toEqual([]);
  });

  it("asks nvidia-smi only where the library answers nothing", async () => {
    const asked: string[] = [];
    const smi = answer("nvidiaSmi", [device("nvidiaSmi:GPU-1", { kind: "gpu", source: "integrated" })]);
    const askOf = (nvml: FoundBy) =>
      askAll([smi.meter, nvml.meter], async (meter) => {
        asked.push(meter.id);
        return meter.id === "nvml" ? nvml : smi;
      });
    expect(settle(await askOf(answer("nvml", [gpu]))).devices).toEqual([gpu]);
    expect(asked).toEqual(["nvml"]);
    expect(settle(await askOf(answer("nvml", []))).devices).toEqual(smi.devices);
    expect(asked).toEqual(["nvml", "nvml", "nvidiaSmi"]);
  });

  it("drops nvidia-smi's GPUs where both were asked and both answer", () => {
    const smi = answer("nvidiaSmi", [device("nvidiaSmi:GPU-1", { kind: "gpu", source: "integrated" })]);
    expect(settle([smi, answer("nvml", [gpu])]).devices).toEqual([gpu]);
  });

  it("takes nvidia-smi where the library cannot be loaded, and still says why it cannot", () => {
    const smi = device("nvidiaSmi:GPU-1", { kind: "gpu", source: "integrated" });
    const reason = { meter: "nvml", reason: "No library.", remedy: "Install it." };
    const settled = settle([answer("nvml", [], [reason]), answer("nvidiaSmi", [smi])]);
    expect(settled.devices).toEqual([smi]);
    expect(settled.unavailable).toEqual([reason]);
  });

  it("does not repeat by nvidia-smi that there is no NVIDIA driver", () => {
    const none = (meter: string) => answer(meter, [], [{ meter, reason: `No ${meter}.`, remedy: "Install it." }]);
    expect(settle([none("nvidiaSmi"), none("nvml")]).unavailable.map((each) => each.meter)).toEqual(["nvml"]);
  });

  it("orders devices as the list orders their meters, whoever answered first", () => {
    const ids = settle([answer("estimate", [guess]), answer("nvml", [gpu])]).devices.map((each) => each.id);
    expect(ids).toEqual([gpu.id, guess.id]);
    expect(meters.map((meter) => meter.id)).toEqual(["nvml", "nvidiaSmi", "rapl", "hwmon", "estimate"]);
  });

  it("turns a meter that throws into a reason, and asks the others", async () => {
    const broken: Meter = { ...answer("rapl", []).meter, find: () => Promise.reject(new Error("a fault")) };
    const settled = await findDevices({ env: {}, platform: "linux" }, [broken, answer("estimate", [guess]).meter]);
    expect(settled.devices).toEqual([guess]);
    expect(settled.unavailable[0]!.reason).toContain("a fault");
    expect((await ask(broken, { env: {}, platform: "linux" })).devices).toEqual([]);
  });

  it("finds at least an estimate on this machine", async () => {
    const settled = await findDevices({ env: process.env, platform: process.platform });
    expect(settled.devices.length).toBeGreaterThan(0);
    expect(settled.byMeter.flatMap((each) => each.devices)).toEqual(settled.devices);
  });
});
