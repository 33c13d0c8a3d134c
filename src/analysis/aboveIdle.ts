/**
 * The energy of a stretch of time above what the machine draws at idle: what a notebook's cell used, measured from
 * outside of the process that ran it.
 *
 * Energy above idle = counter at the end - counter at the start - idle power x duration. Idle is the least mean power
 * that was seen over two seconds without a cell: somebody else's work makes a machine draw more than at idle, never
 * less. By how much quiet times differ from that least is how sure idle is.
 *
 * The ends of a cell lie between two readings. Where no other cell is near, whatever was used above idle between the
 * two is this cell's, so the readings around it tell exactly; where another one is, the counter is taken along a
 * straight line between them (`attribution/total.ts`), with that guess's error.
 */
import type { Device, Source } from "../model/device";
import { weakestSource } from "../model/format";
import type { Run } from "../model/run";
import { lowerBound, type Span, type TimedReadings, timedReadings, upperBound } from "./attribution/readings";
import { energyAt, totalEnergy } from "./attribution/total";

export interface EnergyAboveIdle {
  readonly durationS: number;
  /** Joules of the counted devices together; absent where one of them cannot be told. */
  readonly totalJ?: number;
  readonly aboveIdleJ?: number;
  /** Of `aboveIdleJ`, the sensors' own error included. */
  readonly errorJ?: number;
  /** Where `aboveIdleJ` is absent because the time was too short: no more than this above idle. */
  readonly atMostJ?: number;
  /** The least certain of the sources. */
  readonly source?: Source;
  readonly devices: readonly DeviceAboveIdle[];
  /** Whether later readings cannot change it. */
  readonly settled: boolean;
}

export interface DeviceAboveIdle {
  readonly device: Device;
  readonly totalJ?: number;
  readonly idlePowerW?: number;
  readonly aboveIdleJ?: number;
  readonly errorJ?: number;
  readonly atMostJ?: number;
}

/** As the idle power before a run: a slow counter has moved many times by then. */
const quietWindowS = 2;
/** Start and end come from a clock of milliseconds. */
const clockErrorS = 1e-3;

interface Idle {
  readonly powerW: number;
  readonly errorW: number;
}

/**
 * @param run the machine's readings
 * @param span seconds since the start of `run`
 * @param busy when something ran that is not idle, `span` among it
 */
export function energyAboveIdle(run: Run, span: Span, busy: readonly Span[]): EnergyAboveIdle {
  const counted = run.manifest.devices.filter((device) => device.counted);
  const parts = counted.map((device) => deviceAboveIdle(run, device, span, busy));
  const sumOf = (pick: (part: DeviceAboveIdle) => number | undefined) => {
    const values = parts.map(pick);
    return values.length > 0 && values.every((value) => value !== undefined)
      ? values.reduce<number>((sum, value) => sum + value!, 0)
      : undefined;
  };
  const totalJ = sumOf(({ totalJ }) => totalJ);
  const aboveIdleJ = sumOf(({ aboveIdleJ }) => aboveIdleJ);
  const errorJ = Math.hypot(...parts.map(({ errorJ = 0 }) => errorJ));
  // A value below its own error says no more than that it is not larger.
  const sure = aboveIdleJ !== undefined && aboveIdleJ > errorJ;
  const atMostJ = sure
    ? undefined
    : sumOf((part) => part.atMostJ ?? (part.aboveIdleJ === undefined ? undefined : upperEnd(part)));
  const source = weakestSource(counted.map((device) => device.source));
  return {
    durationS: span.toS - span.fromS,
    ...(totalJ !== undefined && { totalJ }),
    ...(sure ? { aboveIdleJ, errorJ } : {}),
    ...(atMostJ !== undefined && { atMostJ }),
    ...(source && { source }),
    devices: parts,
    settled: parts.every(
      ({ device, idlePowerW }) => idlePowerW !== undefined && lastTimeS(run, device) >= span.toS + settleS(device),
    ),
  };
}

/** Two standard errors above the value. */
function upperEnd({ aboveIdleJ = 0, errorJ = 0 }: DeviceAboveIdle): number {
  return Math.max(0, aboveIdleJ) + 2 * errorJ;
}

/** The readings that a cell needs come so much later than its end: an averaging sensor goes on telling of it. */
function settleS({ updatePeriodS = 0, averagingWindowS = 0 }: Device): number {
  return clockErrorS + Math.max(updatePeriodS, averagingWindowS);
}

function lastTimeS(run: Run, device: Device): number {
  return run.samples.get(device.id)?.timeS.at(-1) ?? Number.NEGATIVE_INFINITY;
}

function deviceAboveIdle(run: Run, device: Device, span: Span, busy: readonly Span[]): DeviceAboveIdle {
  const columns = run.samples.get(device.id);
  if (columns === undefined) return { device };
  const readings = timedReadings(columns);
  const idle = idleOf(readings, busy, run.manifest.idlePowerW?.[device.id]);
  const known = idle && { idlePowerW: idle.powerW };
  const total = totalEnergy(readings, span);
  const totalJ = total.known ? { totalJ: total.value.energyJ } : {};
  const ends = idle && endsOf(readings, device, span, busy);
  if (idle === undefined || ends === undefined) return { device, ...totalJ, ...known };
  const { from, to } = ends;
  const lengthS = to.atS - from.atS;
  const spentJ = to.energyJ - from.energyJ;
  const aboveIdleJ = spentJ - idle.powerW * lengthS;
  const errorJ = Math.hypot(
    from.errorJ,
    to.errorJ,
    idle.errorW * lengthS,
    (clockErrorS * spentJ) / lengthS,
    (device.gainError ?? 0) * aboveIdleJ,
  );
  // Between the same readings as its neighbours a cell cannot be told from them.
  if (ends.bound) return { device, ...totalJ, ...known, atMostJ: Math.max(0, aboveIdleJ) + 2 * errorJ };
  return { device, ...totalJ, ...known, aboveIdleJ, errorJ };
}

/** A place at which the counter is known: a reading, or a guess between two. */
interface End {
  readonly atS: number;
  readonly energyJ: number;
  readonly errorJ: number;
}

/** Readings inside of a cell that has neighbours: below that its ends are most of it. */
const fewestReadings = 4;

/** @returns undefined where the readings do not reach around the span */
function endsOf(readings: TimedReadings, device: Device, span: Span, busy: readonly Span[]) {
  const { timeS } = readings;
  const before = upperBound(timeS, span.fromS - clockErrorS) - 1;
  const after = lowerBound(timeS, span.toS + settleS(device));
  const covered = before >= 0 && after < timeS.length;
  const others = busy.filter(({ fromS, toS }) => fromS !== span.fromS || toS !== span.toS);
  const alone = (fromS: number, toS: number) => others.every((other) => other.toS < fromS || other.fromS > toS);
  const fromAlone = covered && alone(timeS[before]!, span.fromS);
  const toAlone = covered && alone(span.toS, timeS[after]!);
  const inside = lowerBound(timeS, span.toS) - lowerBound(timeS, span.fromS);
  const bound = inside < fewestReadings && !(fromAlone && toAlone);
  if (!covered && (bound || !totalEnergy(readings, span).known)) return undefined;
  return {
    bound,
    from: fromAlone || bound ? readingAt(readings, before) : between(readings, span.fromS),
    to: toAlone || bound ? readingAt(readings, after) : between(readings, span.toS),
  };
}

/** The time of a reading is off by its spread, and the counter by what was used in that time. */
function readingAt({ timeS, spreadS, energyJ }: TimedReadings, row: number): End {
  const [low, high] = [Math.max(0, row - 1), Math.min(timeS.length - 1, row + 1)];
  const powerW = high > low ? (energyJ[high]! - energyJ[low]!) / (timeS[high]! - timeS[low]!) : 0;
  return { atS: timeS[row]!, energyJ: energyJ[row]!, errorJ: spreadS[row]! * powerW };
}

function between(readings: TimedReadings, atS: number): End {
  const { energyJ, standardErrorJ } = energyAt(readings, atS);
  return { atS, energyJ, errorJ: standardErrorJ };
}

/** @param remembered from before these readings, watts */
function idleOf(readings: TimedReadings, busy: readonly Span[], remembered: number | undefined): Idle | undefined {
  const means = quietMeans(readings, busy).sort((a, b) => a - b);
  const least = Math.min(means[0] ?? Number.POSITIVE_INFINITY, remembered ?? Number.POSITIVE_INFINITY);
  if (!Number.isFinite(least)) return undefined;
  const usual = means[means.length >> 1] ?? least;
  return { powerW: least, errorW: Math.max(0, usual - least) };
}

/** Mean watts of windows of two seconds, one after the other, that touch nothing busy. */
function quietMeans(readings: TimedReadings, busy: readonly Span[]): number[] {
  const { timeS } = readings;
  const means: number[] = [];
  if (timeS.length < 2) return means;
  const lastS = timeS[timeS.length - 1]!;
  const sorted = [...busy].sort((a, b) => a.fromS - b.fromS);
  let fromS = timeS[0]!;
  for (const span of [...sorted, { fromS: lastS, toS: lastS }]) {
    for (; fromS + quietWindowS <= Math.min(span.fromS, lastS); fromS += quietWindowS) {
      // A stretch in which nothing was read says nothing of its two seconds.
      if (lowerBound(timeS, fromS + quietWindowS) - lowerBound(timeS, fromS) < 2) continue;
      const spentJ = energyAt(readings, fromS + quietWindowS).energyJ - energyAt(readings, fromS).energyJ;
      means.push(spentJ / quietWindowS);
    }
    fromS = Math.max(fromS, span.toS);
  }
  return means;
}
