import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readFromRunPanel } from "../../../src/messages/run";

const good = [
  { type: "ready" },
  { type: "openSource", path: "train.py", line: 12 },
  { type: "copyMarkdown" },
  { type: "savePicture", format: "svg", data: "<svg/>" },
  { type: "savePicture", format: "png", data: "iVBORw0KGgo=" },
  { type: "openFolder" },
  { type: "help" },
  { type: "label" },
  { type: "stop" },
  { type: "profile" },
] as const;

describe("a message from the run panel", () => {
  it("passes when it is one of ours", () => {
    for (const message of good) expect(readFromRunPanel(message)).toEqual(message);
  });

  it("is refused with a field too many, too few, or of the wrong kind", () => {
    for (const message of good) {
      expect(readFromRunPanel({ ...message, extra: 1 })).toBeUndefined();
      for (const field of Object.keys(message)) {
        const without: Record<string, unknown> = { ...message };
        delete without[field];
        expect(readFromRunPanel(without)).toBeUndefined();
        expect(readFromRunPanel({ ...message, [field]: { toString: () => "x" } })).toBeUndefined();
        expect(readFromRunPanel({ ...message, [field]: null })).toBeUndefined();
      }
    }
  });

  it("is refused where a line is no line and a format no format", () => {
    for (const line of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, "1"]) {
      expect(readFromRunPanel({ type: "openSource", path: "train.py", line })).toBeUndefined();
    }
    expect(readFromRunPanel({ type: "openSource", path: "x".repeat(4097), line: 1 })).toBeUndefined();
    expect(readFromRunPanel({ type: "savePicture", format: "exe", data: "" })).toBeUndefined();
  });

  it("is refused under names that every object has", () => {
    for (const type of ["__proto__", "constructor", "toString", "hasOwnProperty"]) {
      expect(readFromRunPanel({ type })).toBeUndefined();
    }
    expect(readFromRunPanel(JSON.parse('{"type":"ready","__proto__":{"x":1}}'))).toBeUndefined();
  });

  it("never throws and never passes anything else", () => {
    fc.assert(
      fc.property(fc.anything({ withNullPrototype: true }), (value) => {
        const read = readFromRunPanel(value);
        if (read !== undefined) expect(good.map((message) => message.type)).toContain(read.type);
      }),
    );
  });
});
