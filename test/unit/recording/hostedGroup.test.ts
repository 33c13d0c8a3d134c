import { resolve } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import type { Sample } from "../../../src/model/sample";
import { discover } from "../../../src/recording/discover";
import type { MeterGroup } from "../../../src/recording/meterGroup";
import { FakeNvml, type Fault } from "../../fixtures/fake-nvml/scenario";

const energyFunction = "nvmlDeviceGetTotalEnergyConsumption";
const wait = (seconds: number) => new Promise((done) => setTimeout(done, seconds * 1000));
const wattsOf = [{ atS: 0, watts: 150 }];

let fake: FakeNvml;
afterEach(() => fake.dispose());

/** The GPU's group with the processes that ship; scenario time is the group's time. */
async function reading(faults: readonly Fault[], settings: { rateHz: number; bursts?: boolean }) {
  fake = new FakeNvml({ gpus: [{ counterPeriodS: 0.02, power: wattsOf, faults }] });
  const timeS = () => Number(process.hrtime.bigint()) / 1e9 - fake.startS;
  const host = { env: { ...process.env, ...fake.env }, platform: process.platform };
  const found = await discover(host, resolve("dist/sampler.js"));
  const groups = await found.open({ ...settings, timeS, startedMonotonicS: fake.startS });
  const group = groups.find(({ devices }) => devices[0]?.meter === "nvml") as MeterGroup;
  const samples: Sample[] = [];
  group.start((some) => samples.push(...some));
  return {
    samples,
    timeS,
    async stop() {
      const end = await group.stop();
      found.close();
      return end;
    },
  };
}

describe("devices that are read in another process", () => {
  it("have all energy over a crash, never less than before, and no second opinion after it", async () => {
    const run = await reading([{ kind: "crash", function: energyFunction, fromS: 2, toS: 2.3 }], { rateHz: 10 });
    await wait(5 - run.timeS());
    const { lost } = await run.stop();
    expect(lost).toHaveLength(1);
    const [first, last] = [run.samples[0]!, run.samples.at(-1)!];
    const usedJ = last.energyJ! - first.energyJ!;
    expect(Math.abs(usedJ / (150 * (last.timeS - first.timeS)) - 1)).toBeLessThan(0.02);
    expect(run.samples.every((sample, at) => at === 0 || sample.energyJ! >= run.samples[at - 1]!.energyJ!)).toBe(true);
    expect(last.energyIntegratedJ).toBeUndefined();
  });

  it("lose what a counter forgot in the gap, and invent nothing", async () => {
    const faults: Fault[] = [
      { kind: "crash", function: energyFunction, fromS: 2, toS: 2.3 },
      { kind: "reset", fromS: 2.2 },
    ];
    const run = await reading(faults, { rateHz: 10 });
    await wait(5 - run.timeS());
    const { fromS, toS } = (await run.stop()).lost[0]!;
    const [first, last] = [run.samples[0]!, run.samples.at(-1)!];
    const seenS = last.timeS - first.timeS - (toS - fromS);
    const usedJ = last.energyJ! - first.energyJ!;
    expect(Math.abs(usedJ - 150 * seenS)).toBeLessThan(30);
  });

  it("are not lost where they are asked every few seconds only", async () => {
    const run = await reading([], { rateHz: 0.2, bursts: false });
    await wait(6);
    const { lost, polls } = await run.stop();
    expect(lost).toEqual([]);
    expect(polls).toBeLessThan(6);
  });
});
