/** Energy of what each rank did, from all counted devices together: the step between traces and reports. */
import { type Answer, known } from "../model/answer";
import { type Attribution, attribute } from "./attribution/attribute";
import type { Segments, Span } from "./attribution/timeline";
import type { DeviceEnergy } from "./deviceEnergy";
import { type Rank, ranksOfDevice } from "./ranks";

/** What each rank did: disjoint segments of `names` kinds, the same kinds for every rank. */
export interface RankWork {
  readonly ranks: readonly Rank[];
  readonly names: number;
  /** Of a rank (by its place) on a device's time line. */
  segments(place: number, device: DeviceEnergy["device"]): Segments;
}

export interface RankEnergies {
  /** ranks × names, row-major. */
  readonly energyJ: Float64Array;
  readonly durationS: Float64Array;
  readonly otherEnergyJ: number;
  /** Of the ranks together. */
  readonly otherDurationS: number;
  /** With other last: (ranks × names + 1)², J². */
  readonly covarianceJ2: Float64Array;
  readonly totalJ: number;
  /** A meter has so many ranks that a phase's energy was shared out by their times. */
  readonly byTime: boolean;
  /** Columns (rank × names + name; ranks × names for other) that cannot be told apart. */
  readonly groups: readonly (readonly number[])[];
}

/**
 * Ranks on one meter above which they are not told apart by their powers (a column a rank and phase, and as many pieces of
 * time as all of them have): the one that traced most stands for when the meter sees which phase, and each rank gets its
 * share of a phase by the time that it spent in it. Ranks of a job go through their phases in step.
 */
const mostLanes = 4;

/** @returns unknown with the reason where a device has too few readings */
export function rankEnergies(work: RankWork, counted: readonly DeviceEnergy[], window: Span): Answer<RankEnergies> {
  const { ranks, names } = work;
  const size = ranks.length * names;
  const energyJ = new Float64Array(size);
  const durationS = new Float64Array(size);
  const covarianceJ2 = new Float64Array((size + 1) ** 2);
  const groups: number[][] = [];
  const devices = counted.map(({ device }) => device);
  let byTime = false;
  let otherEnergyJ = 0;
  let otherDurationS = 0;
  let totalJ = 0;
  for (const device of counted) {
    const places = ranksOfDevice(device.device, devices, ranks);
    const answer = attributeDevice(work, places, device, window);
    if (!answer.known) return answer;
    const { found, to, share } = answer.value;
    byTime ||= places.length > mostLanes;
    totalJ += found.totalJ;
    otherEnergyJ += found.otherEnergyJ;
    otherDurationS = Math.max(otherDurationS, found.otherDurationS);
    // Column of the answer → columns of the result, with the share of each.
    const targets = to.map((list, column) => list.map((place, k) => ({ place, share: share[column]![k]! })));
    targets.push([{ place: size, share: 1 }]);
    targets.forEach((mine, a) => {
      for (const { place, share: part } of mine) {
        if (place < size) energyJ[place]! += part * found.energyJ[a]!;
        targets.forEach((others, b) => {
          for (const other of others) {
            covarianceJ2[place * (size + 1) + other.place]! +=
              part * other.share * found.covarianceJ2[a * targets.length + b]!;
          }
        });
      }
    });
    groups.push(...found.groups.map((group) => group.flatMap((column) => targets[column]!.map(({ place }) => place))));
    for (const place of places) {
      const seconds = secondsOf(work.segments(place, device.device), names, window);
      seconds.forEach((timeS, name) => {
        durationS[place * names + name] = Math.max(durationS[place * names + name]!, timeS);
      });
    }
  }
  return known({ energyJ, durationS, otherEnergyJ, otherDurationS, covarianceJ2, totalJ, byTime, groups });
}

interface Attributed {
  readonly found: Attribution;
  /** Of each column of `found`: the columns of the result that it stands for, and the share of each. */
  readonly to: readonly (readonly number[])[];
  readonly share: readonly (readonly number[])[];
}

function attributeDevice(
  { names, ...work }: RankWork,
  places: readonly number[],
  { readings, holes, device }: DeviceEnergy,
  window: Span,
): Answer<Attributed> {
  const all = places.map((place) => work.segments(place, device));
  const apart = all.length <= mostLanes;
  const lanes = apart ? all : [all.reduce((a, b) => (b.phase.length > a.phase.length ? b : a))];
  const segments = lanes.map((lane, k) => ({ ...lane, phase: moved(lane.phase, k * names) }));
  const answer = attribute({
    readings: readings!,
    segments: segments.length === 1 ? segments[0]! : segments,
    phases: names * lanes.length,
    alike: Array.from({ length: names }, (_, name) => lanes.map((_, k) => k * names + name)),
    windowStartS: window.fromS,
    windowEndS: window.toS,
    holes,
    ...(device.averagingWindowS !== undefined && { averagingWindowS: device.averagingWindowS }),
  });
  if (!answer.known) return answer;
  if (apart) {
    const to = places.flatMap((place) => Array.from({ length: names }, (_, name) => [place * names + name]));
    return known({ found: answer.value, to, share: to.map(() => [1]) });
  }
  const seconds = all.map((lane) => secondsOf(lane, names, window));
  const to = Array.from({ length: names }, (_, name) => places.map((place) => place * names + name));
  const share = to.map((_, name) => {
    const sum = seconds.reduce((total, own) => total + own[name]!, 0);
    return seconds.map((own) => (sum > 0 ? own[name]! / sum : 0));
  });
  return known({ found: answer.value, to, share });
}

function moved(phase: Segments["phase"], by: number): Int32Array {
  return Int32Array.from(phase, (column) => column + by);
}

/** Seconds of each kind in the window. */
export function secondsOf({ startS, endS, phase }: Segments, names: number, { fromS, toS }: Span): Float64Array {
  const seconds = new Float64Array(names);
  for (let k = 0; k < phase.length; k++) {
    seconds[phase[k]!]! += Math.max(0, Math.min(endS[k]!, toS) - Math.max(startS[k]!, fromS));
  }
  return seconds;
}

/** Standard error of a sum of columns, each with its weight. */
export function errorOf({ covarianceJ2, energyJ }: RankEnergies, weights: ReadonlyMap<number, number>): number {
  const size = energyJ.length + 1;
  let variance = 0;
  for (const [a, one] of weights)
    for (const [b, other] of weights) variance += one * other * covarianceJ2[a * size + b]!;
  return Math.sqrt(Math.max(0, variance));
}
