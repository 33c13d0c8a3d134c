import { describe, expect, it } from "vitest";
import { liveDraw, liveTotals } from "../../../src/analysis/liveTotals";
import type { Device } from "../../../src/model/device";
import type { Run } from "../../../src/model/run";
import type { SampleColumns } from "../../../src/model/sample";

const device = (id: string, more: Partial<Device> = {}): Device => ({
  id,
  kind: "cpu",
  name: id,
  meter: "rapl",
  source: "measured",
  counted: true,
  updatePeriodS: 0.001,
  ...more,
});

/** A device that draws `watts(t)`, read ten times a second. */
function columns(durationS: number, watts: (timeS: number) => number, fromS = 0): SampleColumns {
  const count = Math.round((durationS - fromS) * 10) + 1;
  const timeS = Float64Array.from({ length: count }, (_, row) => fromS + row / 10);
  const energyJ = new Float64Array(count);
  for (let row = 1; row < count; row++) energyJ[row] = energyJ[row - 1]! + watts(timeS[row]!) * 0.1;
  const absent = () => new Float64Array(count).fill(Number.NaN);
  return {
    timeS,
    timeErrorS: new Float64Array(count),
    energyJ,
    energyIntegratedJ: absent(),
    powerW: absent(),
    powerInstantW: absent(),
    utilization: absent(),
    memoryBytes: absent(),
    smClockMhz: absent(),
    memoryClockMhz: absent(),
    temperatureC: absent(),
    throttle: absent(),
  };
}

function run(durationS: number, devices: readonly [Device, SampleColumns | undefined][]): Run {
  return {
    path: "/run",
    state: "running",
    labels: {},
    durationS,
    traces: [],
    faults: [],
    samples: new Map(devices.flatMap(([{ id }, samples]) => (samples ? [[id, samples] as const] : []))),
    manifest: {
      schema: "wattline.run/1",
      id: "run",
      argv: ["python3", "train.py"],
      cwd: "/",
      host: { name: "here", os: "linux" },
      recorder: { pid: 1, version: "0" },
      startedAt: "2026-11-24T12:00:00Z",
      startedMonotonicS: 0,
      devices: devices.map(([one]) => one),
      unavailable: [],
      settings: { rateHz: 10, trace: true },
    },
  };
}

describe("what a run draws now", () => {
  it("is the mean of the last two seconds, not of the run", () => {
    const totals = liveTotals(run(10, [[device("a"), columns(10, (timeS) => (timeS > 7 ? 60 : 20))]]), 10.3);
    expect(totals.powerW).toBeCloseTo(60, 6);
    expect(totals.energyJ).toBeCloseTo(7 * 20 + 3 * 60, 0);
    expect(totals.source).toBe("measured");
  });

  it("adds up counted devices, and leaves out parts of them", () => {
    const totals = liveTotals(
      run(10, [
        [device("package"), columns(10, () => 40)],
        [device("core", { counted: false, partOf: "package" }), columns(10, () => 30)],
        [device("gpu", { source: "integrated" }), columns(10, () => 100)],
      ]),
      10,
    );
    expect(totals.powerW).toBeCloseTo(140, 6);
    expect(totals.energyJ).toBeCloseTo(1400, 0);
    expect(totals.source).toBe("integrated");
    expect(totals.devices.map(({ powerW }) => Math.round(powerW!))).toEqual([40, 30, 100]);
  });

  it("is not known of a device that has not been read for a while", () => {
    const gone = liveTotals(run(10, [[device("a"), columns(10, () => 40)]]), 20);
    expect(gone.powerW).toBeUndefined();
    expect(gone.devices[0]!.powerW).toBeUndefined();
  });

  it("has no joules while one of the devices has none, instead of a sum of some", () => {
    const totals = liveTotals(
      run(10, [
        [device("a"), columns(10, () => 40)],
        [device("b"), undefined],
      ]),
      10,
    );
    expect(totals.energyJ).toBeUndefined();
    expect(totals.powerW).toBeCloseTo(40, 6);
  });
});

describe("what a machine draws at rest", () => {
  it("is the sum of its counted devices, by the least certain source", () => {
    const live = {
      schema: "wattline.live/1" as const,
      at: 0,
      pid: 1,
      devices: [
        { device: device("a"), powerW: 10 },
        { device: device("b", { source: "estimated" }), powerW: 5 },
        { device: device("c", { counted: false }), powerW: 7 },
        { device: device("d") },
      ],
    };
    expect(liveDraw(live)).toMatchObject({ powerW: 15, source: "estimated" });
    expect(liveDraw({ ...live, devices: [] })).toEqual({ devices: [] });
  });
});
