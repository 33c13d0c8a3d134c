/**
 * `npm run bench:meters [-- quick]`: what measuring costs and how true it is, on GPUs and counters that are not there. Prints
 * a table and writes artifacts/bench/meters.json.
 */
import { copyFileSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { basename, join, resolve } from "node:path";
import { type Accuracy, accuracyOf, simulatedMeters } from "./meters/accuracy";
import {
  bareStartS,
  type Cost,
  costOf,
  memoryInRun,
  type ProcessMemory,
  type StartUp,
  startUp,
  timerFloorS,
  workOf,
} from "./meters/cost";
import { type Jitter, jitterOf } from "./meters/jitter";
import { type RealRun, realRun } from "./meters/realRuns";

const quick = process.argv.includes("quick");

/** CodeCarbon 3.3.0 with pynvml on two fake GPUs and RAPL, CPU time a measurement (reference/meters.md). */
const codeCarbonS = 0.79e-3;

// The fixtures build their C programs from the files beside them, which in a bundle is this folder.
for (const folder of ["test/fixtures/fake-nvml", "test/fixtures/fake-powercap"].map((path) => resolve(path))) {
  for (const name of readdirSync(folder).filter((each) => /\.[ch]$/.test(each))) {
    copyFileSync(join(folder, name), join(__dirname, basename(name)));
  }
}

interface Results {
  readonly machine: { readonly cpu: string; readonly cpus: number; readonly load: number; readonly node: string };
  readonly timerFloors: { readonly rateHz: number; readonly perWakeS: number }[];
  readonly bareStartS: number;
  readonly work: { readonly gpus: number; readonly latencyS: number; readonly perSampleS: number }[];
  readonly costs: Cost[];
  readonly memory: { readonly gpus: number; readonly memory: ProcessMemory }[];
  readonly startUp: ({ readonly gpus: number } & StartUp)[];
  readonly accuracy: Accuracy[];
  readonly realRuns: RealRun[];
  readonly jitter: Jitter[];
}

async function main(): Promise<void> {
  const results: Results = {
    machine: {
      cpu: cpus()[0]?.model ?? "",
      cpus: cpus().length,
      load: loadavg()[0]!,
      node: process.version,
    },
    timerFloors: [],
    bareStartS: bareStartS(5),
    work: [],
    costs: [],
    memory: [],
    startUp: [],
    accuracy: [],
    realRuns: [],
    jitter: [],
  };
  print(
    `${results.machine.cpu}, ${results.machine.cpus} CPUs, load ${results.machine.load.toFixed(1)}, Node ${process.version}`,
  );
  for (const rateHz of [1, 10, 100]) {
    const perWakeS = await timerFloorS(rateHz, rateHz > 1 ? 5 : 12);
    results.timerFloors.push({ rateHz, perWakeS });
    print(`A Node that only wakes up, ${rateHz} times a second, uses ${us(perWakeS)} each time here.`);
  }

  print("\nCPU time of the work itself, in a loop (RAPL and GPUs read, tracked, encoded)");
  print(row("GPUs", "without driver", "with driver"));
  for (const count of [1, 2, 8, 16]) {
    const times: number[] = [];
    for (const latencyS of [0, 50e-6]) {
      const perSampleS = await workOf(count, latencyS);
      results.work.push({ gpus: count, latencyS, perSampleS });
      times.push(perSampleS);
    }
    print(row(count, ...times.map(us)));
  }

  print("\nCPU time of sampler and host in a run, waking up included (a sample is one reading of all)");
  print(row("GPUs", "Hz", "per sample", "without driver", "of two idle", "share of a core", "without driver"));
  for (const count of quick ? [2, 8] : [1, 2, 8, 16]) {
    for (const rateHz of [1, 10, 100]) {
      const [own, driver] = [
        await costOf(count, rateHz, 0, quick ? 4 : 8),
        await costOf(count, rateHz, 50e-6, quick ? 4 : 8),
      ];
      results.costs.push(own, driver);
      const floorS = 2 * results.timerFloors.find((floor) => floor.rateHz === rateHz)!.perWakeS;
      const ratio = `${(own.perSampleS / floorS).toFixed(1)} x`;
      const shares = [percent(driver.share), percent(own.share)];
      print(row(count, rateHz, us(driver.perSampleS), us(own.perSampleS), ratio, ...shares));
    }
  }
  print("  of two idle: without the driver, over two Nodes that only wake up at that rate.");
  print("  wanted without the driver: 200 us at 10 Hz with 2 GPUs, 2 % at 100 Hz with 8.");
  print(`  CodeCarbon, 2 GPUs, every 0.1 s: ${us(codeCarbonS)}, measured on this kind of machine when it was quiet.`);

  print("\nMemory in a run, MB resident (shared pages by their part)");
  print(row("GPUs", "sampler", "host", "recorder", "an idle Node"));
  for (const count of [0, 2, 8]) {
    const memory = await memoryInRun(count, 4);
    results.memory.push({ gpus: count, memory });
    print(row(count, ...[memory.sampler, memory.host, memory.recorder, memory.node].map(megabytes)));
  }
  print("  wanted: sampler under 70, recorder and sampler under 130");

  print("\nStart-up, medians of five");
  print(row("GPUs", "sampler", "command later by", "end later by"));
  for (const count of [0, 2]) {
    const times = await startUp(count, 5);
    results.startUp.push({ gpus: count, ...times });
    print(row(count, ms(times.samplerS), ms(times.commandS), ms(times.endS)));
  }
  print(`  wanted: sampler under 150 ms. A Node that does nothing takes ${ms(results.bareStartS)} here; it needs two.`);

  print("\nEnergy of a run against the truth: 200 seeded runs with bursts, simulated time");
  print("meter".padEnd(32) + row("s", "told", "bias", "rms", "worst", "covered", "width"));
  for (const meter of simulatedMeters) {
    for (const durationS of [0.5, 1, 2, 5, 10, 30, 60]) {
      const one = accuracyOf(meter, durationS, quick ? 40 : 200);
      results.accuracy.push(one);
      const share = (value: number) => `${value.toFixed(2)} %`;
      const shown = [share(one.biasPercent), share(one.rmsPercent), share(one.worstPercent), percent(one.covered)];
      print(meter.name.padEnd(32) + row(durationS, percent(one.told), ...shown, one.width.toFixed(2)));
    }
  }
  print(
    "  covered: truth within 2 standard errors, wanted 95 %. width: median standard error / rms error, wanted at most 2.",
  );

  print("\nReal runs of `wattline run` on a fake GPU with bursts");
  print(row("s", "counter", "energy", "truth", "off by", "stated"));
  for (const [durationS, counterS] of [
    [2, 0.02],
    [2, 0.1],
    [10, 0.02],
    [10, 0.1],
  ] as const) {
    const run = await realRun(durationS, counterS);
    results.realRuns.push(run);
    const off = `${(100 * (run.energyJ / run.trueJ - 1)).toFixed(2)} %`;
    print(
      row(
        durationS,
        ms(counterS),
        `${run.energyJ.toFixed(1)} J`,
        `${run.trueJ.toFixed(1)} J`,
        off,
        `± ${run.standardErrorJ.toFixed(1)} J`,
      ),
    );
  }

  print("\nTime between two polls at 100 Hz (each off its place by up to a quarter of a step on purpose)");
  print(row("busy", "polls", "1 %", "median", "90 %", "99 %", "longest"));
  for (const busy of [0, 2, 4]) {
    const one = await jitterOf(busy, 100, quick ? 5 : 20);
    results.jitter.push(one);
    const { p1, p50, p90, p99, most } = one.intervalS;
    print(row(busy, one.polls, ...[p1, p50, p90, p99, most].map(ms)));
  }

  mkdirSync("artifacts/bench", { recursive: true });
  writeFileSync("artifacts/bench/meters.json", `${JSON.stringify(results, undefined, 1)}\n`);
  print("\nWritten to artifacts/bench/meters.json.");
}

const print = (line: string) => void process.stdout.write(`${line}\n`);
const row = (...cells: (string | number)[]) => cells.map((cell) => String(cell).padStart(16)).join("");
const us = (seconds: number) => `${Math.round(seconds * 1e6)} us`;
const ms = (seconds: number) => `${(seconds * 1e3).toFixed(1)} ms`;
const percent = (share: number) => `${(100 * share).toFixed(share < 0.1 ? 2 : 0)} %`;
const megabytes = (memory: ProcessMemory["sampler"] | undefined) =>
  memory ? `${Math.round(memory.residentBytes / 1e6)} (${Math.round(memory.proportionalBytes / 1e6)})` : "-";

main().then(
  () => process.exit(0),
  (error) => {
    process.stderr.write(`${(error as Error).stack}\n`);
    process.exit(1);
  },
);
