import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { directivesIn } from "../../../src/source/directives";
import { parser } from "./samples";

interface Rule {
  match: string;
  captures: Record<string, { name: string }>;
}
interface Grammar {
  scopeName: string;
  injectionSelector: string;
  patterns: { include: string }[];
  repository: Record<string, Rule>;
}

const path = join(import.meta.dirname, "../../../syntaxes/wattline-comments.tmLanguage.json");
const grammar = JSON.parse(readFileSync(path, "utf8")) as Grammar;
const rules = grammar.patterns.map(({ include }) => grammar.repository[include.slice(1)]!);

/** The scopes that the grammar gives to parts of a comment, as `text → scope`. */
function scopes(comment: string): string[] {
  for (const { match, captures } of rules) {
    const found = new RegExp(match, "d").exec(comment);
    if (found === null) continue;
    return Object.entries(captures).flatMap(([group, { name }]) => {
      const text = found[Number(group)];
      return text === undefined || text.trim() === ""
        ? []
        : [`${text.trim()} → ${name.split(".").slice(0, -1).join(".")}`];
    });
  }
  return [];
}

describe("the grammar of comments", () => {
  it("is injected into Python's line comments", () => {
    expect(grammar.injectionSelector).toBe("L:comment.line.number-sign.python");
    expect(rules).not.toContain(undefined);
  });

  it("colours the words of a directive", () => {
    expect(scopes("# wattline: loop")).toEqual([
      "wattline → keyword.other",
      ": → punctuation.separator",
      "loop → keyword.control.directive.loop",
    ]);
    expect(scopes("# wattline: loop evaluation, epoch because")).toContain("evaluation, epoch → constant.language");
    expect(scopes("#wattline:ignore")).toContain("ignore → keyword.control.directive.ignore");
  });

  it("colours what is a directive, and nothing else", () => {
    const comments = [
      "# wattline: loop",
      "#wattline:loop",
      "## wattline : ignore",
      "# wattline: loops",
      "# wattline loop",
    ];
    comments.push(
      "# a wattline: loop",
      "# wattline:",
      "# Wattline: loop",
      "# wattline: loop training",
      "# wattline: ignored",
    );
    for (const comment of comments) {
      const tree = parser.parse(`for x in y:  ${comment}\n    pass`);
      const isDirective = tree.known && directivesIn(tree.value).directives.length > 0;
      expect(scopes(comment).length > 0, comment).toBe(isDirective);
    }
  });
});
