/**
 * Options of an operation, made ready: dominated ones taken out, the lower convex hull found, times and slopes counted
 * in whole numbers.
 *
 * All is in effective energy, `energy - P × time` (Perseus, Chung et al. 2024): a device that computes does not also
 * wait at the blocking power P. An option that is slower and dearer by the meter can be worth having, because the
 * wait that it replaces is not free either.
 */
import type { ClockOption } from "../../model/bloat";

/** Options that operations share, fastest first; strictly slower and strictly cheaper in effective energy as they go. */
export interface OptionClass {
  /** Whole ticks, rounded up: a plan made of these keeps its deadline with the true times too. */
  readonly ticks: Float64Array;
  readonly effectiveJ: Float64Array;
  /** The options themselves, same order. */
  readonly options: readonly ClockOption[];
  /** Left out because another is at most as slow and at most as dear. */
  readonly dominated: number;
  /** All options as they were given. */
  readonly given: readonly ClockOption[];
}

/**
 * Lower hull of a class for the solver, corners from slowest to fastest: operation time `cornerTicks[k]`; making it
 * faster than corner k - 1, towards corner k, costs `cornerSlope[k]` flow units (J a tick × `flowScale`), and
 * `cornerSlope[0]` is 0. Slopes are whole and strictly increasing.
 */
export interface Hull {
  readonly cornerTicks: Float64Array;
  readonly cornerSlope: Float64Array;
}

/** Energies below this are 0: products of the smallest doubles vanish, and with them the order of slopes. */
const leastJ = 1e-30;

/**
 * Options that are not dominated in effective energy.
 *
 * @param ticksPerS a tick is `1 / ticksPerS` seconds
 */
export function optionClass(options: readonly ClockOption[], blockingPowerW: number, ticksPerS: number): OptionClass {
  const rows = options.map((option) => ({
    option,
    ticks: toTicks(option.timeS, ticksPerS),
    effectiveJ: (option.energyJ < leastJ ? 0 : option.energyJ) - blockingPowerW * option.timeS,
  }));
  rows.sort((a, b) => a.ticks - b.ticks || a.effectiveJ - b.effectiveJ);
  const kept: typeof rows = [];
  for (const row of rows) if (kept.length === 0 || row.effectiveJ < kept.at(-1)!.effectiveJ) kept.push(row);
  return {
    ticks: Float64Array.from(kept, ({ ticks }) => ticks),
    effectiveJ: Float64Array.from(kept, ({ effectiveJ }) => effectiveJ),
    options: kept.map(({ option }) => option),
    dominated: rows.length - kept.length,
    given: options,
  };
}

/** What a product of two doubles may be off by, as a share of it: half a unit in the last place for each factor and it. */
export const roundOff = 2 ** -51;

/** Up to the next tick, but for what multiplication itself adds: 0.3 s at 10 ticks a second are 3 ticks, not 4. */
export function toTicks(timeS: number, ticksPerS: number): number {
  const ticks = timeS * ticksPerS;
  const nearest = Math.round(ticks);
  return Math.max(1, Math.abs(ticks - nearest) <= ticks * roundOff ? nearest : Math.ceil(ticks));
}

/** Indices of the lower hull's corners among the options `first..last`, fastest first (Andrew's monotone chain). */
export function hullCorners({ ticks, effectiveJ }: OptionClass, first: number, last: number): number[] {
  const corners: number[] = [];
  for (let i = first; i <= last; i++) {
    while (corners.length >= 2) {
      const [a, b] = [corners.at(-2)!, corners.at(-1)!];
      const straight = (effectiveJ[i]! - effectiveJ[a]!) * (ticks[b]! - ticks[a]!);
      if ((effectiveJ[b]! - effectiveJ[a]!) * (ticks[i]! - ticks[a]!) < straight) break;
      corners.pop();
    }
    corners.push(i);
  }
  return corners;
}

/** Steepest slope that a hull is given, as a multiple of its mean slope: what lies beyond no meter resolves. */
const steepest = 1e6;

/** J a tick at the hull's fastest end, cut where options lie closer in time than can be meant. */
export function steepestSlope(options: OptionClass, corners: readonly number[]): number {
  if (corners.length < 2) return 0;
  const [a, b, z] = [corners[0]!, corners[1]!, corners.at(-1)!];
  return Math.min(slopeOf(options, a, b), steepest * slopeOf(options, a, z));
}

function slopeOf({ ticks, effectiveJ }: OptionClass, fast: number, slow: number): number {
  return (effectiveJ[fast]! - effectiveJ[slow]!) / (ticks[slow]! - ticks[fast]!);
}

/**
 * The hull in whole numbers. Corners that the slopes' resolution cannot tell from the line through their neighbours are
 * left out, which keeps the slopes strictly increasing; the fastest corner always stays, so that the minimum time is
 * the true one.
 */
export function hullOf(options: OptionClass, corners: readonly number[], flowScale: number): Hull {
  const cap = steepestSlope(options, corners);
  const whole = (fast: number, slow: number) => Math.round(Math.min(slopeOf(options, fast, slow), cap) * flowScale);
  // From slowest to fastest; slope[k] is that from kept[k - 1] to kept[k].
  const kept: number[] = [corners.at(-1)!];
  const slopes: number[] = [0];
  for (let i = corners.length - 2; i >= 0; i--) {
    const corner = corners[i]!;
    let slope = whole(corner, kept.at(-1)!);
    // The line over two segments lies between their slopes, so taking the corner between them out keeps the order.
    while (slope <= slopes.at(-1)!) {
      kept.pop();
      slopes.pop();
      if (kept.length === 0) {
        slope = 0;
        break;
      }
      slope = whole(corner, kept.at(-1)!);
    }
    kept.push(corner);
    slopes.push(slope);
  }
  return {
    cornerTicks: Float64Array.from(kept, (corner) => options.ticks[corner]!),
    cornerSlope: Float64Array.from(slopes),
  };
}

/** The slowest option of at most `ticks`: the "next faster" one. 0, the fastest, where none is. */
export function optionWithin({ ticks: all }: OptionClass, ticks: number): number {
  let low = 0;
  let high = all.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (all[middle]! <= ticks) low = middle;
    else high = middle - 1;
  }
  return low;
}
