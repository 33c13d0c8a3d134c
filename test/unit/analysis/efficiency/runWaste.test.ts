import { describe, expect, it } from "vitest";
import { runGap } from "../../../../src/analysis/efficiency/runGap";
import { gapTable } from "../../../../src/cli/gapTable";
import type { Calibration } from "../../../../src/model/calibration";
import { readRun } from "../../../../src/store/readRun";
import { packageDevice } from "../../store/everyRun";
import { calibration, flops, iterationS, watts, writeGapRun } from "./gapRun";

const joulesPerFlop = 5e-10;
const known: Calibration = { ...calibration, devices: calibration.devices.map((one) => ({ ...one, joulesPerFlop })) };

describe("the waste factor of a run", () => {
  it("is what goes in for each watt that the layers' FLOPs would take at the device's best", async () => {
    const run = await readRun(await writeGapRun({ calibrated: false }));
    const report = runGap(run, { calibration: known });
    const usefulW = (joulesPerFlop * report.totals.flops!) / iterationS;
    expect(report.totals.flops).toBeGreaterThan(flops.reduce((sum, one) => sum + one, 0) - 1);
    expect(report.waste!.factor).toBeCloseTo(watts / usefulW, 1);
    expect(report.waste!.decibels).toBeCloseTo(10 * Math.log10(report.waste!.factor), 9);
    const { parts, usefulShare } = report.waste!;
    expect(parts.map(({ id }) => id)).toEqual(["device"]);
    expect(parts.reduce((sum, { share }) => sum + share, usefulShare)).toBeCloseTo(1, 9);
    const text = gapTable(report, { all: false }).replace(/\s+/g, " ");
    expect(text).toMatch(/Waste factor [\d.]+ \([\d.]+ dB\) ○: .* at the device's best, 500 pJ each \(calibrated\)/);
    expect(text).toContain("left out: the building, the power supply");
  });

  it("has the building in it where its PUE was set, and the rest of the node where that was measured", async () => {
    const run = await readRun(await writeGapRun({ calibrated: false }));
    const dram = { ...packageDevice, id: "dram", kind: "dram" as const, name: "DRAM" };
    const [device] = run.manifest.devices;
    const manifest = { ...run.manifest, devices: [device!, dram], settings: { ...run.manifest.settings, pue: 1.25 } };
    const samples = new Map([...run.samples, ["dram", run.samples.get(device!.id)!]]);
    const { waste } = runGap({ ...run, manifest, samples }, { calibration: known });
    const alone = runGap(run, { calibration: known }).waste!;
    expect(waste!.parts.map(({ id }) => id)).toEqual(["pue", "node", "device"]);
    // The memory draws as much again, so half of the node's watts are the processor's.
    expect(waste!.factor).toBeCloseTo(alone.factor * 2 * 1.25, 6);
    expect(waste!.parts[0]!.share).toBeCloseTo(0.2, 9);
  });

  it("is not said where nobody knows what a FLOP takes at best, or no energy was measured", async () => {
    const run = await readRun(await writeGapRun({ calibrated: false }));
    expect(runGap(run)).not.toHaveProperty("waste");
    expect(runGap({ ...run, samples: new Map() }, { calibration: known })).not.toHaveProperty("waste");
  });
});
