import { describe, expect, it } from "vitest";
import type { OpenMeter, Reading } from "../../../src/meters/meter";
import type { Device } from "../../../src/model/device";
import type { Sample } from "../../../src/model/sample";
import { LocalGroup } from "../../../src/recording/localGroup";

const device: Device = {
  id: "fake:0",
  kind: "cpu",
  name: "Fake",
  meter: "fake",
  source: "measured",
  counted: true,
  updatePeriodS: 0.001,
};
const startedAt = performance.now();
const settings = { rateHz: 100, timeS: () => (performance.now() - startedAt) / 1000 };
const wait = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** A group over a meter that answers with `read`. */
function group(read: OpenMeter["read"]) {
  const samples: Sample[] = [];
  let closed = false;
  const made = new LocalGroup([device], { read, close: () => void (closed = true) }, settings);
  made.start((some) => samples.push(...some));
  return { made, samples, isClosed: () => closed };
}

let energyJ = 0;
const counting = (): readonly Reading[] => [{ energyJ: energyJ++ }];

describe("meters that are read in this process", () => {
  it("give a sample for what is new, until they are stopped, and are closed then", async () => {
    const { made, samples, isClosed } = group(counting);
    await wait(200);
    const { polls, lost } = await made.stop();
    expect(isClosed()).toBe(true);
    expect(lost).toEqual([]);
    expect(polls).toBeGreaterThan(5);
    expect(samples.length).toBeGreaterThan(5);
    const count = samples.length;
    await wait(50);
    expect(samples.length).toBe(count);
  });

  it("that throw have failed, with the reason, and are asked less often after a while", async () => {
    const { made } = group(() => {
      throw new Error("out of order");
    });
    await wait(1_300);
    expect(made.failingS).toBeGreaterThan(0.9);
    const { polls, lost } = await made.stop();
    expect(polls).toBeLessThan(30);
    expect(lost).toMatchObject([{ device: "fake:0", reason: "Reading failed: out of order." }]);
  });

  it("that never answer let nobody wait, are lost, and their late answer is no sample", async () => {
    let answer: (readings: readonly Reading[]) => void = () => {};
    let polls = 0;
    const { made, samples } = group(() => {
      if (polls++ < 5) return counting();
      return new Promise((resolve) => {
        answer = resolve;
      });
    });
    await wait(1_300);
    expect(made.isWaiting).toBe(true);
    const before = performance.now();
    const { lost } = await made.stop();
    expect(performance.now() - before).toBeLessThan(500);
    expect(lost).toMatchObject([{ device: "fake:0", reason: "The meter did not answer any more." }]);
    expect(lost[0]!.toS - lost[0]!.fromS).toBeGreaterThan(1);
    const count = samples.length;
    answer([{ energyJ: 1e6 }]);
    await wait(20);
    expect(samples.length).toBe(count);
  });
});
