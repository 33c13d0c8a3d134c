import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { usersOf } from "../../../src/analysis/deviceUse";
import { report } from "../../../src/analysis/report";
import type { ProcessUseColumns } from "../../../src/model/processUse";
import type { Run } from "../../../src/model/run";
import { gpuDevice, manifestOf } from "../store/everyRun";

type Row = readonly [timeS: number, pid: number, utilization: number];

function used(rows: readonly Row[], manifest: Partial<Run["manifest"]> = {}): Run {
  const columns: ProcessUseColumns = {
    timeS: Float64Array.from(rows, ([timeS]) => timeS),
    pid: Float64Array.from(rows, ([, pid]) => pid),
    utilization: Float64Array.from(rows, ([, , utilization]) => utilization),
    memoryBytes: Float64Array.from(rows, () => 1e9),
  };
  return {
    path: "/run",
    manifest: manifestOf({ devices: [gpuDevice], ...manifest }),
    state: "finished",
    labels: {},
    durationS: 10,
    samples: new Map(),
    traces: [],
    faults: [],
    processes: new Map([[gpuDevice.id, columns]]),
  };
}

describe("who used a shared device", () => {
  it("is told by compute time: utilization times the time that it is the mean of", () => {
    const run = used([
      [2, 7, 0.9],
      [2, 8, 0.1],
      // Four times as long.
      [10, 7, 0.1],
      [10, 8, 0.9],
    ]);
    expect(usersOf(run, gpuDevice.id)).toEqual([
      { pid: 8, share: expect.closeTo((2 * 0.1 + 8 * 0.9) / 10) },
      { pid: 7, share: expect.closeTo((2 * 0.9 + 8 * 0.1) / 10) },
    ]);
  });

  it("adds up to all of it, whatever the driver told", () => {
    const row = fc.tuple(
      fc.double({ min: 0, max: 20, noNaN: true }),
      fc.integer({ min: 1, max: 5 }),
      fc.oneof(fc.double({ min: 0, max: 1, noNaN: true }), fc.constant(Number.NaN)),
    );
    fc.assert(
      fc.property(fc.array(row, { maxLength: 40 }), (rows) => {
        const users = usersOf(used([...rows].sort((a, b) => a[0] - b[0])), gpuDevice.id);
        if (users === undefined) return;
        expect(users.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 9);
        expect(users.every(({ share }) => share > 0 && share <= 1)).toBe(true);
      }),
    );
  });

  it("is not told where no utilization is known, as on a divided GPU", () => {
    expect(usersOf(used([[2, 7, Number.NaN]]), gpuDevice.id)).toBeUndefined();
    expect(usersOf(used([]), "other")).toBeUndefined();
  });

  it("comes with a warning where others had a part of what the run counts", () => {
    const child = { pid: 7, startS: 0 };
    const shared = report(
      used(
        [
          [2, 7, 0.6],
          [2, 8, 0.2],
        ],
        { child },
      ),
    );
    expect(shared.devices[0]?.usedBy).toEqual([
      { pid: 7, share: expect.closeTo(0.75), ofRun: true },
      { pid: 8, share: expect.closeTo(0.25) },
    ]);
    const [warning] = shared.warnings.filter(({ code }) => code === "shared-device");
    expect(warning?.message).toContain("Other processes used 25 % of the compute time");
    const alone = report(used([[2, 7, 0.6]], { child }));
    expect(alone.warnings.map(({ code }) => code)).not.toContain("shared-device");
    // Its own processes are not known: nobody is blamed.
    const unknown = report(used([[2, 9, 0.6]], { child }));
    expect(unknown.warnings.map(({ code }) => code)).not.toContain("shared-device");
  });
});
