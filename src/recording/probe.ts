import type { Host } from "../meters/meter";
import type { Device, Unavailable } from "../model/device";
import type { Sample } from "../model/sample";
import { monotonicS } from "./clock";
import { type Discovered, discover } from "./discover";
import type { GroupEnd } from "./meterGroup";

export const metersSchemaName = "wattline.meters/1";

export interface MetersAnswer {
  readonly schema: typeof metersSchemaName;
  readonly devices: readonly (Device & { readonly powerW?: number })[];
  readonly unavailable: readonly Unavailable[];
}

/** A counter of 100 ms has moved several times by then, and a power has been read. */
const probeS = 0.5;

/**
 * What can be read on this machine, with the power that each device draws now.
 * @param program sampler.js, which hosts vendor libraries
 */
export async function probeMeters(host: Host, program: string): Promise<MetersAnswer> {
  const found = await discover(host, program);
  return metersAnswer(found, (await observe(found, { rateHz: 20, seconds: probeS })).samples);
}

export interface Observed {
  /** By device, in order of time. */
  readonly samples: ReadonlyMap<string, readonly Sample[]>;
  /** How each device's group ended. */
  readonly ends: ReadonlyMap<string, GroupEnd>;
}

/** Reads everything that was found for a while, and closes it. */
export async function observe(
  found: Discovered,
  { rateHz, seconds }: { readonly rateHz: number; readonly seconds: number },
): Promise<Observed> {
  const startedMonotonicS = monotonicS();
  const timeS = () => monotonicS() - startedMonotonicS;
  const groups = await found.open({ rateHz, startedMonotonicS, timeS });
  const samples = new Map<string, Sample[]>(found.devices.map(({ id }) => [id, []]));
  for (const group of groups) {
    group.start((some) => {
      for (const sample of some) samples.get(sample.deviceId)?.push(sample);
    });
  }
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  const ends = await Promise.all(
    groups.map(async (group) => {
      const end = await group.stop();
      return group.devices.map(({ id }) => [id, end] as const);
    }),
  );
  found.close();
  return { samples, ends: new Map(ends.flat()) };
}

export function metersAnswer(found: Discovered, samples: Observed["samples"]): MetersAnswer {
  return {
    schema: metersSchemaName,
    devices: found.devices.map((device) => {
      const powerW = meanPowerW(samples.get(device.id) ?? []);
      return { ...device, ...(powerW !== undefined && { powerW }) };
    }),
    unavailable: found.unavailable,
  };
}

/** Of a device's samples: from its energy, else the last power that it gave. */
export function meanPowerW(samples: readonly Sample[]): number | undefined {
  const withEnergy = samples.filter(({ energyJ }) => energyJ !== undefined);
  const [first, last] = [withEnergy[0], withEnergy.at(-1)];
  if (first && last && last.timeS > first.timeS) return (last.energyJ! - first.energyJ!) / (last.timeS - first.timeS);
  return samples.findLast(({ powerW }) => powerW !== undefined)?.powerW;
}
