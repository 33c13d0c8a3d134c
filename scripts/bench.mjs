/** `npm run bench:NAME`: bundles test/bench/NAME.ts and runs it; it prints a table and writes artifacts/bench/NAME.json. */
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { build } from "./build.mjs";
import { root, run } from "./lib/run.mjs";
import { explain, nodeModules } from "./lib/setup.mjs";

async function main([name, ...args]) {
  const entry = join(root, `test/bench/${name}.ts`);
  if (name === undefined || !existsSync(entry)) {
    console.error(`There is no benchmark ${name ?? ""}: see test/bench/.`);
    return 2;
  }
  await nodeModules();
  if (!(await build("--production"))) return 1;
  const esbuild = await import("esbuild");
  const { nodeOptions } = await import("../esbuild.mjs");
  const outfile = join(root, `out/bench/${name}.js`);
  mkdirSync(join(root, "artifacts/bench"), { recursive: true });
  await esbuild.build({
    ...nodeOptions,
    entryPoints: [entry],
    outfile,
    external: ["vscode", "koffi", "esbuild", "playwright-core"],
  });
  return (await run(process.execPath, [outfile, ...args])).code;
}

main(process.argv.slice(2)).then((code) => process.exit(code), explain);
