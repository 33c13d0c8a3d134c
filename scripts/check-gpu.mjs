/**
 * `npm run check:gpu [-- --seconds N] [--load none] [--out DIR]`: how this machine's NVIDIA GPUs really behave, written to
 * docs/measured. It only reads, and computes for a while: limits, clocks and persistence are never touched.
 */
import { join } from "node:path";
import { root, run } from "./lib/run.mjs";
import { explain, nodeModules } from "./lib/setup.mjs";

async function main(args) {
  if (process.env.WATTLINE_NVML_LIBRARY && !args.includes("--out")) {
    console.error(
      "WATTLINE_NVML_LIBRARY is set: what another library says does not go to docs/measured. Name a folder with --out.",
    );
    return 2;
  }
  await nodeModules();
  const esbuild = await import("esbuild");
  const { nodeOptions } = await import("../esbuild.mjs");
  const outfile = join(root, "out/check-gpu.js");
  await esbuild.build({ ...nodeOptions, entryPoints: [join(root, "test/gpu/check.ts")], outfile });
  return (await run(process.execPath, [outfile, ...args])).code;
}

main(process.argv.slice(2)).then((code) => process.exit(code), explain);
