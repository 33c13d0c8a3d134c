/** What the sampler costs beside the user's program: CPU time, memory, start-up. The programs that ship, on fakes. */
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { OpenMeter, Reading } from "../../../src/meters/meter";
import { nvml } from "../../../src/meters/nvml";
import { rapl } from "../../../src/meters/rapl";
import type { Sample } from "../../../src/model/sample";
import { ChangeTracker } from "../../../src/recording/changeTracker";
import { monotonicS } from "../../../src/recording/clock";
import { SamplerHandle } from "../../../src/recording/samplerHandle";
import { SampleEncoder } from "../../../src/store/arrowEncode";
import { type FakeGpu, FakeNvml } from "../../fixtures/fake-nvml/scenario";
import { drivenPowercap } from "../../fixtures/fake-powercap/driver";
import { childrenOf, cpuTimeS, type Memory, memoryOf, wait, wordsOf } from "./processes";

const sampler = resolve("dist/sampler.js");
const recorder = resolve("dist/recorder.js");

/** An Ampere or later under load: a counter of 100 ms, bursts between 70 and 300 W. */
function gpus(count: number): FakeGpu[] {
  return Array.from({ length: count }, (_, index) => ({
    architecture: 9,
    counterPeriodS: 0.1,
    phaseS: index / 160,
    power: [
      { atS: 0, watts: 70 },
      { atS: 0.03, watts: 300 },
    ],
    repeatS: 0.055,
  }));
}

/** Past the first minute and its burst, and far from the next one: polls come at the rate that was asked for. */
const steadyFromS = 66;

export interface Cost {
  readonly gpus: number;
  readonly rateHz: number;
  readonly latencyS: number;
  /** CPU time of sampler and host for one reading of all devices. */
  readonly perSampleS: number;
  /** Of one core, in all. */
  readonly share: number;
}

export async function costOf(count: number, rateHz: number, latencyS: number, seconds: number): Promise<Cost> {
  const powercap = await drivenPowercap({ periodS: 0.01 });
  const fake = new FakeNvml({ gpus: gpus(count), latencyS });
  const runPath = mkdtempSync(join(tmpdir(), "wattline-bench-"));
  const handle = new SamplerHandle(sampler, { ...process.env, ...fake.env, WATTLINE_POWERCAP_ROOT: powercap.root });
  try {
    const ready = await handle.start({ runPath, startedMonotonicS: monotonicS() - steadyFromS, rateHz });
    if (ready.type === "failed") throw new Error(ready.message);
    const pids = [handle.pid!, ...childrenOf(handle.pid!)];
    if (pids.length !== 2) throw new Error("There is not one host beside the sampler.");
    const spentS = () => pids.reduce((sum, pid) => sum + cpuTimeS(pid), 0);
    // What runs often is compiled meanwhile: in the first seconds that costs more than it saves.
    await wait(rateHz >= 100 ? 12 : 4);
    const [fromS, before] = [monotonicS(), spentS()];
    await wait(seconds);
    const usedS = spentS() - before;
    const tookS = monotonicS() - fromS;
    const samples = tookS * rateHz * 0.97;
    return { gpus: count, rateHz, latencyS, perSampleS: usedS / samples, share: usedS / tookS };
  } finally {
    await handle.stop();
    fake.dispose();
    await powercap.stop();
    rmSync(runPath, { recursive: true, force: true });
  }
}

/** What a Node costs each time that it wakes up at a rate and does nothing: the least that a process with timers can cost. */
export async function timerFloorS(rateHz: number, seconds: number): Promise<number> {
  const script = `const go = () => setTimeout(go, ${1000 / rateHz}); go();`;
  const bare = spawn(process.execPath, ["-e", script], { stdio: "ignore" });
  await wait(1);
  const [fromS, before] = [monotonicS(), cpuTimeS(bare.pid!)];
  await wait(seconds);
  const usedS = cpuTimeS(bare.pid!) - before;
  const tookS = monotonicS() - fromS;
  bare.kill();
  return usedS / (tookS * rateHz);
}

/** How long a Node takes to start and end that does nothing, the median of some. */
export function bareStartS(rounds: number): number {
  const times = Array.from({ length: rounds }, () => {
    const startS = monotonicS();
    spawnSync(process.execPath, ["-e", "0"]);
    return monotonicS() - startS;
  });
  return times.sort((a, b) => a - b)[rounds >> 1]!;
}

export interface ProcessMemory {
  readonly sampler: Memory;
  readonly host?: Memory;
  readonly recorder: Memory;
  /** A Node that does nothing. */
  readonly node: Memory;
}

/** In the middle of a run of some seconds. */
export async function memoryInRun(count: number, seconds: number): Promise<ProcessMemory> {
  const powercap = await drivenPowercap({ periodS: 0.01 });
  const fake = count > 0 ? new FakeNvml({ gpus: gpus(count) }) : undefined;
  const cwd = mkdtempSync(join(tmpdir(), "wattline-bench-"));
  const env = { ...process.env, ...fake?.env, WATTLINE_POWERCAP_ROOT: powercap.root };
  const run = spawn(process.execPath, [recorder, "run", "--", "sleep", String(seconds + 2)], {
    cwd,
    env,
    stdio: "ignore",
  });
  const bare = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "ignore" });
  const ended = new Promise((done) => run.once("exit", done));
  try {
    await wait(seconds);
    const samplerPid = childrenOf(run.pid!).find((pid) => wordsOf(pid).at(-1)?.endsWith("sampler.js"));
    if (samplerPid === undefined) throw new Error("There is no sampler below the recorder.");
    const hostPid = childrenOf(samplerPid).find((pid) => wordsOf(pid).at(-1)?.endsWith("meterHost.js"));
    return {
      sampler: memoryOf(samplerPid),
      ...(hostPid !== undefined && { host: memoryOf(hostPid) }),
      recorder: memoryOf(run.pid!),
      node: memoryOf(bare.pid!),
    };
  } finally {
    await ended;
    bare.kill();
    fake?.dispose();
    await powercap.stop();
    rmSync(cwd, { recursive: true, force: true });
  }
}

export interface StartUp {
  /** From the start of the sampler's process until it has its devices. */
  readonly samplerS: number;
  /** By which `wattline run` delays the command's beginning. */
  readonly commandS: number;
  /** By which it delays its end: from the command's exit to the recorder's. */
  readonly endS: number;
}

/** Medians over `rounds`. */
export async function startUp(count: number, rounds: number): Promise<StartUp> {
  const powercap = await drivenPowercap({ periodS: 0.01 });
  const fake = count > 0 ? new FakeNvml({ gpus: gpus(count) }) : undefined;
  const env = { ...process.env, ...fake?.env, WATTLINE_POWERCAP_ROOT: powercap.root };
  const all: StartUp[] = [];
  try {
    for (let round = 0; round < rounds; round++) {
      const runPath = mkdtempSync(join(tmpdir(), "wattline-bench-"));
      const before = monotonicS();
      const handle = new SamplerHandle(sampler, env);
      const ready = await handle.start({ runPath, startedMonotonicS: before, rateHz: 10 });
      const samplerS = monotonicS() - before;
      if (ready.type === "failed") throw new Error(ready.message);
      await handle.stop();
      const clock = "import time; print(time.monotonic())";
      const startS = monotonicS();
      const direct = Number(spawnSync("python3", ["-S", "-c", clock], { env }).stdout) - startS;
      const runS = monotonicS();
      const args = [recorder, "run", "--no-trace", "--json=/dev/null", "--", "python3", "-S", "-c", clock];
      const began = Number(spawnSync(process.execPath, args, { cwd: runPath, env }).stdout);
      all.push({ samplerS, commandS: began - runS - direct, endS: monotonicS() - began });
      rmSync(runPath, { recursive: true, force: true });
    }
  } finally {
    fake?.dispose();
    await powercap.stop();
  }
  const median = (pick: (one: StartUp) => number) => all.map(pick).sort((a, b) => a - b)[all.length >> 1]!;
  return {
    samplerS: median((one) => one.samplerS),
    commandS: median((one) => one.commandS),
    endS: median((one) => one.endS),
  };
}

/** CPU seconds of one reading of all devices, tracked and encoded, in a loop without waiting: caches are warm then. */
export async function workOf(count: number, latencyS: number): Promise<number> {
  const powercap = await drivenPowercap({ periodS: 0.01 });
  const fake = new FakeNvml({ gpus: gpus(count), latencyS });
  // The fake reads its scenario from the environment of the process that loads it.
  Object.assign(process.env, { WATTLINE_FAKE_NVML: fake.env.WATTLINE_FAKE_NVML });
  const host = { env: { ...fake.env, WATTLINE_POWERCAP_ROOT: powercap.root }, platform: process.platform };
  const opened: { open: OpenMeter; trackers: ChangeTracker[] }[] = [];
  try {
    const ids: string[] = [];
    for (const meter of [nvml, rapl]) {
      const { devices } = await meter.find(host);
      ids.push(...devices.map(({ id }) => id));
      const open = await meter.open(devices, host);
      opened.push({ open, trackers: devices.map((device) => new ChangeTracker(device, 10)) });
    }
    const encoder = new SampleEncoder(ids);
    const startedS = monotonicS();
    const samples: Sample[] = [];
    const round = () => {
      for (const { open, trackers } of opened) {
        const beforeS = monotonicS() - startedS;
        const readings = open.read() as readonly Reading[];
        const afterS = monotonicS() - startedS;
        for (const [index, tracker] of trackers.entries()) {
          const sample = tracker.poll(beforeS, afterS, readings[index]!);
          if (sample) samples.push(sample);
        }
      }
    };
    const rounds = (seconds: number) => {
      let done = 0;
      for (const untilS = monotonicS() + seconds; monotonicS() < untilS; done++) {
        round();
        if (samples.length >= 50) encoder.batch(samples.splice(0));
      }
      return done;
    };
    rounds(1);
    const before = process.cpuUsage();
    const done = rounds(2);
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1e6 / done;
  } finally {
    for (const { open } of opened) await open.close();
    fake.dispose();
    await powercap.stop();
  }
}
