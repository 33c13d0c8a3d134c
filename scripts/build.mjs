/** `npm run build`: dist/ from the sources. */

import { root, run, say } from "./lib/run.mjs";
import { nodeModules } from "./lib/setup.mjs";

export async function build(...flags) {
  say("Building dist/");
  const { code } = await run(process.execPath, ["esbuild.mjs", ...flags], { cwd: root });
  return code === 0;
}

if (process.argv[1]?.endsWith("build.mjs")) {
  await nodeModules();
  process.exit((await build(...process.argv.slice(2))) ? 0 : 1);
}
