import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readFromBloatPanel } from "../../../src/messages/bloat";

const good = [
  { type: "ready" },
  { type: "plan", timeS: 2.5 },
  { type: "export", form: "zeus", timeS: 2.5 },
  { type: "import" },
  { type: "measure" },
  { type: "solve" },
  { type: "cancel" },
  { type: "savePicture", format: "svg", data: "<svg/>" },
] as const;

describe("a message from the energy-bloat panel", () => {
  it("passes when it is one of ours", () => {
    for (const message of good) expect(readFromBloatPanel(message)).toEqual(message);
  });

  it("is refused with a field too many, too few, or of the wrong kind", () => {
    for (const message of good) {
      expect(readFromBloatPanel({ ...message, path: "/etc/passwd" })).toBeUndefined();
      for (const field of Object.keys(message)) {
        const { [field as "type"]: _, ...without } = message;
        expect(readFromBloatPanel(without)).toBeUndefined();
        expect(readFromBloatPanel({ ...message, [field]: {} })).toBeUndefined();
      }
    }
    for (const timeS of [Number.NaN, Number.POSITIVE_INFINITY, "2"])
      expect(readFromBloatPanel({ type: "plan", timeS })).toBeUndefined();
    for (const form of ["exe", "__proto__", "toString"])
      expect(readFromBloatPanel({ type: "export", form, timeS: 1 })).toBeUndefined();
  });

  it("never throws and never passes anything else", () => {
    const known = new Set<string>([
      "openSource",
      "copyMarkdown",
      "openFolder",
      "help",
      ...good.map(({ type }) => type),
    ]);
    fc.assert(
      fc.property(fc.anything({ withNullPrototype: true }), (value) => {
        const read = readFromBloatPanel(value);
        if (read !== undefined) expect(known).toContain(read.type);
      }),
    );
  });
});
