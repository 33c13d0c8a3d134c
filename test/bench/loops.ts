/**
 * How long finding loops takes: a file of 5,000 lines made of the sample programs, opened, analyzed, and analyzed again
 * after an edit, beside what Python's own `ast` needs to parse it. `npx node scripts/bench.mjs loops`
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findLoops } from "../../src/source/findLoops";
import { openPythonParser } from "../../src/source/parse";

const lines = 5000;
const repeats = 15;
const root = process.cwd();

async function main(): Promise<void> {
  const text = program();
  const opened = performance.now();
  const parser = await openPythonParser((file) => readFile(join(root, "dist/grammars", file)));
  const openMs = performance.now() - opened;

  const document = parser.open();
  document.update(text);
  let edits = 0;
  const results = {
    lines,
    openMs,
    parseMs: median(() => parser.parse(text)),
    parseEditMs: median(() => document.update(text.replace("\nimport", `\nedited = ${edits++}\nimport`))),
    findLoopsMs: median(() => {
      const tree = parser.parse(text);
      const start = performance.now();
      if (tree.known) findLoops(tree.value);
      return performance.now() - start;
    }),
    pythonAstMs: pythonAst(text),
  };
  const rows: [string, number | undefined][] = [
    ["open the parser, once", results.openMs],
    ["parse the file", results.parseMs],
    ["parse it again after an edit", results.parseEditMs],
    ["find its loops", results.findLoopsMs],
    ["Python's ast.parse", results.pythonAstMs],
  ];
  console.log(`A Python file of ${lines} lines (median of ${repeats}):`);
  for (const [what, ms] of rows) console.log(`  ${what.padEnd(30)} ${ms === undefined ? "–" : `${ms.toFixed(1)} ms`}`);
  mkdirSync(join(root, "artifacts/bench"), { recursive: true });
  writeFileSync(join(root, "artifacts/bench/loops.json"), `${JSON.stringify(results, undefined, 2)}\n`);
}

/** The samples over and over, each in a function of its own, so that names stay apart. */
function program(): string {
  const folder = join(root, "test/fixtures/python");
  const names = readdirSync(folder).filter((name) => name.endsWith(".py") && name !== "broken_syntax.py");
  const bodies = names.map((name) => readFileSync(join(folder, name), "utf8").replace(/^from .* import \*$/gm, "pass"));
  const rows: string[] = [];
  for (let copy = 0; rows.length < lines; copy++) {
    rows.push(`def program_${copy}():`, ...bodies[copy % bodies.length]!.split("\n").map((row) => `    ${row}`));
  }
  return `${rows.join("\n")}\n`;
}

/** The median time of several runs, in milliseconds; a run that gives a number has measured itself. */
function median(run: () => unknown): number {
  const times = Array.from({ length: repeats }, () => {
    const start = performance.now();
    const own = run();
    return typeof own === "number" ? own : performance.now() - start;
  });
  return times.sort((a, b) => a - b)[Math.floor(repeats / 2)]!;
}

function pythonAst(text: string): number | undefined {
  const file = join(tmpdir(), `wattline-bench-${process.pid}.py`);
  writeFileSync(file, text);
  const script =
    "import ast, statistics, sys, time\ntext = open(sys.argv[1]).read()\ntimes = []\n" +
    `for _ in range(${repeats}):\n    start = time.perf_counter()\n    ast.parse(text)\n` +
    "    times.append(time.perf_counter() - start)\nprint(statistics.median(times) * 1000)";
  const { status, stdout } = spawnSync("python3", ["-c", script, file], { encoding: "utf8" });
  return status === 0 ? Number(stdout) : undefined;
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
