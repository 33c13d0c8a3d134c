import { Growing } from "../model/grow";
import type { SampleColumns } from "../model/sample";

/** Mean power of a device between the time before and each time; NaN where nothing was read for a while. */
export interface PowerSeries {
  /** Seconds since the run's start, rising. */
  readonly timeS: Float64Array;
  readonly powerW: Float64Array;
}

/** Readings this many steps apart are a gap, drawn as one, and not a mean over it. */
const gapSteps = 6;
/** A meter that updates once a second has no gap between two updates. */
const shortestGapS = 3;

/**
 * The curve of a device's power: differences of its cumulative energy over at least `stepS`, so that it integrates to
 * what the report says and no reading is thrown away.
 * @param stepS the resolution wanted, seconds; where readings are farther apart theirs is taken
 */
export function powerSeries(columns: SampleColumns, stepS: number): PowerSeries {
  const timeS = new Growing(new Float64Array(256));
  const powerW = new Growing(new Float64Array(256));
  const gapS = Math.max(gapSteps * stepS, shortestGapS);
  let last = -1;
  let previous = -1;
  for (let row = 0; row < columns.timeS.length; row++) {
    if (!Number.isFinite(columns.energyJ[row]!)) continue;
    const beforeS = previous < 0 ? columns.timeS[row]! : columns.timeS[previous]!;
    if (last >= 0 && columns.timeS[row]! - beforeS > gapS) {
      if (previous > last) push(previous);
      timeS.push(beforeS);
      powerW.push(Number.NaN);
      last = row;
    } else if (last < 0) last = row;
    else if (columns.timeS[row]! - columns.timeS[last]! >= stepS * 0.999) push(row);
    previous = row;
  }
  if (previous > last && last >= 0 && timeS.length === 0) push(previous);
  return { timeS: timeS.view(), powerW: powerW.view() };

  function push(row: number): void {
    const durationS = columns.timeS[row]! - columns.timeS[last]!;
    if (durationS <= 0) return;
    timeS.push(columns.timeS[row]!);
    powerW.push((columns.energyJ[row]! - columns.energyJ[last]!) / durationS);
    last = row;
  }
}
