/** How far a run's energy is from the truth, and whether the uncertainty says so: seeded runs in simulated time. */
import { deviceEnergies } from "../../../src/analysis/deviceEnergy";
import type { Reading } from "../../../src/meters/meter";
import type { Device } from "../../../src/model/device";
import { runSchemaName } from "../../../src/model/manifest";
import type { Run } from "../../../src/model/run";
import type { Sample, SampleColumns } from "../../../src/model/sample";
import { ChangeTracker } from "../../../src/recording/changeTracker";
import { nextPollS } from "../../../src/recording/schedule";
import { type SimulatedProgram, simulateProgram } from "../../fixtures/simulation/program";
import { random } from "../../fixtures/simulation/random";
import { simulateCounter } from "../../fixtures/simulation/record";

/** One way to read a GPU. */
export interface SimulatedMeter {
  readonly name: string;
  readonly updateS: number;
  /** A sensor of power, each of whose values is the mean of so many seconds; absent: a counter of energy. */
  readonly windowS?: number;
}

export const simulatedMeters: readonly SimulatedMeter[] = [
  { name: "counter, 20 ms", updateS: 0.02 },
  { name: "counter, 100 ms", updateS: 0.1 },
  { name: "power, mean of 100 ms, 100 ms", updateS: 0.1, windowS: 0.1 },
  { name: "power, mean of 10 ms, 20 ms", updateS: 0.02, windowS: 0.01 },
  { name: "power, mean of 25 ms, 100 ms", updateS: 0.1, windowS: 0.025 },
  { name: "power, mean of 1 s, 100 ms", updateS: 0.1, windowS: 1 },
];

/** Bursts of 5 to 50 ms of 300 W between rests of 70 W. */
const bursts = [
  { name: "rest", meanS: 0.03, powerW: 70 },
  { name: "burst", meanS: 0.025, powerW: 300 },
];
const spread = [0.2, 2] as const;
const idleW = 60;

export interface Accuracy {
  readonly meter: string;
  readonly durationS: number;
  readonly runs: number;
  /** Share of runs in which an energy is told at all. */
  readonly told: number;
  readonly biasPercent: number;
  readonly rmsPercent: number;
  readonly worstPercent: number;
  /** Share of the told runs with the truth within two standard errors: 0.95 is wanted. */
  readonly covered: number;
  /** Median standard error over the root mean square error: 1 would be exact, 2 is the most that is wanted. */
  readonly width: number;
}

export function accuracyOf(meter: SimulatedMeter, durationS: number, runs: number): Accuracy {
  const errors: number[] = [];
  const relative: number[] = [];
  const stated: number[] = [];
  for (let seed = 1; seed <= runs; seed++) {
    const program = simulateProgram({ phases: bursts, durationS, spread, idleW, seed: seed * 31 + durationS });
    const [energy] = deviceEnergies(runOf(meter, durationS, samplesOf(meter, program, seed)));
    if (energy?.energyJ === undefined) continue;
    const trueJ = program.energyAt(durationS);
    errors.push(energy.energyJ - trueJ);
    relative.push(energy.energyJ / trueJ - 1);
    stated.push(energy.standardErrorJ ?? 0);
  }
  const rms = Math.sqrt(mean(errors.map((error) => error ** 2)));
  return {
    meter: meter.name,
    durationS,
    runs,
    told: errors.length / runs,
    biasPercent: 100 * mean(relative),
    rmsPercent: 100 * Math.sqrt(mean(relative.map((error) => error ** 2))),
    worstPercent: 100 * Math.max(...relative.map(Math.abs)),
    covered: mean(errors.map((error, run) => (Math.abs(error) <= 2 * stated[run]! ? 1 : 0))),
    width: [...stated].sort((a, b) => a - b)[stated.length >> 1]! / rms,
  };
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** As the sampler polls it: from a tenth of a second before the command begins until some time after it ended. */
function samplesOf(meter: SimulatedMeter, program: SimulatedProgram, seed: number): Sample[] {
  const { next } = random(seed ^ 0x5eed);
  const read =
    meter.windowS === undefined ? counter(meter, program, seed) : power(meter, program, meter.windowS, next());
  const tracker = new ChangeTracker(deviceOf(meter), 10);
  const samples: Sample[] = [];
  const endS = program.durationS + 0.005 + 0.02 * next();
  let nowS = -0.05 - 0.1 * next();
  for (let last = false; !last; ) {
    last = nowS >= endS;
    const tookS = 0.0001 + 0.0001 * next();
    const sample = tracker.poll(nowS, nowS + tookS, read(nowS + tookS / 2), last);
    if (sample) samples.push(sample);
    // Timers of Node fire at the next full millisecond, and late when the machine is busy.
    const dueS = nextPollS(nowS + tookS, 10, [tracker.updatePeriodS]);
    nowS = Math.min(dueS + 0.001 * next() - 0.0004 * Math.log(1 - next()), Math.max(endS, nowS + tookS));
  }
  return samples;
}

function counter(meter: SimulatedMeter, program: SimulatedProgram, seed: number): (atS: number) => Reading {
  const readJ = simulateCounter(program, { updateS: meter.updateS, quantumJ: 1e-3, seed });
  return (atS) => ({ energyJ: readJ(atS) });
}

/** @param phase of the sensor's updates, 0..1 of its period */
function power({ updateS }: SimulatedMeter, program: SimulatedProgram, windowS: number, phase: number) {
  return (atS: number): Reading => {
    const updatedS = (Math.floor(atS / updateS - phase) + phase) * updateS;
    const powerW = (program.energyAt(updatedS) - program.energyAt(updatedS - windowS)) / windowS;
    return { powerW: Math.round(powerW * 1000) / 1000 };
  };
}

function deviceOf({ updateS, windowS }: SimulatedMeter): Device {
  return {
    id: "gpu",
    kind: "gpu",
    name: "Simulated GPU",
    meter: "nvml",
    source: windowS === undefined ? "measured" : "integrated",
    counted: true,
    // As for an Ampere: a faster counter is found by the readings.
    updatePeriodS: windowS === undefined ? 0.1 : updateS,
    ...(windowS !== undefined && { averagingWindowS: windowS }),
  };
}

const fields = [
  "timeS",
  "timeErrorS",
  "energyJ",
  "energyIntegratedJ",
  "powerW",
  "powerInstantW",
  "utilization",
  "memoryBytes",
  "smClockMhz",
  "memoryClockMhz",
  "temperatureC",
  "throttle",
] as const;

function runOf(meter: SimulatedMeter, durationS: number, samples: readonly Sample[]): Run {
  const columns = Object.fromEntries(
    fields.map((field) => [field, Float64Array.from(samples, (sample) => sample[field] ?? Number.NaN)]),
  ) as unknown as SampleColumns;
  return {
    path: "/simulated",
    manifest: {
      schema: runSchemaName,
      id: "simulated",
      argv: ["simulated"],
      cwd: "/",
      host: { name: "simulated", os: "none" },
      devices: [deviceOf(meter)],
      unavailable: [],
      recorder: { pid: 1, version: "0", node: "0" },
      startedAt: new Date(0).toISOString(),
      startedMonotonicS: 0,
      settings: { rateHz: 10, trace: false },
      child: { pid: 1, startS: 0 },
      end: {
        at: new Date(0).toISOString(),
        timeS: durationS,
        exitCode: 0,
        self: { cpuTimeS: 0, residentBytes: 0, polls: 0 },
        lost: [],
      },
    },
    state: "finished",
    labels: {},
    durationS,
    samples: new Map([["gpu", columns]]),
    traces: [],
    faults: [],
  };
}
