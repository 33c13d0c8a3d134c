/**
 * `npm run generate`: writes what follows from src/editor/contributions.ts into package.json and docs/settings.md.
 * With `--check` nothing is written and the exit code says whether something was stale.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as esbuild from "esbuild";
import { root } from "./lib/run.mjs";

async function contributions() {
  const built = await esbuild.build({
    entryPoints: [join(root, "src/editor/contributions.ts")],
    bundle: true,
    write: false,
    platform: "node",
    format: "esm",
    logLevel: "warning",
  });
  return import(`data:text/javascript;base64,${Buffer.from(built.outputFiles[0].contents).toString("base64")}`);
}

/** The file's text and what it should be. */
export async function generated() {
  const { packageParts, settingsPage } = await contributions();
  const manifest = join(root, "package.json");
  const page = join(root, "docs/settings.md");
  const text = readFileSync(manifest, "utf8");
  const parsed = JSON.parse(text);
  return [
    { path: manifest, before: text, after: `${JSON.stringify(inPlace(parsed, packageParts()), undefined, 2)}\n` },
    { path: page, before: readOr(page, ""), after: settingsPage() },
  ];
}

/** Keeps the order of the parts that are there; new ones go before `scripts`, where a reader of a manifest looks. */
function inPlace(manifest, parts) {
  const result = {};
  for (const [name, value] of Object.entries(manifest)) {
    if (name === "scripts")
      for (const [part, content] of Object.entries(parts)) if (!(part in manifest)) result[part] = content;
    result[name] = parts[name] ?? value;
  }
  return { ...result, ...Object.fromEntries(Object.entries(parts).filter(([part]) => !(part in result))) };
}

function readOr(path, fallback) {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return fallback;
  }
}

if (process.argv[1]?.endsWith("generate-contributions.mjs")) {
  const stale = (await generated()).filter(({ before, after }) => before !== after);
  const check = process.argv.includes("--check");
  if (!check) for (const { path, after } of stale) writeFileSync(path, after);
  for (const { path } of stale) console.log(`${check ? "Stale" : "Written"}: ${path}`);
  process.exitCode = check && stale.length > 0 ? 1 : 0;
}
