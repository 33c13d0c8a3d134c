/** What two seconds of a device's samples tell of its meter. */
import type { Device } from "../../model/device";
import type { Sample } from "../../model/sample";

export interface Trial {
  /** The device's id. */
  readonly device: string;
  /** Seconds between two new values, as found; absent where it has them faster than it was asked, or too seldom. */
  readonly updatePeriodS?: number;
  /** How much the power varies, watts: standard deviation of means over `noiseWindowS`, or two updates where longer. */
  readonly noiseW?: number;
  /** Seconds that a poll takes for this device. */
  readonly pollTimeS: number;
}

const noiseWindowS = 0.1;
/** Fewer changes than this say nothing of a period, fewer windows nothing of a deviation. */
const fewest = 4;
/** Changes must be this many polls apart to be the meter's and not the polls'. */
const pollsApart = 2.5;

/**
 * @param samples in order of time
 * @param pollEveryS seconds between two polls
 */
export function trialOf(
  { id, updatePeriodS }: Device,
  samples: readonly Sample[],
  pollEveryS: number,
  pollTimeS: number,
): Trial {
  const found = periodS(samples, pollEveryS);
  const noiseW = deviationW(samples, Math.max(noiseWindowS, 2 * (found ?? updatePeriodS ?? 0)));
  return {
    device: id,
    ...(found !== undefined && { updatePeriodS: found }),
    ...(noiseW !== undefined && { noiseW }),
    pollTimeS,
  };
}

function periodS(samples: readonly Sample[], pollEveryS: number): number | undefined {
  const counts = samples.some(({ energyIntegratedJ }) => energyIntegratedJ !== undefined);
  const value = (sample: Sample) => (counts ? sample.energyJ : (sample.powerW ?? sample.energyJ));
  const changes = samples.filter((sample, index) => index === 0 || value(sample) !== value(samples[index - 1]!));
  const lengths = changes.slice(1).map(({ timeS }, index) => timeS - changes[index]!.timeS);
  if (lengths.length < fewest) return undefined;
  const middle = [...lengths].sort((a, b) => a - b)[lengths.length >> 1]!;
  if (middle < pollsApart * pollEveryS) return undefined;
  // The mean, for each is known to a poll only; without those in which an update changed nothing.
  const single = lengths.filter((lengthS) => lengthS < 1.7 * middle);
  return single.reduce((sum, lengthS) => sum + lengthS, 0) / single.length;
}

/** Sample standard deviation of the mean powers over windows of this length, from the cumulative energy. */
function deviationW(samples: readonly Sample[], windowS: number): number | undefined {
  const readings = samples.filter(({ energyJ }) => energyJ !== undefined);
  const [first, last] = [readings[0], readings.at(-1)];
  if (first === undefined || last === undefined) return undefined;
  const count = Math.floor((last.timeS - first.timeS) / windowS + 1e-9);
  if (count < fewest) return undefined;
  const edges = Array.from({ length: count + 1 }, (_, index) => energyAt(readings, first.timeS + index * windowS));
  const powers = edges.slice(1).map((joules, index) => (joules - edges[index]!) / windowS);
  const mean = powers.reduce((sum, watts) => sum + watts, 0) / count;
  return Math.sqrt(powers.reduce((sum, watts) => sum + (watts - mean) ** 2, 0) / (count - 1));
}

/** A straight line between the two readings around a time. */
function energyAt(readings: readonly Sample[], atS: number): number {
  const next = Math.max(
    1,
    readings.findIndex(({ timeS }) => timeS >= atS),
  );
  const [a, b] = [readings[next - 1]!, readings[next] ?? readings[next - 1]!];
  if (b.timeS === a.timeS) return a.energyJ!;
  return a.energyJ! + ((b.energyJ! - a.energyJ!) * (atS - a.timeS)) / (b.timeS - a.timeS);
}
