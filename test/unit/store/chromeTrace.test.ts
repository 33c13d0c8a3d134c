import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readChromeTrace } from "../../../src/store/chromeTrace";

const folder = mkdtempSync(join(tmpdir(), "wattline-trace-"));

async function read(content: string | Buffer, name = "trace.json") {
  const path = join(folder, name);
  writeFileSync(path, content);
  const events: unknown[] = [];
  const fields: Record<string, unknown> = {};
  await readChromeTrace(path, {
    event: (value) => events.push(value),
    field: (key, value) => {
      fields[key] = value;
    },
  });
  return { events, fields };
}

const event = { ph: "X", name: 'a "quoted" \\ name, {[', ts: 1.5, dur: 2, args: { deep: [[{}], "]}"] } };

describe("a Chrome trace", () => {
  it("is read an event at a time, with the other fields of its object", async () => {
    const trace = { schemaVersion: 1, distributedInfo: { rank: 3 }, traceEvents: [event, event], traceName: "t" };
    const found = await read(JSON.stringify(trace, undefined, 2));
    expect(found.events).toEqual([event, event]);
    expect(found.fields).toEqual({ schemaVersion: 1, distributedInfo: { rank: 3 }, traceName: "t" });
  });

  it("may be a bare array, also one whose end is missing, and may be packed", async () => {
    expect((await read(JSON.stringify([event]))).events).toEqual([event]);
    expect((await read(`[${JSON.stringify(event)},\n${JSON.stringify(event)}\n`)).events).toEqual([event, event]);
    expect((await read(gzipSync(JSON.stringify({ traceEvents: [event] })), "t.json.gz")).events).toEqual([event]);
    expect((await read('{"traceEvents": []}')).events).toEqual([]);
  });

  it("comes out the same however its pieces fall, with any text inside", async () => {
    const value = fc.jsonValue({ maxDepth: 4 });
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ name: fc.string({ unit: "binary" }), args: value }), { maxLength: 20 }),
        async (events) => {
          // Larger than a piece of the file, so that events fall across its edge.
          const filler = "é".repeat(700_000);
          const found = await read(JSON.stringify({ filler, traceEvents: events }));
          expect(found.events).toEqual(JSON.parse(JSON.stringify(events)));
          expect(found.fields.filler).toBe(filler);
        },
      ),
      { numRuns: 20 },
    );
  });

  it.each([
    [
      "cut in an event",
      JSON.stringify({ traceEvents: [event, event] }).slice(0, -30),
      /cut off \(at byte \d+, after 1 event\)/,
    ],
    ["cut after an event", '{"traceEvents": [{"ph": "X"}, ', /cut off \(at byte 31, after 1 event\)/],
    ["cut before the outer end", '{"traceEvents": []', /cut off/],
    ["not JSON inside", '{"traceEvents": [{"ph": "X", "dur": NaN}]}', /no JSON \(at byte 17, after 0 events\)/],
    ["two events without a comma", '{"traceEvents": [{} {}]}', /comma is missing between two events/],
    ["something else", "train loss 0.3", /neither with an object nor with a list/],
    ["an empty file", "", /is empty/],
    ["an object of another kind", '{"layers": [1, 2]}', /no traceEvents/],
    ["text behind its end", '{"traceEvents": []} {}', /behind its end/],
    ["nested without end", `{"traceEvents": [${"[".repeat(5000)}`, /nested too deep/],
  ])("that is %s is refused with the file and the place", async (_, content, sentence) => {
    await expect(read(content)).rejects.toThrow(sentence);
    await expect(read(content)).rejects.toThrow(/trace\.json cannot be read/);
  });

  it("whose packed data are cut or damaged is refused", async () => {
    const packed = gzipSync(
      JSON.stringify({ traceEvents: Array.from({ length: 2000 }, (_, k) => ({ ...event, ts: k })) }),
    );
    await expect(read(packed.subarray(0, packed.length - 200), "t.json.gz")).rejects.toThrow(/cut off/);
    const damaged = Buffer.from(packed);
    damaged.fill(0x55, 100, 140);
    await expect(read(damaged, "t.json.gz")).rejects.toThrow(/t\.json\.gz cannot be read/);
  });

  it("that is not there is refused by name", async () => {
    const listener = { event() {}, field() {} };
    await expect(readChromeTrace(join(folder, "absent.json"), listener)).rejects.toThrow(/absent\.json cannot be read/);
    await expect(readChromeTrace(folder, listener)).rejects.toThrow(/cannot be read/);
  });
});
