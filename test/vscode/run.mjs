/**
 * The extension in a real VS Code: tests inside its extension host, then walks as a user takes them, with pictures in
 * artifacts/vscode/. `node test/vscode/run.mjs [host] [walks] [--grep TEXT]`. Ends non-zero on any failure.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Mocha from "mocha";
import { chromium as browser } from "playwright-core";
import { build } from "../../scripts/build.mjs";
import { root, say } from "../../scripts/lib/run.mjs";
import { chromium, explain, nodeModules } from "../../scripts/lib/setup.mjs";
import { installServer, startServer } from "../../scripts/vscode-server.mjs";
import { buildTests } from "./support/build.mjs";

/** Of all tests in the extension host together. */
const hostTimeoutMs = 240_000;

async function main(args) {
  await nodeModules();
  process.env.CHROME_PATH = await chromium();
  await installServer();
  if (
    !["extension", "recorder", "sampler"].every((name) => existsSync(join(root, `dist/${name}.js`))) &&
    !(await build())
  )
    return 1;
  const tests = await buildTests();
  const grep = args.includes("--grep") ? args[args.indexOf("--grep") + 1] : undefined;
  const wanted = ["host", "walks"].filter(
    (name) => !["host", "walks"].some((one) => args.includes(one)) || args.includes(name),
  );

  let passed = 0;
  let failed = 0;
  if (wanted.includes("host")) {
    say("VS Code: tests inside the extension host");
    const result = await inExtensionHost(tests.index);
    console.log(result.text);
    passed += result.passed;
    failed += result.failed;
  }
  if (wanted.includes("walks")) {
    say("VS Code: walks in a window");
    const result = await walks(tests.walks, grep);
    passed += result.passed;
    failed += result.failed;
  }
  console.log(`\n${passed} passed, ${failed} failed`);
  return failed === 0 && passed > 0 ? 0 : 1;
}

/** The page only starts the tests; they run in the server's extension host and leave their result in a file. */
async function inExtensionHost(index) {
  const folder = mkdtempSync(join(tmpdir(), "wattline-host-"));
  const resultFile = join(folder, "result.json");
  const { TestWorkspace } = await import("./support/hostWorkspace.mjs");
  const workspace = new TestWorkspace();
  const server = await startServer({
    env: { WATTLINE_TEST_RESULT: resultFile },
    settings: {
      "security.workspace.trust.enabled": false,
      "workbench.startupEditor": "none",
      "wattline.idlePower": true,
    },
  });
  const window = await browser.launch({
    executablePath: process.env.CHROME_PATH,
    args: ["--headless", "--no-sandbox", "--disable-gpu"],
  });
  try {
    const page = await window.newPage();
    await page.goto(server.address(workspace.path, { testsPath: index }));
    const until = Date.now() + hostTimeoutMs;
    while (!existsSync(resultFile)) {
      if (Date.now() > until) {
        return {
          passed: 0,
          failed: 1,
          text: `The tests in the extension host did not end in ${hostTimeoutMs / 1000} s.\n${server.log().slice(-3000)}`,
        };
      }
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
    await new Promise((resolve) => setTimeout(resolve, 250));
    return JSON.parse(readFileSync(resultFile, "utf8"));
  } finally {
    await window.close();
    await server.stop();
    workspace.dispose();
    rmSync(folder, { recursive: true, force: true });
  }
}

function walks(files, grep) {
  const mocha = new Mocha({ timeout: 180_000, slow: 60_000, reporter: "spec", ...(grep && { grep }) });
  for (const file of files) mocha.addFile(file);
  return new Promise((resolve) => {
    const runner = mocha.run((failed) => resolve({ passed: runner.stats.passes, failed }));
  });
}

main(process.argv.slice(2)).then((code) => process.exit(code), explain);
