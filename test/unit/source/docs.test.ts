import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { rules } from "../../../src/source/rules";

it("docs/loops.md lists every rule, in their order, with what it finds", () => {
  const page = readFileSync(join(import.meta.dirname, "../../../docs/loops.md"), "utf8");
  const table = rules.map(({ id, finds }) => `| ${id} | ${finds} |`).join("\n");
  expect(page).toContain(`| rule | finds |\n| --- | --- |\n${table}\n`);
});
