/**
 * From a profiler's events to iterations and phases.
 *
 * An iteration is a `ProfilerStep#N`. What the host did outermost tells the phase: a DataLoader's `__next__` is data,
 * evaluating autograd nodes is backward, `Optimizer.step` is optimizer; operators and modules before the first backward
 * of an iteration are forward, and after it the rest. Python between two marks of one phase belongs to it.
 */
import type { PhaseName } from "../../model/phase";
import { isPhase } from "../../model/phase";
import { collectiveName, hostKinds, type KinetoEvents } from "./events";

export interface Window {
  /** As the profiler counts it. */
  readonly iteration: number;
  readonly startUs: number;
  readonly endUs: number;
}

/** Something that a thread did in one phase. Rows of a thread do not overlap. */
export interface Mark {
  readonly phase: PhaseName;
  /** Number in the windows, or -1. */
  readonly window: number;
  startUs: number;
  endUs: number;
}

const stepName = /^ProfilerStep#(\d+)$/;
const dataName = /^enumerate\(DataLoader\)#/;
const optimizerName = /^Optimizer\.step#/;
const otherName = /^Optimizer\.zero_grad#/;
export const backwardName = /^autograd::engine::evaluate_function:/;
const communicationName = /^(?:c10d::|(?:nccl|gloo|mpi|ucc|xccl):)/;

/** Host rows of each thread by start, the longer first: parents stand before their children. */
export function rowsByThread({ host, threads }: KinetoEvents): Int32Array[] {
  const [start, duration, thread] = [host.startUs.view(), host.durationUs.view(), host.thread.view()];
  const lists: number[][] = threads.texts.map(() => []);
  for (let row = 0; row < start.length; row++) lists[thread[row]!]!.push(row);
  return lists.map((rows) =>
    Int32Array.from(rows).sort((a, b) => start[a]! - start[b]! || duration[b]! - duration[a]!),
  );
}

/** Steps in order of time, those in which nothing else happened left out; the whole trace where there are none. */
export function windowsOf(events: KinetoEvents): { readonly windows: Window[]; readonly stepped: boolean } {
  const { host, names } = events;
  const [start, duration, name, kind] = [
    host.startUs.view(),
    host.durationUs.view(),
    host.name.view(),
    host.kind.view(),
  ];
  const iterations = names.texts.map((text) => Number(stepName.exec(text)?.[1] ?? -1));
  const found: Window[] = [];
  const operatorStarts: number[] = [];
  for (let row = 0; row < start.length; row++) {
    const iteration = iterations[name[row]!]!;
    if (iteration >= 0 && iteration < 2 ** 31) {
      found.push({ iteration, startUs: start[row]!, endUs: start[row]! + duration[row]! });
    } else if (kind[row] === hostKinds.operator) operatorStarts.push(start[row]!);
  }
  found.sort((a, b) => a.startUs - b.startUs);
  const sorted = Float64Array.from(operatorStarts).sort();
  const windows = found.filter(({ startUs, endUs }, k) => {
    const first = firstAtLeast(sorted, startUs);
    return sorted[first] !== undefined && sorted[first]! < endUs && startUs >= (found[k - 1]?.startUs ?? -Infinity);
  });
  if (windows.length > 0) return { windows, stepped: true };
  const [fromUs, toUs] = extentOf(events);
  return { windows: toUs > fromUs ? [{ iteration: 0, startUs: fromUs, endUs: toUs }] : [], stepped: false };
}

/** From the first start to the last end of all that was kept. */
export function extentOf({ host, device }: KinetoEvents): [number, number] {
  let [fromUs, toUs] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const { startUs, durationUs } of [host, device]) {
    const [start, duration] = [startUs.view(), durationUs.view()];
    for (let row = 0; row < start.length; row++) {
      if (start[row]! < fromUs) fromUs = start[row]!;
      if (start[row]! + duration[row]! > toUs) toUs = start[row]! + duration[row]!;
    }
  }
  return [fromUs, toUs];
}

/** The number of the window in which a moment lies, or -1. */
export function windowAt(windows: readonly Window[], atUs: number): number {
  let [low, high] = [0, windows.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (windows[middle]!.startUs <= atUs) low = middle + 1;
    else high = middle;
  }
  return low > 0 && atUs < windows[low - 1]!.endUs ? low - 1 : -1;
}

export function firstAtLeast(sorted: Float64Array, value: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The thread that steps the profiler, else the one with most to do. */
export function mainThread({ host, names, threads }: KinetoEvents): number {
  const [thread, name] = [host.thread.view(), host.name.view()];
  const isStep = names.texts.map((text) => stepName.test(text));
  const weights = new Float64Array(threads.texts.length);
  for (let row = 0; row < thread.length; row++) weights[thread[row]!]! += isStep[name[row]!] ? 1e9 : 1;
  return weights.indexOf(Math.max(...weights));
}

/**
 * Marks of each thread: of the main one all phases, of the others backward (autograd works in a thread of its own where a
 * device is used).
 */
export function marksOf(events: KinetoEvents, rows: readonly Int32Array[], windows: readonly Window[]): Mark[][] {
  const firstBackwardUs = firstBackwards(events, windows);
  const main = mainThread(events);
  const marks = rows.map((ofThread, thread) =>
    threadMarks(events, ofThread, windows, firstBackwardUs, thread === main),
  );
  if (marks[main] !== undefined) marks[main] = withWaits(marks[main], collectivesBeside(events, main), windows);
  return marks;
}

/** Stretches in which another thread of the host did a collective, in order and apart from each other. */
function collectivesBeside({ host, names }: KinetoEvents, main: number): [number, number][] {
  const [start, duration, name, thread] = [
    host.startUs.view(),
    host.durationUs.view(),
    host.name.view(),
    host.thread.view(),
  ];
  const isCollective = names.texts.map((text) => collectiveName.test(text));
  const rows = [...name.keys()].filter((row) => thread[row] !== main && isCollective[name[row]!]);
  const found: [number, number][] = [];
  for (const row of rows.sort((a, b) => start[a]! - start[b]!)) {
    const [fromUs, toUs] = [start[row]!, start[row]! + duration[row]!];
    const last = found.at(-1);
    if (last !== undefined && fromUs <= last[1]) last[1] = Math.max(last[1], toUs);
    else found.push([fromUs, toUs]);
  }
  return found;
}

/** Where the main thread does nothing and a collective goes on beside it, it waits for that. */
function withWaits(
  marks: readonly Mark[],
  collectives: readonly [number, number][],
  windows: readonly Window[],
): Mark[] {
  const found: Mark[] = [];
  let next = 0;
  for (const [k, mark] of marks.entries()) {
    found.push(mark);
    const window = windows[mark.window];
    if (window === undefined) continue;
    const untilUs = Math.min(window.endUs, marks[k + 1]?.startUs ?? window.endUs);
    while (next < collectives.length && collectives[next]![1] <= mark.endUs) next++;
    for (let at = next; at < collectives.length && collectives[at]![0] < untilUs; at++) {
      const startUs = Math.max(mark.endUs, collectives[at]![0]);
      const endUs = Math.min(untilUs, collectives[at]![1]);
      if (endUs > startUs) found.push({ phase: "communication", window: mark.window, startUs, endUs });
    }
  }
  return found;
}

function firstBackwards({ host, names }: KinetoEvents, windows: readonly Window[]): Float64Array {
  const first = new Float64Array(windows.length).fill(Number.POSITIVE_INFINITY);
  const isBackward = names.texts.map((text) => backwardName.test(text));
  const [start, name] = [host.startUs.view(), host.name.view()];
  for (let row = 0; row < start.length; row++) {
    if (!isBackward[name[row]!]) continue;
    const window = windowAt(windows, start[row]!);
    if (window >= 0 && start[row]! < first[window]!) first[window] = start[row]!;
  }
  return first;
}

function threadMarks(
  { host, names }: KinetoEvents,
  rows: Int32Array,
  windows: readonly Window[],
  firstBackwardUs: Float64Array,
  isMain: boolean,
): Mark[] {
  const [start, duration, name, kind] = [
    host.startUs.view(),
    host.durationUs.view(),
    host.name.view(),
    host.kind.view(),
  ];
  const marks: Mark[] = [];
  let coveredUs = Number.NEGATIVE_INFINITY;
  for (const row of rows) {
    const startUs = start[row]!;
    if (startUs < coveredUs) continue;
    const text = names.texts[name[row]!]!;
    const named = phaseOfName(text);
    const isWork = kind[row] === hostKinds.operator || kind[row] === hostKinds.module;
    // An annotation that is none of ours, and a launch outside of an operator, are looked through.
    if (named === undefined && !isWork) continue;
    const window = windowAt(windows, startUs);
    const beforeBackward = window < 0 || startUs < firstBackwardUs[window]!;
    const phase = named ?? (beforeBackward ? "forward" : "other");
    if (!isMain && phase !== "backward") continue;
    coveredUs = startUs + duration[row]!;
    const last = marks.at(-1);
    if (last !== undefined && last.phase === phase && last.window === window) last.endUs = coveredUs;
    else marks.push({ phase, window, startUs, endUs: coveredUs });
  }
  return marks;
}

function phaseOfName(text: string): PhaseName | undefined {
  if (dataName.test(text)) return "data";
  if (backwardName.test(text)) return "backward";
  if (optimizerName.test(text)) return "optimizer";
  if (otherName.test(text)) return "other";
  if (communicationName.test(text)) return "communication";
  const word = text.replace(/^[#\s]+|[#\s]+$/g, "").toLowerCase();
  return isPhase(word) ? word : undefined;
}
