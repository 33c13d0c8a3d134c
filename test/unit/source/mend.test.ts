import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { mend } from "../../../src/source/mend";
import { expected, loopsOf, samples } from "./samples";

describe("a text in the middle of being typed", () => {
  it.each([
    ["a call", "x = foo(\ny = 1", "x = foo()\ny = 1"],
    ["a list over lines", "x = [\n    1,\n    2\ny = 1", "x = [\n    1,\n    2]\ny = 1"],
    ["a function's header", "def f(x:\n    return x", "def f(x):\n    return x"],
    ["a loop's header", "for x in g(y:\n    pass", "for x in g(y):\n    pass"],
    [
      "a call before a keyword",
      "    g(\n        for a in b:\n            pass",
      "    g()\n        for a in b:\n            pass",
    ],
    ["the last line", 'print("done"', 'print("done")'],
    ["a text over lines", 'x = """\ny = 1', "x = \ny = 1"],
    ["a closing bracket too many", "x = 1)\ny = 2", "x = 1\ny = 2"],
  ])("gets back what is missing: %s", (_, before, after) => {
    expect(mend(before)).toBe(after);
  });

  it("stays as it is where nothing is open, and keeps its lines in any case", () => {
    for (const { name, text } of samples) if (name !== "broken_syntax.py") expect(mend(text)).toBe(text);
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(..."(){}[]\"'#:\n ax\\") }), (text) => {
        expect(mend(text).split("\n")).toHaveLength(text.split("\n").length);
      }),
    );
  });

  it("shows its other loops while one line is being written", () => {
    const text = samples.find(({ name }) => name === "mnist_functions.py")!.text;
    const rows = text.split("\n");
    for (const typed of ["        x = foo(", "        y = [", '        """', "        f(a, b", "        data."]) {
      for (const at of [5, 28, 35, 52]) {
        const lines = [...rows.slice(0, at), typed, ...rows.slice(at)];
        expect(loopsOf(lines.join("\n")).loops, `${typed} at ${at}`).toHaveLength(expected(text).length);
      }
    }
  });
});
