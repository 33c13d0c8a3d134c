/** Which ranks hold the others up: chronically or now and then, by how much, and why. */

import type { Device } from "../../model/device";
import { formatDuration } from "../../model/format";
import type { SampleColumns } from "../../model/sample";
import { isThrottled, throttleWords } from "../../model/throttle";
import type { Straggler } from "../../model/waste";
import type { Segments } from "../attribution/timeline";
import { median } from "../iterations";
import type { Kinds, LoopTimes } from "./segments";
import { segmentAt } from "./segments";
import type { Wait } from "./waits";

/** Its own work takes this much longer than the others': the rule of a twentieth (reference: MegaScale's ranks, 2024). */
const slower = 1.05;
/** In so many of the run's windows of time. */
const mostOfTheTime = 0.6;
const windows = 10;
const iterationsAWindow = 3;

export interface Pace {
  readonly chronic: boolean;
  readonly slowdown: number;
  /** Iterations in which it came last by more than a hundredth of the iteration, and those looked at. */
  readonly last: number;
  readonly iterations: number;
}

/**
 * How each rank keeps up. Ranks begin and end an iteration together, so what a rank did not wait is what its own work
 * took.
 */
export function pacesOf(times: readonly (LoopTimes | undefined)[], waits: readonly Wait[]): readonly Pace[] {
  const common = commonIterations(times);
  const index = new Map(common.map((iteration, k) => [iteration, k]));
  const excess = times.map(() => new Float64Array(common.length));
  const caused = times.map(() => new Float64Array(common.length));
  for (const { place, last, iteration, excessS } of waits) {
    const at = index.get(iteration);
    if (at === undefined) continue;
    excess[place]![at]! += excessS;
    if (place !== last) caused[last]![at]! += excessS;
  }
  const whole = times.map((one) => lengthsOf(one, common));
  const own = whole.map((lengths, place) => lengths.map((value, k) => value - excess[place]![k]!));
  const count = Math.max(1, Math.min(windows, Math.floor(common.length / iterationsAWindow)));
  return times.map((_, place) => {
    const slowdownOf = (from: number, to: number) => {
      const usual = own.map((lengths) => median(lengths.subarray(from, to).filter((value) => !Number.isNaN(value))));
      return (
        usual[place]! /
        median(Float64Array.from(usual.filter((value, other) => other !== place && !Number.isNaN(value))))
      );
    };
    const slow = Array.from({ length: count }, (_, window) => {
      const from = Math.floor((window * common.length) / count);
      return slowdownOf(from, Math.floor(((window + 1) * common.length) / count)) > slower ? 1 : 0;
    });
    const slowdown = slowdownOf(0, common.length);
    const slowWindows = slow.reduce<number>((sum, value) => sum + value, 0);
    const chronic = common.length >= iterationsAWindow && slowdown > slower && slowWindows >= mostOfTheTime * count;
    const mine = caused[place]!;
    const last = mine.filter((value, k) => value > 0.01 * whole[place]![k]!).length;
    return { chronic, slowdown: Number.isFinite(slowdown) ? slowdown : 1, last, iterations: common.length };
  });
}

function commonIterations(times: readonly (LoopTimes | undefined)[]): number[] {
  const [first, ...rest] = times;
  if (first === undefined) return [];
  const others = rest.map((one) => new Set(one?.iteration ?? []));
  return [...first.iteration].filter((iteration) => others.every((known) => known.has(iteration)));
}

function lengthsOf(times: LoopTimes | undefined, iterations: readonly number[]): Float64Array {
  const lengths = new Map<number, number>();
  times?.iteration.forEach((iteration, k) => {
    lengths.set(iteration, times.endS[k]! - times.startS[k]!);
  });
  return Float64Array.from(iterations, (iteration) => lengths.get(iteration) ?? Number.NaN);
}

/** Longer than the others by a smaller share of an iteration than this is no cause. */
const tellingShare = 0.01;
/** Throttled in more of the samples than this. */
const oftenThrottled = 0.1;

/**
 * What makes a rank slow: the part of an iteration that takes it longer than the others, and what its GPU says of itself.
 * @param seconds of each kind in the main loop, ranks × kinds
 */
export function causeOf(
  place: number,
  seconds: readonly Float64Array[],
  kinds: Kinds,
  iterations: number,
  gpu: { readonly device: Device; readonly samples: SampleColumns | undefined } | undefined,
): Pick<Straggler, "cause" | "evidence"> {
  const others = seconds.filter((_, other) => other !== place);
  const longer = kinds.names.map((name, column) => {
    const own = seconds[place]![column]! / iterations;
    const usual = others.reduce((sum, one) => sum + one[column]!, 0) / others.length / iterations;
    return { name, own, usual, byS: own - usual };
  });
  const inLoop = longer.filter(({ name }) => name !== "communication" && !outside.has(name));
  const total = inLoop.reduce((sum, { own }) => sum + own, 0);
  const most = inLoop.reduce((a, b) => (b.byS > a.byS ? b : a));
  if (!(most.byS > tellingShare * total)) return {};
  const what =
    most.name === "data" ? "wait for data" : most.name === "work" ? "work outside of named phases" : most.name;
  const sentence = `Its ${what} takes ${formatDuration(most.own)} an iteration, the others' ${formatDuration(most.usual)}.`;
  if (most.name === "data") return { cause: "data", evidence: sentence };
  const throttled = gpu && throttling(gpu.samples);
  if (throttled !== undefined) {
    return {
      cause: throttled.hot ? "temperature" : "throttle",
      evidence: `${sentence} ${gpu!.device.name}: ${throttled.words}.`,
    };
  }
  const isHost = most.name === "work" || most.name === "host";
  return { cause: isHost ? "host" : "compute", evidence: sentence };
}

const outside = new Set<string>(["stall", "start-up", "evaluation", "between", "tail"]);

function throttling(samples: SampleColumns | undefined): { readonly words: string; readonly hot: boolean } | undefined {
  if (samples === undefined) return undefined;
  const bits = samples.throttle.filter((value) => !Number.isNaN(value));
  const slowing = bits.filter(isThrottled);
  if (slowing.length === 0 || slowing.length < oftenThrottled * bits.length) return undefined;
  const common = mode(slowing);
  const words = throttleWords(common).join(", ");
  return { words, hot: [0x020, 0x040].some((bit) => Math.floor(common / bit) % 2 === 1) };
}

function mode(values: Float64Array): number {
  const counts = new Map<number, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1])[0]![0];
}

/** Seconds of each kind within the iterations of a main loop. */
export function secondsInLoop(
  { startS, endS, phase }: Segments,
  times: LoopTimes | undefined,
  names: number,
): Float64Array {
  const seconds = new Float64Array(names);
  if (times === undefined) return seconds;
  for (let k = 0; k < phase.length; k++) {
    const at = segmentAt(times.startS, (startS[k]! + endS[k]!) / 2);
    if (at >= 0 && times.endS[at]! >= startS[k]!) seconds[phase[k]!]! += endS[k]! - startS[k]!;
  }
  return seconds;
}
