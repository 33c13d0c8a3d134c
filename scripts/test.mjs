/**
 * `npm test`: installs what is missing, builds, and runs everything; `npm test -- unit python` runs parts.
 * Closes with a line `N passed, N failed`.
 */
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { build } from "./build.mjs";
import { bin, root, run, say } from "./lib/run.mjs";
import { chromium, compiler, explain, nodeModules, pythonPackages, venvPython } from "./lib/setup.mjs";

const results = join(root, "artifacts/test");

const steps = {
  types: async () => verdict(await bin("typescript", "bin/tsc", ["-p", "."])),
  lint: async () =>
    verdict(await bin("@biomejs/biome", "bin/biome", ["ci", "--colors=off", "--error-on-warnings", "."])),
  unit: async () => {
    await compiler();
    return vitest("unit", []);
  },
  python: async () => {
    const report = join(results, "python.xml");
    rmSync(report, { force: true });
    const options = ["-m", "pytest", "-q", "--junitxml", report, "test/python"];
    const { code } = await run(venvPython, options, { env: { PYTHONDONTWRITEBYTECODE: "1" } });
    return fromJunit(report, code);
  },
  browser: async () => {
    const env = { CHROME_PATH: await chromium() };
    return vitest("browser", ["-c", "test/browser/vitest.config.ts"], env);
  },
  vscode: async () => {
    const env = { CHROME_PATH: await chromium() };
    const { code, output } = await run(process.execPath, ["test/vscode/run.mjs"], { keep: true, env });
    const line = [...output.matchAll(/^(\d+) passed, (\d+) failed/gm)].at(-1);
    return line ? counts(Number(line[1]), Number(line[2]), code) : { passed: 0, failed: 1 };
  },
};

function verdict({ code }) {
  return code === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
}

/** A runner that ends badly although it counted no failure has one all the same; one that ran nothing, too. */
function counts(passed, failed, code) {
  return { passed, failed: failed === 0 && (code !== 0 || passed === 0) ? 1 : failed };
}

async function vitest(name, options, env = {}) {
  const report = join(results, `${name}.json`);
  rmSync(report, { force: true });
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
  const { code } = await bin("vitest", "vitest.mjs", ["run", ...options, ...reporters], { env });
  if (!existsSync(report)) return { passed: 0, failed: 1 };
  const { numPassedTests, numFailedTests } = JSON.parse(readFileSync(report, "utf8"));
  return counts(numPassedTests, numFailedTests, code);
}

function fromJunit(report, code) {
  if (!existsSync(report)) return { passed: 0, failed: 1 };
  const text = readFileSync(report, "utf8");
  const attribute = (name) => Number(new RegExp(`<testsuite [^>]*\\b${name}="(\\d+)"`).exec(text)?.[1] ?? 0);
  const failed = attribute("failures") + attribute("errors");
  return counts(attribute("tests") - failed - attribute("skipped"), failed, code);
}

async function main(wanted) {
  const unknown = wanted.filter((name) => !Object.hasOwn(steps, name));
  if (unknown.length > 0) {
    console.error(`No such part: ${unknown.join(", ")}. Parts: ${Object.keys(steps).join(", ")}`);
    return 2;
  }
  await nodeModules();
  mkdirSync(results, { recursive: true });
  await pythonPackages("test/python/requirements.txt");
  if (!(await build())) {
    console.log("\n0 passed, 1 failed");
    return 1;
  }
  const names = wanted.length > 0 ? wanted : Object.keys(steps);
  const rows = [];
  for (const name of names) {
    say(`Tests: ${name}`);
    const started = performance.now();
    rows.push({ name, ...(await steps[name]()), seconds: (performance.now() - started) / 1000 });
  }
  const passed = rows.reduce((sum, row) => sum + row.passed, 0);
  const failed = rows.reduce((sum, row) => sum + row.failed, 0);
  console.log();
  for (const row of rows) {
    const mark = row.failed === 0 ? "✓" : "✗";
    console.log(
      `${mark} ${row.name.padEnd(8)} ${row.passed} passed, ${row.failed} failed (${row.seconds.toFixed(0)} s)`,
    );
  }
  console.log(`\n${passed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

main(process.argv.slice(2)).then((code) => process.exit(code), explain);
