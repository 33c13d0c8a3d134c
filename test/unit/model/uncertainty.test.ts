import { describe, expect, it } from "vitest";
import type { Report, ReportedDevice } from "../../../src/model/report";
import { shownDeviceErrorJ, shownErrorJ, shownTotalErrorJ, totalGainError } from "../../../src/model/uncertainty";

const device = (more: Partial<ReportedDevice>): ReportedDevice => ({
  id: "d",
  kind: "gpu",
  name: "d",
  meter: "nvml",
  source: "measured",
  counted: true,
  ...more,
});

const reportOf = (devices: ReportedDevice[], energyJ?: number, standardErrorJ?: number) =>
  ({ devices, energyJ, standardErrorJ }) as unknown as Report;

describe("the error shown beside an energy", () => {
  it("of a device is that of the measurement and of its sensor together", () => {
    expect(shownDeviceErrorJ(device({ energyJ: 100, standardErrorJ: 3, gainError: 0.04 }))).toBeCloseTo(5, 9);
    expect(shownDeviceErrorJ(device({ energyJ: 100, standardErrorJ: 3 }))).toBe(3);
    expect(shownDeviceErrorJ(device({ energyJ: 100 }))).toBeUndefined();
    expect(shownDeviceErrorJ(device({ gainError: 0.05 }))).toBeUndefined();
  });

  it("of a total takes the sensors as independent, and only those that are counted", () => {
    const devices = [
      device({ energyJ: 300, gainError: 0.1 }),
      device({ energyJ: 400, gainError: 0.1 }),
      device({ energyJ: 1e6, gainError: 1, counted: false }),
    ];
    const report = reportOf(devices, 700, 0);
    expect(totalGainError(report)).toBeCloseTo(50 / 700, 9);
    expect(shownTotalErrorJ(report)).toBeCloseTo(50, 9);
    expect(shownErrorJ(report, 7, 1.2)).toBeCloseTo(1.3, 9);
  });

  it("of an unknown total is unknown", () => {
    expect(shownTotalErrorJ(reportOf([device({ gainError: 0.1 })]))).toBeUndefined();
    expect(totalGainError(reportOf([]))).toBe(0);
  });
});
