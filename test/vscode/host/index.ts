/**
 * Entry point inside the extension host, called by `@vscode/test-electron` and by the VS Code server alike: runs the
 * bundled tests beside it and writes what came out to WATTLINE_TEST_RESULT, which the runner outside waits for.
 */
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Mocha from "mocha";

export async function run(): Promise<void> {
  const mocha = new Mocha({ timeout: 60_000, reporter: "dot" });
  const folder = join(__dirname, "../../../out/test/vscode/host");
  for (const name of readdirSync(folder)) if (name.endsWith(".test.js")) mocha.addFile(join(folder, name));
  const lines: string[] = [];
  const failures: string[] = [];
  const { passed, failed } = await new Promise<{ passed: number; failed: number }>((resolve) => {
    let passed = 0;
    const runner = mocha.run((failed) => resolve({ passed, failed }));
    runner.on("pass", (test) => {
      passed++;
      lines.push(`  ✓ ${test.fullTitle()} (${test.duration} ms)`);
    });
    runner.on("fail", (test, error: Error) => {
      lines.push(`  ✗ ${test.fullTitle()}`);
      failures.push(`${test.fullTitle()}\n${error.stack ?? error.message}`);
    });
  });
  const result = { passed, failed, text: [...lines, "", ...failures].join("\n") };
  if (process.env.WATTLINE_TEST_RESULT) writeFileSync(process.env.WATTLINE_TEST_RESULT, JSON.stringify(result));
  else console.log(result.text);
  if (failed > 0) throw new Error(`${failed} failed`);
}
