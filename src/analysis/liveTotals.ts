/** What a status bar says: power now and joules so far, of a run that goes on or of a machine at rest. */
import type { Device, Source } from "../model/device";
import { weakestSource } from "../model/format";
import type { Live } from "../model/live";
import type { Run } from "../model/run";
import type { SampleColumns } from "../model/sample";
import { deviceEnergies } from "./deviceEnergy";

export interface LiveTotals {
  /** Of the counted devices together; absent where none of them was read lately. */
  readonly powerW?: number;
  /** Joules of the counted devices since the run's start; absent at rest and while it is too early to say. */
  readonly energyJ?: number;
  /** The least certain source among the counted devices that were read. */
  readonly source?: Source;
  readonly devices: readonly LiveDevice[];
}

export interface LiveDevice {
  readonly device: Device;
  readonly powerW?: number;
  readonly energyJ?: number;
}

/** Digits that change more often than this are not read; a counter of a second has moved. */
const windowS = 2;

/**
 * Of a run so far: the mean power of the last two seconds of each device's readings, and its energy.
 * @param nowS seconds since the run's start: what was last read long before is not what is drawn now
 */
export function liveTotals(run: Run, nowS: number): LiveTotals {
  const energies = deviceEnergies(run);
  const devices = energies.map(({ device, energyJ, columns }) => {
    const powerW = columns && recentPowerW(columns, nowS);
    return { device, ...(powerW !== undefined && { powerW }), ...(energyJ !== undefined && { energyJ }) };
  });
  const counted = energies.filter(({ device }) => device.counted);
  const known = counted.length > 0 && counted.every(({ energyJ }) => energyJ !== undefined);
  return {
    ...totals(devices),
    ...(known && { energyJ: counted.reduce((sum, { energyJ }) => sum + energyJ!, 0) }),
  };
}

/** Of a machine at rest, as `live.json` has it. */
export function liveDraw(live: Live): LiveTotals {
  return totals(live.devices.map(({ device, powerW }) => ({ device, ...(powerW !== undefined && { powerW }) })));
}

function totals(devices: readonly LiveDevice[]): LiveTotals {
  const read = devices.filter(({ device, powerW }) => device.counted && powerW !== undefined);
  const source = weakestSource(read.map(({ device }) => device.source));
  return {
    ...(read.length > 0 && { powerW: read.reduce((sum, { powerW }) => sum + powerW!, 0) }),
    ...(source && { source }),
    devices,
  };
}

/** Absent where the last reading is older than three windows: the device may be gone. */
function recentPowerW({ timeS, energyJ }: SampleColumns, nowS: number): number | undefined {
  let last = timeS.length - 1;
  while (last >= 0 && !Number.isFinite(energyJ[last]!)) last--;
  if (last < 0 || timeS[last]! < nowS - 3 * windowS) return undefined;
  let first = last;
  for (let row = last - 1; row >= 0 && timeS[last]! - timeS[first]! < windowS; row--) {
    if (Number.isFinite(energyJ[row]!)) first = row;
  }
  const durationS = timeS[last]! - timeS[first]!;
  return durationS > 0 ? (energyJ[last]! - energyJ[first]!) / durationS : undefined;
}
