import { execFileSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";

interface Cruise {
  modules: { source: string }[];
  summary: { violations: { from: string; to: string; rule: { name: string } }[] };
}

function cruise(...paths: string[]): Cruise {
  const args = ["node_modules/dependency-cruiser/bin/dependency-cruise.mjs", "--output-type", "json", ...paths];
  return JSON.parse(execFileSync(process.execPath, args, { encoding: "utf8", maxBuffer: 256e6 })) as Cruise;
}

describe("the arrows between folders", () => {
  const { modules, summary } = cruise("src", "webview");

  it("are looked at in every TypeScript file", () => {
    const files = ["src", "webview"].flatMap((folder) =>
      existsSync(folder)
        ? readdirSync(folder, { recursive: true, encoding: "utf8" })
            .filter((name) => name.endsWith(".ts"))
            .map((name) => `${folder}/${name.replaceAll("\\", "/")}`)
        : [],
    );
    const seen = new Set(modules.map(({ source }) => source));
    expect(files.length).toBeGreaterThan(30);
    expect(files.filter((file) => !seen.has(file))).toEqual([]);
  });

  it("point only where .dependency-cruiser.cjs says", () => {
    expect(summary.violations.map(({ from, to, rule }) => `${rule.name}: ${from} → ${to}`)).toEqual([]);
  });
});
