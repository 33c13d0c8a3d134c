import { closeSync } from "node:fs";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Sample } from "../../../src/model/sample";
import { createRing, RingReader, RingWriter } from "../../../src/recording/hostRing";
import { sampleColumns } from "../../../src/store/columns";

const ids = ["nvml:a", "nvml:b"];
let descriptor: number;
beforeEach(() => {
  descriptor = createRing();
});
afterEach(() => closeSync(descriptor));

const value = fc.double({ noNaN: true, noDefaultInfinity: true });
const sample: fc.Arbitrary<Sample> = fc.record(
  {
    deviceId: fc.constantFrom(...ids),
    timeS: value,
    ...Object.fromEntries(sampleColumns.map(({ field }) => [field, value])),
  },
  { requiredKeys: ["deviceId", "timeS", "timeErrorS"] } as never,
) as fc.Arbitrary<Sample>;

describe("the ring between a driver's process and the sampler", () => {
  it("gives every sample back once, in order and unchanged", () => {
    const writer = new RingWriter(descriptor, ids);
    const reader = new RingReader(descriptor, ids);
    fc.assert(
      fc.property(fc.array(fc.array(sample, { maxLength: 40 }), { maxLength: 12 }), (polls) => {
        for (const [index, samples] of polls.entries()) writer.write(samples, index);
        const { samples, pollS } = reader.drain();
        expect(samples).toEqual(polls.flat());
        expect(pollS).toBe(polls.length === 0 ? undefined : polls.length - 1);
        expect(reader.drain()).toEqual({ samples: [], pollS: undefined });
      }),
      { numRuns: 60 },
    );
  });

  it("tells that something was read where nothing was new", () => {
    new RingWriter(descriptor, ids).write([], 7.5);
    expect(new RingReader(descriptor, ids).drain()).toEqual({ samples: [], firstPollS: 7.5, pollS: 7.5 });
  });

  it("that nobody emptied in time gives the newest, and goes on", () => {
    const writer = new RingWriter(descriptor, ids);
    const reader = new RingReader(descriptor, ids);
    const write = (timeS: number) =>
      writer.write([{ deviceId: "nvml:b", timeS, timeErrorS: 0, energyJ: timeS }], timeS);
    for (let k = 1; k <= 10_000; k++) write(k);
    const times = reader.drain().samples.map(({ timeS }) => timeS);
    expect(times.at(-1)).toBe(10_000);
    expect(times.every((timeS, at) => at === 0 || timeS === times[at - 1]! + 1)).toBe(true);
    write(10_001);
    expect(reader.drain().samples.map(({ timeS }) => timeS)).toEqual([10_001]);
  });
});
