/** From the events of one rank's profile to the rows of a Wattline trace (see model/trace.ts). */
import { collectiveName, type KinetoEvents, Names } from "./events";
import { type LayerTable, layerTable, type Owned } from "./layers";
import {
  extentOf,
  firstAtLeast,
  type Mark,
  mainThread,
  marksOf,
  rowsByThread,
  type Window,
  windowAt,
  windowsOf,
} from "./timeline";

export { KinetoEvents } from "./events";

export interface ImportedTrace {
  /** Seconds of the first event, from the origin. */
  readonly startS: number;
  readonly endS: number;
  /** Rows of the trace file, in the order in which they are to be written. */
  rows(): Iterable<readonly unknown[]>;
  readonly counts: { readonly iterations: number; readonly spans: number; readonly layers: number };
}

/** Kernels this near to each other are one span of their device. */
const backToBackUs = 1;
/** Room for the collectives of a step, so that the same one has the same number on every rank. */
const collectivesAStep = 10_000;

/**
 * @param originUs what of the trace's microseconds is second 0
 * @param path of the trace, for the loop that it shows
 */
export function importedTrace(events: KinetoEvents, originUs: number, path: string): ImportedTrace {
  const rows = rowsByThread(events);
  const { windows, stepped } = windowsOf(events);
  const marks = marksOf(events, rows, windows);
  const layers = layerTable(events, rows, windows);
  const device = deviceWork(events, windows, marks, layers);
  const [fromUs, toUs] = extentOf(events);
  const seconds = (us: number) => Math.round(us) / 1e6;
  const at = (us: number) => seconds(us - originUs);
  const iteration = (window: number) => windows[window]?.iteration ?? -1;
  const loop = (window: number) => (window < 0 ? -1 : 0);

  const timed: { readonly endUs: number; readonly row: readonly unknown[] }[] = [];
  for (const { phase, window, startUs, endUs } of marks.flat()) {
    if (phase === "other") continue;
    const place = window < 0 ? [] : [0];
    timed.push({ endUs, row: ["s", phase, iteration(window), at(startUs), seconds(endUs - startUs), 0, ...place] });
  }
  if (stepped) {
    for (const { iteration, startUs, endUs } of windows) {
      timed.push({ endUs, row: ["i", 0, iteration, at(startUs), seconds(endUs - startUs)] });
    }
  }
  for (const one of collectivesOf(events, windows)) {
    const { operation, window, startUs, endUs, group, sequence, bytes } = one;
    timed.push({
      endUs,
      row: ["x", operation, iteration(window), at(startUs), seconds(endUs - startUs), group, sequence, bytes],
    });
  }
  for (const { phase, window, device: index, startUs, endUs } of device) {
    const row = ["d", phase, iteration(window), index, at(startUs), seconds(endUs - startUs), 0, loop(window)];
    timed.push({ endUs, row });
  }
  timed.sort((a, b) => a.endUs - b.endUs);

  function* all(): Iterable<readonly unknown[]> {
    if (stepped) yield ["l", 0, path, 1, 1, trains(marks) ? "training" : "inference", -1, "batch"];
    if (!stepped) yield ["n", "import", "The profiler's schedule was not used, so the trace has no iterations."];
    for (const { row } of timed) yield row;
    yield* layerRows(layers, device.length > 0, iteration);
    yield ["e", at(toUs)];
  }
  return {
    startS: at(fromUs),
    endS: at(toUs),
    rows: all,
    counts: { iterations: stepped ? windows.length : 0, spans: timed.length, layers: layers.layers.length },
  };
}

function trains(marks: readonly (readonly Mark[])[]): boolean {
  return marks.some((ofThread) => ofThread.some(({ phase }) => phase === "backward"));
}

function* layerRows(
  { layers, measures }: LayerTable,
  onDevice: boolean,
  iteration: (window: number) => number,
): Iterable<readonly unknown[]> {
  for (const [id, layer] of layers.entries()) {
    const { name, type, dtype, parameters, weightBytes, attributes } = layer;
    yield ["m", id, name, type, dtype, parameters, weightBytes, "", 0, "", 0, attributes];
  }
  for (const one of measures) {
    const timeS = Math.round((onDevice ? one.deviceUs : one.hostUs) * 1e3) / 1e9;
    if (one.calls === 0 || !(timeS > 0)) continue;
    const { layer, pass, window, calls, flops, inputBytes, outputBytes, dtype, inputShape, outputShape } = one;
    const known = flops > 0 ? flops : -1;
    yield [
      "y",
      layer,
      pass,
      iteration(window),
      calls,
      timeS,
      known,
      inputBytes,
      outputBytes,
      dtype,
      inputShape,
      outputShape,
    ];
  }
}

interface DeviceSpan {
  readonly phase: string;
  readonly window: number;
  readonly device: number;
  readonly startUs: number;
  endUs: number;
}

/** Kernels with the phase of their launch; their time is added to the layer that launched them. */
function deviceWork(
  events: KinetoEvents,
  windows: readonly Window[],
  marks: readonly (readonly Mark[])[],
  layers: LayerTable,
): DeviceSpan[] {
  const { host, device } = events;
  const launches = new Map<number, number>();
  const correlations = host.correlation.view();
  for (let row = 0; row < correlations.length; row++) {
    if (correlations[row]! >= 0) launches.set(correlations[row]!, row);
  }
  const [launchUs, thread] = [host.startUs.view(), host.thread.view()];
  const [start, duration, index] = [device.startUs.view(), device.durationUs.view(), device.device.view()];
  const correlation = device.correlation.view();
  const markStarts = marks.map((ofThread) => Float64Array.from(ofThread, ({ startUs }) => startUs));
  const ownedStarts = layers.owned.map((ofThread) => Float64Array.from(ofThread, ({ startUs }) => startUs));
  const order = Int32Array.from(start, (_, row) => row).sort((a, b) => index[a]! - index[b]! || start[a]! - start[b]!);
  const spans: DeviceSpan[] = [];
  for (const row of order) {
    const launch = launches.get(correlation[row]!);
    const atUs = launch === undefined ? start[row]! : launchUs[launch]!;
    const mark = launch === undefined ? undefined : around(marks[thread[launch]!]!, markStarts[thread[launch]!]!, atUs);
    const owner: Owned | undefined =
      launch === undefined ? undefined : around(layers.owned[thread[launch]!]!, ownedStarts[thread[launch]!]!, atUs);
    if (owner !== undefined) owner.measure.deviceUs += duration[row]!;
    const window = windowAt(windows, atUs);
    const phase = mark?.phase ?? "other";
    const endUs = start[row]! + duration[row]!;
    const last = spans.at(-1);
    const joins = last !== undefined && last.device === index[row] && start[row]! <= last.endUs + backToBackUs;
    if (joins && last.phase === phase && last.window === window) last.endUs = Math.max(last.endUs, endUs);
    else spans.push({ phase, window, device: index[row]!, startUs: start[row]!, endUs });
  }
  return spans;
}

function around<T extends { readonly startUs: number; readonly endUs: number }>(
  sorted: readonly T[],
  starts: Float64Array,
  atUs: number,
): T | undefined {
  const next = firstAtLeast(starts, atUs);
  for (const candidate of [sorted[next], sorted[next - 1]]) {
    if (candidate !== undefined && candidate.startUs <= atUs && atUs < candidate.endUs) return candidate;
  }
  return undefined;
}

interface Collective {
  readonly operation: string;
  readonly window: number;
  readonly startUs: number;
  readonly endUs: number;
  readonly group: string;
  readonly sequence: number;
  /** -1 where it is not known. */
  readonly bytes: number;
}

/** `ncclDevKernel_AllReduce_Sum_f32_RING_LL`, `ncclKernel_AllGather_…`. */
const collectiveKernel = /^nccl(?:Dev)?Kernel_([A-Za-z]+?)_/;

/** Of the device where its kernels are there: that is where ranks wait for each other; else of the host. */
function collectivesOf(events: KinetoEvents, windows: readonly Window[]): Collective[] {
  const { host, device, names } = events;
  const onDevice = names.texts.map((text) => snake(collectiveKernel.exec(text)?.[1]));
  const onHost = names.texts.map((text) => collectiveName.exec(text)?.[1]);
  const deviceName = device.name.view();
  const useDevice = deviceName.some((name) => onDevice[name] !== undefined);
  const [source, operations] = useDevice ? [device, onDevice] : [host, onHost];
  const [start, duration, name, group] = [
    source.startUs.view(),
    source.durationUs.view(),
    source.name.view(),
    source.group.view(),
  ];
  const rows = [...name.keys()]
    .filter((row) => operations[name[row]!] !== undefined)
    .sort((a, b) => start[a]! - start[b]!);
  const taken = new Names();
  const counts: number[] = [];
  // A wait is seen as an annotation and as an operator of the same time.
  let coveredUs = Number.NEGATIVE_INFINITY;
  const main = mainThread(events);
  const thread = host.thread.view();
  return rows.flatMap((row) => {
    if (!useDevice && thread[row] === main) {
      if (start[row]! < coveredUs) return [];
      coveredUs = start[row]! + duration[row]!;
    }
    const window = windowAt(windows, start[row]!);
    const ofGroup = names.texts[group[row]!] ?? "";
    const slot = taken.of(`${window}/${ofGroup}`);
    const nth = (counts[slot] = (counts[slot] ?? -1) + 1);
    const step = windows[window]?.iteration ?? 0;
    const sequence = step * collectivesAStep + nth;
    if (nth >= collectivesAStep || sequence >= 2 ** 31) return [];
    const operation = operations[name[row]!]!;
    const bytes = useDevice ? -1 : (events.bytes.get(row) ?? -1);
    return [
      { operation, window, startUs: start[row]!, endUs: start[row]! + duration[row]!, group: ofGroup, sequence, bytes },
    ];
  });
}

/** `AllReduce` as `all_reduce`. */
function snake(text: string | undefined): string | undefined {
  return text?.replace(/(?<=[a-z])(?=[A-Z])/g, "_").toLowerCase();
}
