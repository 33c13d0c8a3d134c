import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";

const pages = ["README.md", "CONTRIBUTING.md", "ARCHITECTURE.md", "CHANGELOG.md"].concat(
  readdirSync("docs", { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".md"))
    .map((name) => join("docs", name)),
);

const slug = (heading: string) =>
  heading
    .toLowerCase()
    .replace(/[`*]/g, "")
    .replace(/[^\p{L}\p{N} _-]/gu, "")
    .trim()
    .replaceAll(" ", "-");

const anchors = (page: string) =>
  readFileSync(page, "utf8")
    .split("\n")
    .filter((line) => /^#+ /.test(line))
    .map((line) => slug(line.replace(/^#+ /, "")));

/** What stands in backticks and looks like one of our commands. */
const commands = (text: string) => [...text.matchAll(/`wattline ([a-z]+)/g)].map(([, name]) => name!);

describe.each(pages)("%s", (page) => {
  const text = readFileSync(page, "utf8");

  it("links to what is there", () => {
    for (const [, target] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^(https?:|mailto:)/.test(target!)) continue;
      const [file, anchor] = target!.split("#") as [string, string?];
      const path = file === "" ? page : join(dirname(page), decodeURIComponent(file));
      expect(existsSync(path), `${target} in ${page}`).toBe(true);
      if (anchor && path.endsWith(".md")) expect(anchors(path), `${target} in ${page}`).toContain(anchor);
    }
  });

  it("names commands and scripts that exist", () => {
    const recorder = readFileSync("src/recorder.ts", "utf8");
    for (const name of commands(text)) expect(recorder, `wattline ${name}`).toMatch(new RegExp(`^  ${name}:`, "m"));
    const { scripts } = JSON.parse(readFileSync("package.json", "utf8")) as { scripts: Record<string, string> };
    const named = [...text.matchAll(/npm run ([a-z:]+)(?=[`\s-])/g)].map(([, name]) => name!);
    expect(named.filter((name) => !(name in scripts))).toEqual([]);
  });
});
