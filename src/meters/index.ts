/**
 * The list of meters, where order is decided, and the rules by which their devices live together: nothing is counted
 * twice, nothing that is measured is also guessed.
 */
import type { Device, Unavailable } from "../model/device";
import { log } from "../model/log";
import { estimate } from "./estimate";
import { hwmon } from "./hwmon";
import type { Found, Host, Meter } from "./meter";
import { nvidiaSmi } from "./nvidiaSmi";
import { nvml } from "./nvml";
import { rapl } from "./rapl";

/** Best first: where two meters see one thing, the earlier one is asked. */
export const meters: readonly Meter[] = [nvml, nvidiaSmi, rapl, hwmon, estimate];

export interface FoundBy extends Found {
  readonly meter: Meter;
}

export interface Settled {
  /** What to read, with `counted` decided. */
  readonly devices: readonly Device[];
  readonly unavailable: readonly Unavailable[];
  /** The same devices by the meter that reads them, in the order of `meters`; meters without devices are left out. */
  readonly byMeter: readonly { readonly meter: Meter; readonly devices: readonly Device[] }[];
}

/** Asks every meter of `which` what it can read here and settles the answers. Never throws. */
export async function findDevices(host: Host, which: readonly Meter[] = meters): Promise<Settled> {
  return settle(await askAll(which, (meter) => ask(meter, host)));
}

/**
 * Asks all meters at once, then those that are a fallback for one that found nothing.
 * @param askOne asks one meter, here or in another process
 */
export async function askAll(
  which: readonly Meter[],
  askOne: (meter: Meter) => Promise<FoundBy>,
): Promise<readonly FoundBy[]> {
  const [later, now] = partition(which, (meter) => which.some((other) => other.id === meter.fallbackFor));
  const answers = await Promise.all(now.map(askOne));
  const isNeeded = (meter: Meter) =>
    answers.some((answer) => answer.meter.id === meter.fallbackFor && answer.devices.length === 0);
  return [...answers, ...(await Promise.all(later.filter(isNeeded).map(askOne)))];
}

/** One meter's answer; what it throws becomes a reason. */
export async function ask(meter: Meter, host: Host): Promise<FoundBy> {
  try {
    return { meter, ...(await meter.find(host)) };
  } catch (error) {
    log.warn(`meter ${meter.id}: ${(error as Error).stack ?? error}`);
    return {
      meter,
      devices: [],
      unavailable: [
        {
          meter: meter.id,
          reason: `Looking for devices failed: ${(error as Error).message}.`,
          remedy: "This is a fault of Wattline: please report it, with the output of `wattline doctor`.",
        },
      ],
    };
  }
}

/**
 * What is read, and what of it is counted, out of all meters' answers in any order. Pure: answers may come from other
 * processes.
 */
export function settle(answers: readonly FoundBy[]): Settled {
  const inOrder = [...answers].sort((a, b) => orderOf(a.meter) - orderOf(b.meter));
  const superseded = new Set(
    inOrder.filter((answer) => isSuperseded(answer, inOrder)).map((answer) => answer.meter.id),
  );
  const kept = inOrder.filter((answer) => !superseded.has(answer.meter.id));
  const all = kept.flatMap((answer) => answer.devices);
  const decided = new Map(all.map((device) => [device.id, { ...device, counted: isCounted(device, all) }]));
  return {
    devices: [...decided.values()],
    unavailable: kept.flatMap((answer) => answer.unavailable),
    byMeter: kept
      .filter((answer) => answer.devices.length > 0)
      .map(({ meter, devices }) => ({ meter, devices: devices.map((device) => decided.get(device.id)!) })),
  };
}

function orderOf(meter: Meter): number {
  const place = meters.findIndex((other) => other.id === meter.id);
  return place < 0 ? meters.length : place;
}

/** The estimate where a meter measures the CPU; a fallback beside the meter that it stands in for. */
function isSuperseded(answer: FoundBy, all: readonly FoundBy[]): boolean {
  if (answer.meter.id === "estimate") return all.some((other) => other.devices.some(measuresCpu));
  const better = all.find((other) => other.meter.id === answer.meter.fallbackFor);
  // Where neither works, the better one's reason is the one that helps.
  return better !== undefined && (better.devices.length > 0 || answer.devices.length === 0);
}

function partition<T>(items: readonly T[], first: (item: T) => boolean): readonly [readonly T[], readonly T[]] {
  return [items.filter(first), items.filter((item) => !first(item))];
}

function measuresCpu(device: Device): boolean {
  if (device.source === "estimated") return false;
  return device.kind === "system" || (device.kind === "cpu" && device.counted);
}

/**
 * A meter's own word stands (parts and GPUs that the run does not use are not counted), except for a whole that contains
 * others (psys): it counts where nothing else is measured, for then there is nothing that it would count again.
 */
function isCounted(device: Device, all: readonly Device[]): boolean {
  if (device.kind !== "system") return device.counted;
  const others = all.filter((other) => other.kind !== "system" && other.source !== "estimated");
  return device === all.find((other) => other.kind === "system") && !others.some((other) => other.counted);
}
