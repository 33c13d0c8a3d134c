/** Where a run's samples come from: a sampler of its own, or that of another run on this node. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { Device, Unavailable } from "../model/device";
import { log } from "../model/log";
import { readManifest } from "../store/manifest";
import { Election, jobOf, leave, type Serving } from "./election";
import { flushPeriodMs } from "./rowsFile";
import { SamplerHandle } from "./samplerHandle";
import type { LostSpan, SamplerConfig, SamplerCost } from "./samplerProtocol";
import { sharedDevices } from "./sharedDevices";

export interface SampleSource {
  readonly devices: readonly Device[];
  readonly unavailable: readonly Unavailable[];
  /** The run folder that has the samples, where it is not this run's. */
  readonly samplesFrom?: string;
  /** To be called once the manifest has the devices: from then on other runs may find and use this sampler. */
  serve(): Promise<void>;
  /** @returns what it cost and lost; undefined where the sampler had died */
  stop(): Promise<{ readonly self: SamplerCost; readonly lost: readonly LostSpan[] } | undefined>;
  kill(): void;
}

export interface SourceSettings {
  readonly program: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly config: SamplerConfig;
}

/** Joins the sampler that serves this node, or starts one. */
export async function openSamples(settings: SourceSettings): Promise<SampleSource> {
  const election = await Election.at(settings.env);
  return (await joinServing(election, settings)) ?? (await ownSampler(election, settings));
}

/** @returns undefined where nobody serves, or who does can no longer be joined */
async function joinServing(
  election: Election | undefined,
  settings: SourceSettings,
): Promise<SampleSource | undefined> {
  const serving = await election?.serving();
  return election && serving && (await joinSampler(election, serving, settings));
}

async function joinSampler(
  election: Election,
  serving: Serving,
  { env, config }: SourceSettings,
): Promise<SampleSource | undefined> {
  if (serving.runPath === config.runPath || !(await election.join(serving, process.pid))) return undefined;
  const theirs = await readManifest(serving.runPath).catch(() => undefined);
  if (theirs === undefined) {
    await leave(serving.runPath, process.pid);
    return undefined;
  }
  const job = jobOf(env);
  const sameJob = job !== undefined && (job === serving.job || job === `run ${serving.runPath}`);
  const stop = async () => {
    // The other run's sampler writes twice a second: what was read up to now is in its file then.
    await new Promise((resolve) => setTimeout(resolve, flushPeriodMs + 200));
    await leave(serving.runPath, process.pid);
    return { self: { cpuTimeS: 0, residentBytes: 0, polls: 0 }, lost: [] };
  };
  return {
    devices: sharedDevices(theirs.devices, env, sameJob),
    unavailable: theirs.unavailable,
    samplesFrom: serving.runPath,
    serve: async () => {},
    stop,
    kill: () => void leave(serving.runPath, process.pid),
  };
}

/** @param election where other runs find it, once it serves; undefined: they shall not */
export async function ownSampler(election: Election | undefined, settings: SourceSettings): Promise<SampleSource> {
  const { program, env, config } = settings;
  const handle = new SamplerHandle(program, { ...process.env, ...env });
  const ready = await handle.start(config);
  if (ready.type === "failed") {
    log.error(ready.message);
    const remedy = "Run `wattline meters` to see what can be read here.";
    return {
      devices: [],
      unavailable: [{ meter: "sampler", reason: ready.message, remedy }],
      serve: async () => {},
      stop: async () => undefined,
      kill: () => handle.kill(),
    };
  }
  return {
    devices: ready.devices,
    unavailable: ready.unavailable,
    serve: async () => {
      if (handle.pid !== undefined) await election?.claim(handle.pid, config.runPath, jobOf(env));
    },
    stop: () => handle.stop(),
    kill: () => handle.kill(),
  };
}

/**
 * Ranks that start in the same moment all find nobody serving and start a sampler each; one of them then serves, and the
 * others give theirs up before anything is run.
 */
export async function settleElection(own: SampleSource, settings: SourceSettings): Promise<SampleSource> {
  if (own.samplesFrom !== undefined || own.devices.length === 0) return own;
  await own.serve();
  const shared = await joinServing(await Election.at(settings.env), settings);
  if (shared === undefined) return own;
  own.kill();
  for (const name of ["samples.arrow", "processes.arrow"]) {
    await rm(join(settings.config.runPath, name), { force: true });
  }
  return shared;
}
