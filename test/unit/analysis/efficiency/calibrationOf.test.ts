import { describe, expect, it } from "vitest";
import { calibrationOf } from "../../../../src/analysis/efficiency/calibrationOf";
import { calibrationText } from "../../../../src/cli/calibrate";
import type { CalibrationResult } from "../../../../src/model/calibration";
import type { Device } from "../../../../src/model/device";
import type { Run } from "../../../../src/model/run";
import { gpuDevice, manifestOf, packageDevice } from "../../store/everyRun";
import { columnsOf } from "../columns";

/** Ten seconds of constant watts, read ten times a second. */
function constant(powerW: number) {
  const times = Array.from({ length: 101 }, (_, k) => k / 10);
  return columnsOf(
    times,
    times.map(() => powerW),
  );
}
const window = { repeats: 20, spread: 0.01 };
const product = { dtype: "fp32", perS: 1e11, flops: 1.8e11, startS: 1003, endS: 1005, ...window };
const copy = { perS: 2e10, bytes: 3.6e10, startS: 1006, endS: 1008, ...window };
const result: CalibrationResult = {
  torch: "2.13.0",
  python: "3.11.7",
  threads: 2,
  devices: [
    { kind: "cpu", index: 0, copy, products: [product] },
    { kind: "gpu", index: 0, name: "NVIDIA Test", uuid: "GPU-1", copy, products: [{ ...product, dtype: "bf16" }] },
  ],
};
function runWith(devices: readonly Device[], watts: Readonly<Record<string, number>>): Run {
  return {
    path: "/r",
    manifest: manifestOf({ devices: [...devices], host: { name: "host", os: "Linux", cpu: "Xeon" } }),
    state: "finished",
    labels: {},
    durationS: 10,
    samples: new Map(devices.map(({ id }) => [id, constant(watts[id]!)])),
    traces: [],
    faults: [],
  };
}

describe("a calibration", () => {
  it("has the rates that were measured, and the joules that each device's meter read meanwhile", () => {
    const run = runWith([packageDevice, gpuDevice], { [packageDevice.id]: 90, [gpuDevice.id]: 300 });
    const { devices, machine } = calibrationOf(result, run, "560.1");
    expect(machine).toEqual({ host: "host", driver: "560.1", torch: "2.13.0", python: "3.11.7", threads: 2 });
    const [cpu, gpu] = devices;
    expect(cpu).toMatchObject({ name: "Xeon", kind: "cpu", dtype: "fp32", peakFlopsPerS: 1e11, repeats: 20 });
    expect(cpu!.powerW).toBeCloseTo(90, 6);
    expect(cpu!.joulesPerFlop! * 1.8e11).toBeCloseTo(180, 6);
    expect(cpu!.joulesPerByte! * 3.6e10).toBeCloseTo(180, 6);
    expect(gpu).toMatchObject({ name: "NVIDIA Test", dtype: "bf16", bandwidthBytesPerS: 2e10 });
    expect(gpu!.powerW).toBeCloseTo(300, 6);
  });

  it("has no joules where power is a guess, or where two GPUs of one name cannot be told apart", () => {
    const guess: Device = { ...packageDevice, source: "estimated" };
    const twins = [gpuDevice, { ...gpuDevice, id: "nvml:GPU-2" }];
    const nameless = { ...result, devices: result.devices.map(({ uuid: _, ...one }) => one) };
    const watts = { [packageDevice.id]: 90, [gpuDevice.id]: 300, "nvml:GPU-2": 10 };
    const { devices } = calibrationOf(nameless, runWith([guess, ...twins], watts));
    for (const row of devices) {
      expect(row).not.toHaveProperty("powerW");
      expect(row).not.toHaveProperty("joulesPerByte");
    }
  });

  it("is shown as a table, with a warning where repeats differ much", () => {
    const answer = calibrationOf(result, runWith([], {}));
    expect(calibrationText(answer)).toMatch(/Xeon +fp32 +100 GFLOP\/s +20\.0 GB\/s +–/);
    expect(calibrationText(answer)).not.toContain("Try again");
    const rough = { ...answer, devices: answer.devices.map((row) => ({ ...row, spread: 0.2 })) };
    expect(calibrationText(rough)).toContain("Try again");
  });
});
