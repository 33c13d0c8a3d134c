/** `npm run test:electron`: the same tests inside the extension host, in a desktop VS Code that is downloaded. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { runTests } from "@vscode/test-electron";
import { build } from "../../scripts/build.mjs";
import { root } from "../../scripts/lib/run.mjs";
import { explain, nodeModules } from "../../scripts/lib/setup.mjs";
import { buildTests } from "./support/build.mjs";
import { TestWorkspace } from "./support/hostWorkspace.mjs";

async function main() {
  await nodeModules();
  if (!(await build())) return 1;
  const { index } = await buildTests();
  const workspace = new TestWorkspace();
  try {
    return await runTests({
      version: JSON.parse(readFileSync(join(root, "package.json"), "utf8")).engines.vscode.replace("^", ""),
      extensionDevelopmentPath: root,
      extensionTestsPath: index,
      launchArgs: [workspace.path, "--disable-extensions", "--disable-workspace-trust"],
    });
  } finally {
    workspace.dispose();
  }
}

main().then((code) => process.exit(code), explain);
