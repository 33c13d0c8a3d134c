/** A run of no command: the machine's readings for as long as somebody wants them, as a run folder to follow. */
import { rm } from "node:fs/promises";
import { basename } from "node:path";
import type { Manifest } from "../model/manifest";
import { writeManifest } from "../store/manifest";
import { createRunFolder } from "../store/runFolder";
import { monotonicS } from "./clock";
import { rememberedIdle } from "./idlePower";
import { type Installation, samplerProgram } from "./paths";
import { describe } from "./record";
import { ownSampler } from "./sampleSource";

export interface MachineSettings {
  /** A new or empty folder: the run folder while this lasts, removed with its end. */
  readonly out: string;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly ended: Promise<void>;
}

/** Between bursts; a second process at ten polls a second costs the user nothing that could be measured. */
const rateHz = 10;

/**
 * Reads every device into `out` until `ended`, then removes it: nothing of it is kept. No other run joins this sampler,
 * whose readings it would lose.
 * @throws WattlineError when the folder cannot be made or is not empty
 */
export async function recordMachine(settings: MachineSettings, installation: Installation): Promise<void> {
  const { out, cwd, env, ended } = settings;
  const startedAt = new Date();
  const startedMonotonicS = monotonicS();
  const options = { argv: [], cwd, rateHz, trace: false, labels: {} };
  const described = await describe(options, installation, startedAt, startedMonotonicS);
  const manifest: Manifest = { ...described, id: basename(out), devices: [], unavailable: [] };
  const runPath = await createRunFolder({ out }, () => manifest);
  try {
    const config = { runPath, startedMonotonicS, rateHz };
    const source = await ownSampler(undefined, { program: samplerProgram(installation), env, config });
    const remembered = await rememberedIdle(env, Date.now());
    const { devices, unavailable } = source;
    const idle = devices.flatMap(({ id }) => (remembered.has(id) ? [[id, remembered.get(id)!] as const] : []));
    await writeManifest(runPath, {
      ...manifest,
      devices: [...devices],
      unavailable: [...unavailable],
      ...(idle.length > 0 && { idlePowerW: Object.fromEntries(idle) }),
    });
    await ended;
    await source.stop();
  } finally {
    await rm(runPath, { recursive: true, force: true });
  }
}
