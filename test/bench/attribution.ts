/**
 * `npm run bench:attribution [-- RUNS [NAME]]`: how far attributed energies are from the truth, whether their standard
 * errors say so, and what polling and computing cost, over seeded simulated runs. Writes artifacts/bench/attribution.json.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { attribute } from "../../src/analysis/attribution/attribute";
import { nextPollS } from "../../src/recording/schedule";
import { simulateProgram, trainingLoop } from "../fixtures/simulation/program";
import { record } from "../fixtures/simulation/record";
import { accuracy, type PhaseAccuracy, runTrial, type Trial } from "../fixtures/simulation/trial";

const program = { phases: trainingLoop, durationS: 25 };
const faster = trainingLoop.map((phase) => ({ ...phase, meanS: phase.meanS / 6 }));
const slower = trainingLoop.map((phase) => ({ ...phase, meanS: phase.meanS * 3 }));
const rapl = { updateS: 0.001, statedUpdateS: 0.001 };
const gpu = { updateS: 0.1 };

const trials: Record<string, Trial> = {
  "1 ms counter": { program, meter: rapl },
  "100 ms counter": { program, meter: gpu },
  "100 ms counter that states 1 ms": { program, meter: { ...gpu, statedUpdateS: 0.001 } },
  "100 ms counter, 30 ms late": { program, meter: { ...gpu, lagS: 0.03 } },
  "100 ms counter, jitter 2 ms": { program, meter: { ...gpu, jitterS: 0.002 } },
  "20 ms counter, jitter 0.3 ms": { program, meter: { updateS: 0.02, jitterS: 0.0003 } },
  "100 ms counter, 100 s": { program: { ...program, durationS: 100 }, meter: gpu },
  "100 ms counter, 400 s": { program: { ...program, durationS: 400 }, meter: gpu },
  "100 ms counter, 10 s": { program: { ...program, durationS: 10 }, meter: gpu },
  "100 ms counter, iterations three times as long, 75 s": {
    program: { ...program, phases: slower, durationS: 75 },
    meter: gpu,
  },
  "100 ms counter, iterations of 17 ms": { program: { ...program, phases: faster }, meter: gpu },
  "1 ms counter, iterations of 17 ms": { program: { ...program, phases: faster }, meter: rapl },
  "100 ms counter, power noise 15 %": { program: { ...program, powerNoise: 0.15 }, meter: gpu },
  "100 ms counter, power rises by 20 %": { program: { ...program, drift: 0.2 }, meter: gpu },
  "100 ms counter, 3 s of start-up and end": { program: { ...program, idleS: 3, idleW: 40 }, meter: gpu },
  "100 ms counter, iterations all alike": { program: { ...program, spread: [1, 1] }, meter: gpu },
  "500 ms counter, 60 s": { program: { ...program, durationS: 60 }, meter: { updateS: 0.5 } },
};

interface Result {
  readonly name: string;
  readonly runs: number;
  /** Share of runs with every phase good: a fifth of the energy or more within 5 %, others within 25 %. */
  readonly good: number;
  readonly phases: readonly PhaseAccuracy[];
  readonly totalRms: number;
  readonly lagRmsS: number;
  readonly together: number;
  readonly medianMs: number;
}

function measure(name: string, trial: Trial, runs: number): Result {
  const done = Array.from({ length: runs }, (_, k) => runTrial(trial, k + 1));
  const rms = (values: readonly number[]) =>
    Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);
  const good = done.filter(({ phases }) =>
    phases.every((p) => p.name === "other" || Math.abs(p.energyJ / p.trueJ - 1) <= (p.share >= 0.2 ? 0.05 : 0.25)),
  );
  return {
    name,
    runs,
    good: good.length / runs,
    phases: accuracy(done),
    totalRms: rms(done.map(({ attribution, trueTotalJ }) => attribution.totalJ / trueTotalJ - 1)),
    lagRmsS: rms(done.map(({ attribution }) => attribution.lagS - (trial.meter.lagS ?? 0))),
    together: done.filter(({ attribution }) => attribution.groups.length > 0).length / runs,
    medianMs: done.map(({ tookMs }) => tookMs).sort((a, b) => a - b)[runs >> 1]!,
  };
}

const percent = (share: number, digits = 0) => `${(100 * share).toFixed(digits)} %`;

function print({ name, runs, good, phases, totalRms, lagRmsS, together, medianMs }: Result): void {
  console.log(
    `\n${name} (${runs} runs): ${percent(good)} good; total ${percent(totalRms, 2)}, lag ${(1000 * lagRmsS).toFixed(2)} ms, ` +
      `${medianMs.toFixed(0)} ms to compute${together > 0 ? `; phases given together in ${percent(together)}` : ""}`,
  );
  for (const phase of phases) {
    console.log(
      `  ${phase.name.padEnd(10)} ${percent(phase.share, 1).padStart(7)} of the energy   error ${percent(phase.rms, 1).padStart(8)} ` +
        `(bias ${percent(phase.bias, 1)})   true within 2 errors ${percent(phase.covered).padStart(5)}   ` +
        `error bar / error ${phase.widthRatio.toFixed(2)}`,
    );
  }
}

/** One long run of each meter: an hour, as many readings and spans as that has. */
function long(updateS: number): { updateS: number; readings: number; segments: number; ms: number } {
  const settings = { phases: faster, durationS: 3600, seed: 1 };
  const hour = simulateProgram(settings);
  const readings = record(hour, { updateS, statedUpdateS: 0.001, seed: 2 });
  const startedMs = performance.now();
  attribute({ readings, segments: hour.segments, phases: 4, windowStartS: 0, windowEndS: hour.durationS });
  const ms = performance.now() - startedMs;
  return { updateS, readings: readings.timeS.length, segments: hour.segments.startS.length, ms };
}

function pollsIn(seconds: number): number {
  let polls = 0;
  for (let nowS = 0; nowS < seconds; nowS = nextPollS(nowS, 10)) polls++;
  return polls;
}

const [runs = "100", only = ""] = process.argv.slice(2);
const results = Object.entries(trials)
  .filter(([name]) => name.includes(only))
  .map(([name, trial]) => {
    const result = measure(name, trial, Number(runs));
    print(result);
    return result;
  });
const hours = only === "" ? [long(0.001), long(0.1)] : [];
for (const { updateS, readings, segments, ms } of hours) {
  console.log(
    `\nAn hour, ${1000 * updateS} ms counter: ${readings} readings, ${segments} spans, ${ms.toFixed(0)} ms to compute.`,
  );
}
const polls = { aMinute: pollsIn(60), anHour: pollsIn(3600) };
console.log(
  `\nPolls: ${polls.aMinute} in the first minute, ${polls.anHour} in an hour (${(polls.anHour / 3600).toFixed(1)} a second).`,
);
mkdirSync("artifacts/bench", { recursive: true });
const machine = { cpu: cpus()[0]?.model, cpus: cpus().length, node: process.version };
writeFileSync("artifacts/bench/attribution.json", `${JSON.stringify({ machine, results, hours, polls }, null, 2)}\n`);
