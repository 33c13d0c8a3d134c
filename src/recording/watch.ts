/** What the machine draws while no run goes on: for the status bar. */
import { rm } from "node:fs/promises";
import type { Host } from "../meters/meter";
import { type Live, liveSchemaName } from "../model/live";
import type { Sample } from "../model/sample";
import { writeAtomically } from "../store/files";
import { monotonicS } from "./clock";
import { discover } from "./discover";
import { meanPowerW } from "./probe";

export interface WatchSettings {
  readonly program: string;
  readonly file: string;
  readonly ended: Promise<void>;
}

/** Twice a second is enough for a number that people glance at, and costs a laptop nothing. */
const rateHz = 2;
const writePeriodMs = 1_000;
/** The power shown is the mean of so many seconds: steady digits, and a slow counter has moved. */
const windowS = 2;
/** The idle power is the least mean over a window in the last ten minutes: somebody may be working. */
const idleWindows = 600;

/** Polls every device and rewrites `file` once a second until `ended`; then removes it. */
export async function watch(host: Host, { program, file, ended }: WatchSettings): Promise<void> {
  const found = await discover(host, program);
  const startedMonotonicS = monotonicS();
  const timeS = () => monotonicS() - startedMonotonicS;
  const groups = await found.open({ rateHz, startedMonotonicS, timeS, bursts: false });
  const recent = new Map<string, Sample[]>(found.devices.map(({ id }) => [id, []]));
  const means = new Map<string, number[]>(found.devices.map(({ id }) => [id, []]));
  for (const group of groups) {
    group.start((samples) => {
      for (const sample of samples) recent.get(sample.deviceId)?.push(sample);
    });
  }
  const writing = setInterval(() => void write().catch(() => {}), writePeriodMs);
  await ended;
  clearInterval(writing);
  await Promise.all(groups.map((group) => group.stop()));
  found.close();
  await rm(file, { force: true });

  async function write(): Promise<void> {
    const nowS = timeS();
    const live: Live = {
      schema: liveSchemaName,
      at: Date.now(),
      pid: process.pid,
      devices: found.devices.map((device) => {
        const samples = recent.get(device.id)!;
        while (samples.length > 2 && samples[1]!.timeS < nowS - windowS) samples.shift();
        const fresh = samples.length > 0 && samples.at(-1)!.timeS > nowS - 3 * windowS;
        const powerW = fresh ? meanPowerW(samples) : undefined;
        const seen = means.get(device.id)!;
        if (powerW !== undefined && seen.push(powerW) > idleWindows) seen.shift();
        return {
          device,
          ...(powerW !== undefined && { powerW }),
          ...(seen.length > 0 && { idlePowerW: Math.min(...seen) }),
        };
      }),
    };
    await writeAtomically(file, `${JSON.stringify(live)}\n`);
  }
}
