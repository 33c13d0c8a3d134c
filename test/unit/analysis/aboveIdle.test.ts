import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { energyAboveIdle } from "../../../src/analysis/aboveIdle";
import type { Device } from "../../../src/model/device";
import type { Run } from "../../../src/model/run";
import { gpuDevice, manifestOf, packageDevice } from "../store/everyRun";
import { columnsOf } from "./columns";

const idleW = 30;

/** A machine at idle that draws `watts` while a cell runs, read every `stepS`. */
function machine(
  cell: { fromS: number; toS: number; watts: number },
  {
    stepS = 0.1,
    lengthS = 12,
    devices = [packageDevice],
    remembered,
  }: {
    stepS?: number;
    lengthS?: number;
    devices?: readonly Device[];
    remembered?: number;
  } = {},
): Run {
  const timeS = Array.from({ length: Math.floor(lengthS / stepS) + 1 }, (_, k) => k * stepS);
  const inside = (from: number, to: number) => Math.max(0, Math.min(to, cell.toS) - Math.max(from, cell.fromS));
  const powerW = timeS.map((time, k) => {
    const from = k === 0 ? time : timeS[k - 1]!;
    return time === from ? idleW : idleW + ((cell.watts - idleW) * inside(from, time)) / (time - from);
  });
  return {
    path: "/runs/1",
    manifest: manifestOf({
      devices: [...devices],
      ...(remembered !== undefined && { idlePowerW: { [devices[0]!.id]: remembered } }),
    }),
    state: "running",
    labels: {},
    durationS: lengthS,
    samples: new Map(devices.map(({ id }) => [id, columnsOf(timeS, powerW)])),
    traces: [],
    faults: [],
  };
}

describe("the energy of a cell above idle", () => {
  it("is the counter's difference without what the machine draws anyway", () => {
    const cell = { fromS: 5, toS: 7, watts: 80 };
    const found = energyAboveIdle(machine(cell), cell, [cell]);
    expect(found.aboveIdleJ).toBeCloseTo(2 * 50, 0);
    expect(found.totalJ).toBeCloseTo(2 * 80, 0);
    expect(found.devices[0]!.idlePowerW).toBeCloseTo(idleW, 6);
    expect(found).toMatchObject({ durationS: 2, source: "measured", settled: true });
    expect(found.atMostJ).toBeUndefined();
  });

  it("is exact for a cell that is alone, wherever its ends fall between the readings", () => {
    const start = fc.double({ min: 4, max: 5, noNaN: true });
    const length = fc.double({ min: 0.005, max: 6, noNaN: true });
    fc.assert(
      fc.property(start, length, fc.integer({ min: 60, max: 300 }), (fromS, lengthS, watts) => {
        const cell = { fromS, toS: fromS + lengthS, watts };
        const { aboveIdleJ, errorJ, atMostJ } = energyAboveIdle(machine(cell), cell, [cell]);
        const truthJ = (watts - idleW) * lengthS;
        if (aboveIdleJ === undefined) expect(atMostJ).toBeGreaterThanOrEqual(truthJ);
        else {
          expect(Math.abs(aboveIdleJ - truthJ)).toBeLessThan(1e-6);
          expect(errorJ!).toBeLessThan(Math.max(0.6, 0.05 * truthJ));
        }
      }),
    );
  });

  it("of a cell with neighbours lies within its error, with enough readings inside", () => {
    const start = fc.double({ min: 5, max: 6, noNaN: true });
    fc.assert(
      fc.property(start, fc.double({ min: 1, max: 3, noNaN: true }), (fromS, lengthS) => {
        const cell = { fromS, toS: fromS + lengthS, watts: 90 };
        const busy = [{ fromS: fromS - 0.5, toS: fromS - 0.01 }, cell, { fromS: cell.toS, toS: cell.toS + 1 }];
        const { aboveIdleJ, errorJ } = energyAboveIdle(machine(cell), cell, busy);
        expect(Math.abs(aboveIdleJ! - 60 * lengthS)).toBeLessThan(4 * errorJ!);
        expect(errorJ!).toBeLessThan(0.1 * aboveIdleJ!);
      }),
    );
  });

  it("of a cell between the same readings as its neighbour is a bound that holds", () => {
    const start = fc.double({ min: 5, max: 6, noNaN: true });
    fc.assert(
      fc.property(start, fc.double({ min: 0.002, max: 0.1, noNaN: true }), (fromS, lengthS) => {
        const cell = { fromS, toS: fromS + lengthS, watts: 90 };
        const busy = [{ fromS: fromS - 2, toS: fromS - 0.001 }, cell];
        const found = energyAboveIdle(machine(cell), cell, busy);
        expect(found.aboveIdleJ).toBeUndefined();
        expect(found.atMostJ!).toBeGreaterThanOrEqual(60 * lengthS);
        expect(found.atMostJ!).toBeLessThan(60 * lengthS + 1);
      }),
    );
  });

  it("waits for a sensor that averages: what it says after the end is still of the cell", () => {
    const slow = { ...gpuDevice, averagingWindowS: 1 };
    const cell = { fromS: 5, toS: 6, watts: 80 };
    // The mean of the last second tells of the cell until a second after its end.
    const told = machine({ fromS: 5.5, toS: 6.5, watts: 80 }, { devices: [slow] });
    expect(energyAboveIdle(told, cell, [cell]).aboveIdleJ).toBeCloseTo(50, 6);
  });

  it("of a cell that only waits is a bound and no negative number", () => {
    const cell = { fromS: 5, toS: 8, watts: idleW };
    const found = energyAboveIdle(machine(cell), cell, [cell]);
    expect(found.aboveIdleJ).toBeUndefined();
    expect(found.atMostJ).toBeGreaterThanOrEqual(0);
    expect(found.atMostJ).toBeLessThan(5);
  });

  it("takes idle from times without a cell only, and what is remembered where that is less", () => {
    const cell = { fromS: 0.2, toS: 11.9, watts: 80 };
    const blind = energyAboveIdle(machine(cell), cell, [cell]);
    expect(blind.totalJ).toBeGreaterThan(900);
    expect(blind.aboveIdleJ).toBeUndefined();
    expect(blind.settled).toBe(false);
    const told = energyAboveIdle(machine(cell, { remembered: idleW }), cell, [cell]);
    expect(told.aboveIdleJ).toBeCloseTo(11.7 * 50, -1);
    const lower = energyAboveIdle(machine({ ...cell, fromS: 5, toS: 7 }, { remembered: 28 }), { fromS: 5, toS: 7 }, []);
    expect(lower.devices[0]!.idlePowerW).toBe(28);
  });

  it("waits for the reading after the cell's end", () => {
    const cell = { fromS: 5, toS: 12.05, watts: 80 };
    expect(energyAboveIdle(machine(cell), cell, [cell]).settled).toBe(false);
  });

  it("of several devices is their sum, and of none is not known", () => {
    const cell = { fromS: 5, toS: 7, watts: 80 };
    const two = energyAboveIdle(machine(cell, { devices: [packageDevice, gpuDevice] }), cell, [cell]);
    expect(two.aboveIdleJ).toBeCloseTo(200, -1);
    const parts = [packageDevice, { ...gpuDevice, counted: false }];
    expect(energyAboveIdle(machine(cell, { devices: parts }), cell, [cell]).aboveIdleJ).toBeCloseTo(100, 0);
    const run = machine(cell, { devices: [packageDevice, gpuDevice] });
    const blind = { ...run, samples: new Map([...run.samples].slice(0, 1)) };
    expect(energyAboveIdle(blind, cell, [cell]).aboveIdleJ).toBeUndefined();
    expect(energyAboveIdle(machine(cell, { devices: [] }), cell, [cell])).toMatchObject({ devices: [] });
  });

  it("has a guess's own large error", () => {
    const cell = { fromS: 5, toS: 7, watts: 80 };
    const guess: Device = { ...packageDevice, source: "estimated", gainError: 0.69, updatePeriodS: 0.5 };
    const found = energyAboveIdle(machine(cell, { devices: [guess] }), cell, [cell]);
    expect(found.errorJ).toBeGreaterThan(0.6 * found.aboveIdleJ!);
    expect(found.source).toBe("estimated");
  });
});
