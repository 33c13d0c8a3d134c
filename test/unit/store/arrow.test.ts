import { tableFromIPC } from "apache-arrow";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Sample } from "../../../src/model/sample";
import { SampleDecoder, type StreamRows, sampleFields, wholeLength } from "../../../src/store/arrow";
import { SampleEncoder } from "../../../src/store/arrowEncode";
import { encode, samplesOf } from "./everyRun";

const ids = ["gpu", "cpu"];
const samples = samplesOf(2, { gpu: 100, cpu: 40 });
const bytes = encode(samples, ids);

function rowsOf(batches: readonly StreamRows[]): Sample[] {
  return batches.flatMap((batch) =>
    Array.from({ length: batch.length }, (_, row) => {
      const present = sampleFields
        .map((field, column) => [field, batch.values[column]![row]!] as const)
        .filter(([, value]) => !Number.isNaN(value));
      return {
        deviceId: batch.device[row]!,
        timeS: batch.timeS[row]!,
        ...Object.fromEntries(present),
      } as unknown as Sample;
    }),
  );
}

/** Time errors and powers are stored as 32-bit floats. */
const rounded = ({ timeErrorS, powerW, ...rest }: Sample) => ({
  ...rest,
  timeErrorS: Math.fround(timeErrorS),
  ...(powerW !== undefined && { powerW: Math.fround(powerW) }),
});

describe("a samples file", () => {
  it("gives back what was written, absent values as absent", () => {
    const read = rowsOf(new SampleDecoder().feed(bytes));
    expect(read).toEqual(samples.map(rounded));
  });

  it("opens in other Arrow readers with the documented columns", () => {
    const table = tableFromIPC(bytes);
    expect(table.numRows).toBe(samples.length);
    expect(table.schema.names.slice(0, 4)).toEqual(["time_s", "device", "time_error_s", "energy_j"]);
    expect(table.get(1)?.toJSON()).toMatchObject({ device: "cpu", energy_j: 0 });
    expect(table.get(2)?.toJSON().power_w).toBeNull();
  });

  it("cut at any byte is readable up to its last whole batch", () => {
    const whole = rowsOf(new SampleDecoder().feed(bytes));
    let most = 0;
    for (let cut = 0; cut <= bytes.length; cut++) {
      const read = rowsOf(new SampleDecoder().feed(bytes.subarray(0, cut)));
      expect(read).toEqual(whole.slice(0, read.length));
      expect(read.length % 10 === 0 || read.length === whole.length).toBe(true);
      expect(read.length).toBeGreaterThanOrEqual(most);
      most = read.length;
    }
    expect(most).toBe(samples.length);
  });

  it("read in pieces of any size is read the same", () => {
    const whole = rowsOf(new SampleDecoder().feed(bytes));
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 900 }), { minLength: 20, maxLength: 60 }), (sizes) => {
        const decoder = new SampleDecoder();
        const read: Sample[] = [];
        let at = 0;
        for (const size of [...sizes, bytes.length]) {
          read.push(...rowsOf(decoder.feed(bytes.subarray(at, at + size))));
          at += size;
        }
        expect(read).toEqual(whole);
      }),
      { numRuns: 50 },
    );
  });

  it("that was cut is whole messages again after cutting the rest off, and can be continued", () => {
    const cut = bytes.subarray(0, bytes.length - 100);
    const kept = cut.subarray(0, wholeLength(cut));
    const more = new SampleEncoder(ids).batch([{ deviceId: "cpu", timeS: 3, timeErrorS: 0, energyJ: 120 }]);
    const read = rowsOf(new SampleDecoder().feed(Buffer.concat([kept, more])));
    expect(read.at(-1)).toMatchObject({ deviceId: "cpu", timeS: 3, energyJ: 120 });
    expect(read.length).toBe(31 + 10);
  });

  it("of arbitrary bytes gives the rows it has, and never throws or fills the memory", () => {
    const header = new SampleEncoder(ids).header();
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 400 }),
        fc.boolean(),
        fc.nat(bytes.length - 1),
        (noise, afterHeader, at) => {
          const hostile = Buffer.from(afterHeader ? Buffer.concat([header, noise]) : bytes);
          if (!afterHeader) hostile.set(noise.subarray(0, hostile.length - at), at);
          for (const batch of new SampleDecoder().feed(hostile)) expect(batch.timeS.length).toBe(batch.length);
        },
      ),
      { numRuns: 300 },
    );
  });

  it("refuses a sample of a device that it does not know", () => {
    expect(() => new SampleEncoder(ids).batch([{ deviceId: "new", timeS: 0, timeErrorS: 0 }])).toThrow(/new/);
  });
});
