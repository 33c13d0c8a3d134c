/** Bundles the tests of this folder into out/test/vscode/, a file each, as CommonJS for Node and the extension host. */
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import * as esbuild from "esbuild";
import { root } from "../../../scripts/lib/run.mjs";

export const out = join(root, "out/test/vscode");
const here = join(root, "test/vscode");

const testsIn = (folder) => readdirSync(join(here, folder)).filter((name) => name.endsWith(".test.ts"));

/** @returns the bundled files: `index`, the entry point of the extension host, and the tests of each kind */
export async function buildTests() {
  rmSync(out, { recursive: true, force: true });
  const host = testsIn("host").map((name) => `host/${name}`);
  const walks = testsIn("walks").map((name) => `walks/${name}`);
  await esbuild.build({
    absWorkingDir: here,
    entryPoints: ["host/index.ts", ...host, ...walks],
    outbase: here,
    outdir: out,
    bundle: true,
    platform: "node",
    format: "cjs",
    target: "node20",
    sourcemap: "inline",
    logLevel: "warning",
    external: ["vscode", "mocha", "playwright-core", "koffi"],
    plugins: [ownFolder],
  });
  const built = (name) => join(out, name.replace(/\.ts$/, ".js"));
  return { index: built("host/index.ts"), host: host.map(built), walks: walks.map(built) };
}

/** Fixtures find their files beside their source, not beside the bundle. */
const ownFolder = {
  name: "own-folder",
  setup(build) {
    build.onLoad({ filter: /[\\/]test[\\/].*\.ts$/ }, ({ path }) => ({
      contents: `const __dirname = ${JSON.stringify(dirname(path))};\n${readFileSync(path, "utf8")}`,
      loader: "ts",
    }));
  },
};
