/**
 * How long the analysis of a layer table takes: 2,000 layers measured in 50 iterations, forward and backward.
 * `npm run bench:efficiency`. How long the panel takes to draw it is measured in a browser, see test/browser/gap.test.ts.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gapReport } from "../../src/analysis/efficiency/gapReport";
import { layerTable } from "./efficiency/layerTable";

const layers = 2000;
const iterations = 50;
const repeats = 21;

function main(): void {
  const table = layerTable(layers, iterations);
  const input = { run: { id: "bench", path: "/bench" }, ...table, powerW: { forward: 200, backward: 250 } };
  const busy: number[] = [];
  const times = Array.from({ length: repeats }, () => {
    const start = performance.now();
    const before = process.cpuUsage();
    gapReport(input);
    const { user, system } = process.cpuUsage(before);
    busy.push((user + system) / 1000);
    return performance.now() - start;
  }).sort((a, b) => a - b);
  busy.sort((a, b) => a - b);
  const results = {
    layers,
    iterations,
    rows: table.measures.length,
    medianMs: times[repeats >> 1]!,
    fastestMs: times[0]!,
    slowestMs: times.at(-1)!,
    // Of all threads, the collector's too: what a machine that is busy with other things does not lengthen.
    medianCpuMs: busy[repeats >> 1]!,
  };
  console.log(`Gap of ${layers} layers in ${iterations} iterations, ${results.rows} rows (${repeats} times):`);
  console.log(
    `  median ${results.medianMs.toFixed(1)} ms, fastest ${results.fastestMs.toFixed(1)} ms, slowest ${results.slowestMs.toFixed(1)} ms; CPU time ${results.medianCpuMs.toFixed(1)} ms`,
  );
  mkdirSync(join(process.cwd(), "artifacts/bench"), { recursive: true });
  writeFileSync(join(process.cwd(), "artifacts/bench/efficiency.json"), `${JSON.stringify(results, undefined, 2)}\n`);
}

main();
