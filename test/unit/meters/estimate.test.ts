import { describe, expect, it } from "vitest";
import { estimatedPowerW, estimateFrom } from "../../../src/meters/estimate";
import { loadProbe } from "../../../src/meters/systemInformation";

const host = { env: {}, platform: process.platform } as const;

/** Watts a hardware thread at idle and at full load: ccf-coefficients output/coefficients-aws-use.csv at b0032d9. */
const published = [
  [0.7128, 3.6853],
  [0.6903, 4.0632],
  [1.1384, 5.4218],
  [0.8468, 2.6042],
  [0.4743, 1.693],
  [0.4556, 1.9573],
  [0.7391, 2.2822],
  [3.6824, 8.9614],
  [0.814, 4.482],
  [0.5816, 2.5275],
  [0.4743, 1.693],
  [0.4743, 1.693],
  [0.4743, 1.693],
  [0.4743, 1.693],
  [1.8574, 5.5954],
  [0.7668, 3.7582],
  [1.7074, 5.5569],
  [2.2122, 8.6309],
  [1.0363, 4.1605],
  [0.613, 4.1042],
] as const;

describe("the estimate", () => {
  it("is marked as one everywhere, with its formula and where that comes from", async () => {
    const { devices } = await estimateFrom(() => loadProbe(0.5)).find(host);
    expect(devices).toMatchObject([{ source: "estimated", id: "estimate:cpu", counted: true }]);
    expect(devices[0]!.model).toContain("cloudcarbonfootprint.org");
  });

  it("states the spread of the published processors as its error", async () => {
    const [device] = (await estimateFrom(() => loadProbe(0.5)).find(host)).devices;
    const halfLoad = estimatedPowerW(0.5, 1);
    const squares = published.map(([idle, full]) => ((idle + full) / 2 / halfLoad - 1) ** 2);
    const spread = Math.sqrt(squares.reduce((sum, square) => sum + square, 0) / squares.length);
    expect(device!.gainError).toBeCloseTo(spread, 2);
  });

  it("runs in a line from idle to full load, for each logical CPU", () => {
    expect(estimatedPowerW(0, 8)).toBeCloseTo(8 * 0.74, 9);
    expect(estimatedPowerW(1, 8)).toBeCloseTo(8 * 3.5, 9);
    expect(estimatedPowerW(0.25, 4)).toBeCloseTo(4 * (0.74 + 0.25 * 2.76), 9);
  });

  it("says nothing until it knows a load, and then gives power without energy", async () => {
    let load: { share: number; logicalCpus: number } | undefined;
    const meter = estimateFrom(() => ({ load: async () => load }));
    const { devices } = await meter.find(host);
    const open = await meter.open(devices, host);
    expect(await open.read()).toEqual([{}]);
    load = { share: 0.5, logicalCpus: 2 };
    expect(await open.read()).toEqual([{ powerW: 4.24, utilization: 0.5 }]);
  });

  it("has a failure, not an idle machine, where the load cannot be read", async () => {
    let calls = 0;
    const meter = estimateFrom(() => ({
      load: () => (calls++ === 0 ? Promise.resolve(undefined) : Promise.reject(new Error("no /proc"))),
    }));
    const open = await meter.open((await meter.find(host)).devices, host);
    const [reading] = await open.read();
    expect(reading!.powerW).toBeUndefined();
    expect(reading!.failure).toContain("no /proc");
  });
});

describe("the load of this machine", () => {
  it("is high while something works and leaves out what was before the first question", async () => {
    const probe = loadProbe(0.25);
    expect(await probe.load()).toBeUndefined();
    const until = performance.now() + 600;
    while (performance.now() < until) Math.sqrt(Math.random());
    const load = await probe.load();
    expect(load!.logicalCpus).toBeGreaterThanOrEqual(1);
    // One thread worked the whole time.
    expect(load!.share * load!.logicalCpus).toBeGreaterThan(0.6);
    expect(load!.share).toBeLessThanOrEqual(1);
  });

  it("is asked of the system once for any number of questions within its period", async () => {
    const probe = loadProbe(5);
    await probe.load();
    const before = performance.now();
    for (let i = 0; i < 1000; i++) await probe.load();
    // Asking the system takes milliseconds each time.
    expect(performance.now() - before).toBeLessThan(300);
  });
});
