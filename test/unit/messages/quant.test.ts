import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readFromQuantPanel } from "../../../src/messages/quant";

const request = {
  type: "request",
  mode: "async",
  batch: 64,
  contextTokens: 4096,
  latencyBound: false,
  language: "de-AT",
  belowFourBit: true,
} as const;
const good = [
  { type: "ready" },
  { type: "device", name: "H100 SXM5" },
  { type: "device", name: "" },
  request,
  { type: "scan" },
  { type: "cancelScan" },
  { type: "insert", id: "llm-compressor-fp8" },
  { type: "copy", id: "llm-compressor-fp8" },
  { type: "verify" },
  { type: "cancelVerify" },
] as const;

describe("a message from the quantization panel", () => {
  it("passes when it is one of ours", () => {
    for (const message of good) expect(readFromQuantPanel(message)).toEqual(message);
  });

  it("is refused with a field too many, too few, or of the wrong kind", () => {
    for (const message of good) {
      expect(readFromQuantPanel({ ...message, extra: 1 })).toBeUndefined();
      for (const field of Object.keys(message)) {
        const without: Record<string, unknown> = { ...message };
        delete without[field];
        expect(readFromQuantPanel(without)).toBeUndefined();
        expect(readFromQuantPanel({ ...message, [field]: { toString: () => "x" } })).toBeUndefined();
        expect(readFromQuantPanel({ ...message, [field]: null })).toBeUndefined();
      }
    }
  });

  it("is refused where a number, a mode or a language is none", () => {
    for (const batch of [0, -1, 1.5, Number.NaN, "1"])
      expect(readFromQuantPanel({ ...request, batch })).toBeUndefined();
    for (const mode of ["", "both", "SYNC"]) expect(readFromQuantPanel({ ...request, mode })).toBeUndefined();
    for (const language of ["", "e", "--json", "en;rm", "a".repeat(50)])
      expect(readFromQuantPanel({ ...request, language })).toBeUndefined();
  });

  it("is refused whatever else it is", () => {
    fc.assert(
      fc.property(fc.anything(), (value) => {
        expect(readFromQuantPanel(value)).toBeUndefined();
      }),
    );
  });
});
