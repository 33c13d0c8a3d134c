import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { printable, table, wrap } from "../../../src/cli/table";

describe("text for a terminal", () => {
  it("stands in columns", () => {
    const rows = [
      ["Device", "Energy"],
      ["µ", "1.2 J"],
      ["package-0", "12 kJ"],
    ];
    expect(table(rows, ["left", "right"])).toBe("Device     Energy\nµ           1.2 J\npackage-0   12 kJ");
  });

  it("drives no terminal, whatever a file says", () => {
    const hostile = "a\u001b[2Jb\u0007c\nd\u202ee";
    expect(printable(hostile)).toBe("a?[2Jb?c?d?e");
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must be gone
        expect(printable(text)).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
      }),
    );
  });

  it("is wrapped at words and loses none", () => {
    const sentence = "A counter that falls was reset: what it shows from then on is added to what it had.";
    const wrapped = wrap(sentence, 30, "  ");
    expect(wrapped.split("\n").every((line) => line.length <= 30)).toBe(true);
    expect(wrapped.replace(/\s+/g, " ").trim()).toBe(sentence);
  });
});
