/** What each device used while the user's command ran. */
import { type Answer, known } from "../model/answer";
import type { Device } from "../model/device";
import { formatDuration } from "../model/format";
import type { Run } from "../model/run";
import type { SampleColumns } from "../model/sample";
import { totalAtLeastS } from "./attribution/enough";
import { integralErrorJ, seenBehindS } from "./attribution/integralError";
import { plainReadings, type Span, type TimedReadings, timedReadings } from "./attribution/readings";
import { energyAtMost, type Total, totalEnergy } from "./attribution/total";

export interface DeviceEnergy {
  readonly device: Device;
  /** Its samples; undefined where there are none. */
  readonly columns: SampleColumns | undefined;
  /** Their energies with the times that the meter's own clock gives them. */
  readonly readings: TimedReadings | undefined;
  /** Joules in the run's window; absent where they cannot be told, then with the reason. */
  readonly energyJ?: number;
  readonly standardErrorJ?: number;
  readonly reason?: string;
  /** Where `energyJ` is absent because the run was too short: a bound and the length of run that would do. */
  readonly energyAtMostJ?: number;
  readonly runAtLeastS?: number;
  /** The same joules by power over time, where both are read. */
  readonly energyIntegratedJ?: number;
  readonly updatePeriodS?: number;
  /** What it draws without the run: as remembered, or as read in the seconds before the command was started. */
  readonly idlePowerW?: number;
  /** Spans whose energy is in no reading: power was to be integrated and none was read. */
  readonly holes: readonly Span[];
}

/** When the user's command ran, seconds since the run's start. */
export function runWindow(run: Run): Span {
  const fromS = run.manifest.child?.startS ?? 0;
  return { fromS, toS: Math.max(fromS, run.durationS) };
}

/** One answer a device of the run, in the manifest's order. */
export function deviceEnergies(run: Run): DeviceEnergy[] {
  const window = runWindow(run);
  return run.manifest.devices.map((device) => {
    // A counter goes on counting while nobody looks; an integral does not.
    const lost = device.source === "measured" ? [] : (run.manifest.end?.lost ?? []);
    const holes = lost.filter((span) => span.device === device.id);
    const energy = energyOf(device, run.samples.get(device.id), window, holes);
    const idlePowerW = run.manifest.idlePowerW?.[device.id] ?? idleBefore(energy.readings, window.fromS);
    return { ...energy, ...(idlePowerW !== undefined && { idlePowerW }) };
  });
}

/** The recorder waits two seconds for this; a little of it goes into starting to read. */
const idleWindowS = 1.8;

function idleBefore(readings: TimedReadings | undefined, startS: number): number | undefined {
  if (readings === undefined || readings.timeS.length === 0) return undefined;
  const window = { fromS: startS - idleWindowS, toS: startS };
  if (readings.timeS[0]! > window.fromS + 0.2) return undefined;
  const total = totalEnergy(readings, window);
  return total.known && total.value.standardErrorJ < tooUncertain * total.value.energyJ
    ? total.value.meanPowerW
    : undefined;
}

/** A total whose error is larger than this share of it means nothing. */
const tooUncertain = 0.25;

function energyOf(
  device: Device,
  columns: SampleColumns | undefined,
  window: Span,
  holes: readonly Span[],
): DeviceEnergy {
  const readings = columns && timedReadings(columns);
  if (readings === undefined) {
    return { device, columns, readings, holes, reason: `Nothing was read of ${device.name}.` };
  }
  const updatePeriodS = readings.updatePeriodS ?? device.updatePeriodS;
  const common = { device, columns, readings, holes, ...(updatePeriodS !== undefined && { updatePeriodS }) };
  const total = totalOf(device, columns!, readings, window, holes);
  if (total.known && total.value.standardErrorJ <= tooUncertain * total.value.energyJ) {
    const { energyJ, standardErrorJ } = total.value;
    const integrated = integratedJ(columns!, window);
    return { ...common, energyJ, standardErrorJ, ...(integrated !== undefined && { energyIntegratedJ: integrated }) };
  }
  const runAtLeastS = totalAtLeastS(updatePeriodS ?? readings.timeS.length / Math.max(window.toS - window.fromS, 1e-3));
  const bound =
    energyAtMost(readings, window) ?? (total.known ? total.value.energyJ + 2 * total.value.standardErrorJ : undefined);
  return {
    ...common,
    reason: total.known ? "Its error is too large to say." : total.reason,
    ...(bound !== undefined && { energyAtMostJ: bound }),
    // A longer run helps only where this one was short, not where readings failed.
    ...(window.toS - window.fromS < runAtLeastS && { runAtLeastS }),
  };
}

/** Power over time has an error beside that of its ends. */
function totalOf(
  device: Device,
  columns: SampleColumns,
  readings: TimedReadings,
  window: Span,
  holes: readonly Span[],
): Answer<Total> {
  if (device.source !== "integrated") return totalEnergy(readings, window, holes);
  const total = totalEnergy(readings, window, holes, seenBehindS(device));
  if (!total.known) return total;
  // As the recorder integrates them.
  const powerW = columns.powerW.some(Number.isFinite) ? columns.powerW : columns.powerInstantW;
  const errorJ = integralErrorJ(readings, { ...columns, powerW }, window, device);
  return known({ ...total.value, standardErrorJ: Math.hypot(total.value.standardErrorJ, errorJ) });
}

/** The meter's clock is the counter's: an integral is true when its power was read. */
function integratedJ({ timeS, timeErrorS, energyIntegratedJ }: SampleColumns, window: Span): number | undefined {
  const total = totalEnergy(plainReadings({ timeS, timeErrorS, energyJ: energyIntegratedJ }), window);
  return total.known ? total.value.energyJ : undefined;
}

/** For a message: how long a run would do, in words. */
export function longEnough(runAtLeastS: number): string {
  return `run at least ${formatDuration(runAtLeastS)}`;
}
