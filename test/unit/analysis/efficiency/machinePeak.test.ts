import { describe, expect, it } from "vitest";
import { machinePeak, peakOf } from "../../../../src/analysis/efficiency/machinePeak";
import type { CalibratedDevice, Calibration } from "../../../../src/model/calibration";

const measured = (changes: Partial<CalibratedDevice>): CalibratedDevice => ({
  name: "NVIDIA H100 80GB HBM3",
  kind: "gpu",
  dtype: "bf16",
  peakFlopsPerS: 7.1e14,
  bandwidthBytesPerS: 2.9e12,
  repeats: 10,
  spread: 0.01,
  ...changes,
});
const calibration = (...devices: CalibratedDevice[]): Calibration => ({
  schema: "wattline.calibration/1",
  at: "2026-11-25T03:00:00.000Z",
  machine: { host: "host", torch: "2.13.0", python: "3.11.7" },
  devices,
});
const h100 = { kind: "gpu", name: "NVIDIA H100 80GB HBM3" };

describe("what a device reaches at most", () => {
  it("is what was measured on this machine, by dtype", () => {
    const found = machinePeak(
      h100,
      calibration(
        measured({ joulesPerFlop: 9e-13, joulesPerByte: 1.5e-10 }),
        measured({ dtype: "fp32", peakFlopsPerS: 5e13, bandwidthBytesPerS: 3e12 }),
      ),
    );
    expect(found).toEqual({
      name: h100.name,
      kind: "gpu",
      source: "calibrated",
      peakFlopsPerS: { bf16: 7.1e14, fp32: 5e13 },
      bandwidthBytesPerS: 3e12,
      joulesPerFlop: { bf16: 9e-13 },
      joulesPerByte: 1.5e-10,
    });
    expect(peakOf(found, "bfloat16")).toBe(7.1e14);
    expect(peakOf(found, "fp32")).toBe(5e13);
    expect(peakOf(found, "float16")).toBeUndefined();
  });

  it("is the data sheet's dense figure without a calibration, never the sparse one", () => {
    const found = machinePeak(h100);
    expect(found.source).toBe("datasheet");
    expect(peakOf(found, "bfloat16")).toBe(989.5e12);
    expect(found.bandwidthBytesPerS).toBe(3.35e12);
  });

  it("of one GPU is not taken from another's calibration", () => {
    const other = calibration(measured({ name: "NVIDIA A100-SXM4-80GB" }), measured({ kind: "cpu", name: "Xeon" }));
    expect(machinePeak(h100, other).source).toBe("datasheet");
  });

  it("of a CPU is the calibration's, by whatever name a meter calls it", () => {
    const cpu = measured({ kind: "cpu", name: "Xeon 8481C", dtype: "fp32", peakFlopsPerS: 1e11 });
    expect(peakOf(machinePeak({ kind: "cpu", name: "package-0" }, calibration(cpu)), "float32")).toBe(1e11);
  });

  it.each([
    [{ kind: "gpu", name: "NVIDIA GeForce RTX 4090 Laptop GPU" }],
    [{ kind: "gpu", name: "Something new" }],
    [{ kind: "cpu", name: "Xeon 8481C" }],
    [{ kind: "cpu", name: "NVIDIA A100-SXM4-80GB" }],
  ])("of %j is not known", (device) => {
    const found = machinePeak(device);
    expect(found).toEqual({ name: device.name, kind: device.kind, source: "unknown", peakFlopsPerS: {} });
    expect(peakOf(found, "float32")).toBeUndefined();
    expect(peakOf(found, undefined)).toBeUndefined();
    expect(peakOf(found, "constructor")).toBeUndefined();
  });
});
