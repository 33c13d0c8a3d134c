import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { splitWords } from "../../../src/editor/profile/words";

describe("a line of arguments", () => {
  it("is split at blanks, with quotes and backslashes as people mean them", () => {
    expect(splitWords("")).toEqual([]);
    expect(splitWords("  --lr 1e-3   --name  'my run' ")).toEqual(["--lr", "1e-3", "--name", "my run"]);
    expect(splitWords(`--text "a \\"b\\" c" it\\'s a\\ b`)).toEqual(["--text", 'a "b" c', "it's", "a b"]);
    expect(splitWords(`--empty "" end`)).toEqual(["--empty", "", "end"]);
    expect(splitWords("C:\\data\\new --x")).toEqual(["C:\\data\\new", "--x"]);
  });

  it("expands nothing that a shell would", () => {
    expect(splitWords("$HOME * ; rm -rf `x` | a > b")).toEqual([
      "$HOME",
      "*",
      ";",
      "rm",
      "-rf",
      "`x`",
      "|",
      "a",
      ">",
      "b",
    ]);
  });

  it("is refused where a quote is not closed", () => {
    expect(splitWords("--name 'my run")).toBeUndefined();
    expect(splitWords('"')).toBeUndefined();
  });

  it("gives any words back that are quoted one by one", () => {
    fc.assert(
      fc.property(fc.array(fc.string().filter((word) => !word.includes("'"))), (words) => {
        expect(splitWords(words.map((word) => `'${word}'`).join(" "))).toEqual(words);
      }),
    );
  });
});
