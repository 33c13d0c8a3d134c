/**
 * What each moment of a rank's time was for: of the main loop's iterations the phase, of the rest what it was instead of an
 * iteration. Every moment has one kind, so that no joule is in two parts.
 */
import type { PhaseName } from "../../model/phase";
import type { Trace, TracedLoop } from "../../model/trace";
import { flattenSpans } from "../attribution/flattenSpans";
import type { Segments, Span } from "../attribution/timeline";
import { mainLoop } from "../iterationReport";
import { classifyIterations, outlier } from "../iterations";
import type { Rank } from "../ranks";

/** Kinds of a moment that are no phase of an iteration. `host`: on a device's own time line, with nothing to do. */
export const moments = ["work", "host", "stall", "start-up", "evaluation", "between", "tail"] as const;
export type Moment = (typeof moments)[number];

export interface LoopTimes {
  readonly loop: TracedLoop;
  /** Iterations in order of time. */
  readonly iteration: Int32Array;
  readonly startS: Float64Array;
  readonly endS: Float64Array;
  /** Told together because there were too many: whole stretches of the loop. */
  readonly together: readonly Span[];
  readonly count: number;
}

/** The main loop of a rank; undefined where it has none. */
export function loopTimes({ traces }: Rank): LoopTimes | undefined {
  const [first] = traces;
  const loop = first && mainLoop(first);
  if (loop === undefined) return undefined;
  const rows = traces.flatMap((trace) => {
    const id = trace === first ? loop.id : sameLoop(trace, loop);
    const { loop: ids, iteration, startS, durationS } = trace.iterations;
    return Array.from(ids.keys())
      .filter((row) => ids[row] === id)
      .map((row) => ({ iteration: iteration[row]!, startS: startS[row]!, endS: startS[row]! + durationS[row]! }));
  });
  rows.sort((a, b) => a.startS - b.startS);
  const aggregates = traces.flatMap((trace) => trace.aggregates.filter((one) => one.loop === loop.id));
  return {
    loop,
    iteration: Int32Array.from(rows, (row) => row.iteration),
    startS: Float64Array.from(rows, (row) => row.startS),
    endS: Float64Array.from(rows, (row) => row.endS),
    together: aggregates.map(({ startS, durationS }) => ({ fromS: startS, toS: startS + durationS })),
    count: rows.length + aggregates.reduce((sum, one) => sum + one.count, 0),
  };
}

function sameLoop(trace: Trace, { path, line }: TracedLoop): number | undefined {
  return trace.loops.find((loop) => loop.path === path && loop.line === line)?.id;
}

export interface Kinds {
  /** Phases that occur in iterations, `other` not among them; then the moments. */
  readonly names: readonly (PhaseName | Moment)[];
  readonly phases: readonly PhaseName[];
}

export function kindsOf(ranks: readonly Rank[]): Kinds {
  const phases = new Set(
    ranks.flatMap(({ traces }) =>
      traces.flatMap(({ spans, phaseNames }) => {
        const codes = new Set(spans.phase);
        return phaseNames.filter((name, code) => codes.has(code) && name !== "other" && !isMoment(name));
      }),
    ),
  );
  return { phases: [...phases], names: [...phases, ...moments] };
}

/** A phase that somebody called `tail` in their program is work. */
const isMoment = (name: string) => (moments as readonly string[]).includes(name);

/** The kinds of a rank's time over the window, by what its main thread did. Nothing is left out. */
export function hostSegments(rank: Rank, kinds: Kinds, window: Span): Segments {
  const times = loopTimes(rank);
  const column = (name: PhaseName | Moment) => kinds.names.indexOf(name);
  const base = baseSegments(rank, times, window, column);
  const spans = insideOf(base, spansOf(rank, kinds), column("work"));
  const flat = flattenSpans({
    startS: Float64Array.from([...base.startS, ...spans.startS]),
    durationS: Float64Array.from([...base.startS.map((startS, k) => base.endS[k]! - startS), ...spans.durationS]),
    phase: Int32Array.from([...base.phase, ...spans.phase]),
  });
  if (times === undefined) return flat;
  return withStalls(flat, times, column("work"), column("stall"));
}

/** Start-up, iterations, evaluation, what lies between, and the tail, one after the other. */
function baseSegments(
  { traces }: Rank,
  times: LoopTimes | undefined,
  window: Span,
  column: (name: Moment) => number,
): Segments {
  const iterations: Span[] = times
    ? [...Array.from(times.startS, (fromS, k) => ({ fromS, toS: times.endS[k]! })), ...times.together]
    : [];
  iterations.sort((a, b) => a.fromS - b.fromS);
  const firstS = iterations[0]?.fromS ?? window.toS;
  const lastS = iterations.reduce((latest, { toS }) => Math.max(latest, toS), firstS);
  const evaluations = traces.flatMap((trace) => {
    const ids = new Set(
      trace.loops.filter(({ kind }) => kind !== (times?.loop.kind ?? "training")).map(({ id }) => id),
    );
    const { loop, startS, durationS } = trace.iterations;
    return Array.from(loop.keys())
      .filter((row) => ids.has(loop[row]!))
      .map((row) => ({ fromS: startS[row]!, toS: startS[row]! + durationS[row]! }));
  });
  const all: [Span, Moment][] = [
    [{ fromS: window.fromS, toS: firstS }, iterations.length > 0 ? "start-up" : "work"],
    [{ fromS: firstS, toS: lastS }, "between"],
    [{ fromS: lastS, toS: window.toS }, "tail"],
    ...iterations.map((span): [Span, Moment] => [span, "work"]),
    ...evaluations.map((span): [Span, Moment] => [span, "evaluation"]),
  ];
  const inside = all
    .map(([{ fromS, toS }, name]): [Span, Moment] => [
      { fromS: Math.max(fromS, window.fromS), toS: Math.min(toS, window.toS) },
      name,
    ])
    .filter(([{ fromS, toS }]) => toS > fromS);
  return flattenSpans({
    startS: Float64Array.from(inside, ([{ fromS }]) => fromS),
    durationS: Float64Array.from(inside, ([{ fromS, toS }]) => toS - fromS),
    phase: Int32Array.from(inside, ([, name]) => column(name)),
  });
}

interface SpanList {
  readonly startS: number[];
  readonly durationS: number[];
  readonly phase: number[];
}

function spansOf({ traces }: Rank, kinds: Kinds): SpanList {
  const list: SpanList = { startS: [], durationS: [], phase: [] };
  for (const { spans, phaseNames } of traces) {
    const columns = phaseNames.map((name) => kinds.phases.indexOf(name));
    const work = kinds.names.indexOf("work");
    for (let k = 0; k < spans.phase.length; k++) {
      list.startS.push(spans.startS[k]!);
      list.durationS.push(spans.durationS[k]!);
      const column = columns[spans.phase[k]!]!;
      list.phase.push(column < 0 ? work : column);
    }
  }
  return list;
}

/** Only the spans that lie in an iteration: an evaluation's forward is evaluation. */
function insideOf(base: Segments, spans: SpanList, work: number): SpanList {
  const inside: SpanList = { startS: [], durationS: [], phase: [] };
  for (let k = 0; k < spans.startS.length; k++) {
    const middleS = spans.startS[k]! + spans.durationS[k]! / 2;
    const at = segmentAt(base.startS, middleS);
    if (at < 0 || base.endS[at]! < middleS || base.phase[at] !== work) continue;
    // The last wait of an epoch may reach a microsecond over the iteration's end.
    const fromS = Math.max(spans.startS[k]!, base.startS[at]!);
    const toS = Math.min(spans.startS[k]! + spans.durationS[k]!, base.endS[at]!);
    inside.startS.push(fromS);
    inside.durationS.push(toS - fromS);
    inside.phase.push(spans.phase[k]!);
  }
  return inside;
}

/** The last one that begins at a time or before; -1 where none does. */
export function segmentAt(startS: Float64Array, timeS: number): number {
  let low = 0;
  let high = startS.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (startS[middle]! <= timeS) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** Of an iteration that took far longer than its neighbours, the stretch of no phase that explains it. */
function withStalls(flat: Segments, { startS, endS }: LoopTimes, work: number, stall: number): Segments {
  const durationS = endS.map((value, k) => value - startS[k]!);
  const { kind, durationPerIterationS } = classifyIterations({ startS, durationS });
  if (!kind.includes(outlier) || !Number.isFinite(durationPerIterationS)) return flat;
  const phase = Int32Array.from(flat.phase);
  for (let k = 0; k < kind.length; k++) {
    if (kind[k] !== outlier) continue;
    const excessS = durationS[k]! - durationPerIterationS;
    for (let at = Math.max(0, segmentAt(flat.startS, startS[k]!)); flat.startS[at]! < endS[k]!; at++) {
      if (phase[at] === work && flat.endS[at]! - flat.startS[at]! > excessS / 2) phase[at] = stall;
    }
  }
  return { ...flat, phase };
}

/**
 * The same on a device's own time line (CUDA events): in an iteration what the device did, and where it did nothing, what
 * it waited for: the data or the ranks that the host waited for, or the host itself.
 * @returns undefined where nothing is known of the device's own time
 */
export function deviceSegments(rank: Rank, kinds: Kinds, window: Span): Segments | undefined {
  const spans: SpanList = { startS: [], durationS: [], phase: [] };
  for (const { deviceSpans, phaseNames } of rank.traces) {
    if (deviceSpans === undefined) continue;
    for (let k = 0; k < deviceSpans.phase.length; k++) {
      const column = kinds.phases.indexOf(phaseNames[deviceSpans.phase[k]!]!);
      if (column < 0) continue;
      spans.startS.push(deviceSpans.startS[k]!);
      spans.durationS.push(deviceSpans.durationS[k]!);
      spans.phase.push(column);
    }
  }
  if (spans.phase.length === 0) return undefined;
  const host = hostSegments(rank, kinds, window);
  const [work, idle] = [kinds.names.indexOf("work"), kinds.names.indexOf("host")];
  const waits = ["data", "communication"].map((name) => kinds.names.indexOf(name));
  const inLoop = (column: number) => column === work || column < kinds.phases.length;
  const phase = Int32Array.from(host.phase, (column) => (inLoop(column) && !waits.includes(column) ? idle : column));
  const device = flattenSpans({
    startS: Float64Array.from(spans.startS),
    durationS: Float64Array.from(spans.durationS),
    phase: Int32Array.from(spans.phase),
  });
  return overlaid({ ...host, phase }, device, (column) => column === idle || column < kinds.phases.length);
}

/** `top` over `base`, where that is of a kind that may be covered. */
function overlaid(base: Segments, top: Segments, mayCover: (column: number) => boolean): Segments {
  const out: { fromS: number; toS: number; column: number }[] = [];
  let next = 0;
  for (let k = 0; k < base.phase.length; k++) {
    const toS = base.endS[k]!;
    const column = base.phase[k]!;
    let atS = base.startS[k]!;
    while (next > 0 && top.endS[next - 1]! > atS) next--;
    while (next < top.phase.length && top.endS[next]! <= atS) next++;
    for (; mayCover(column) && next < top.phase.length && top.startS[next]! < toS; next++) {
      const fromS = Math.max(atS, top.startS[next]!);
      const untilS = Math.min(toS, top.endS[next]!);
      if (fromS > atS) out.push({ fromS: atS, toS: fromS, column });
      out.push({ fromS, toS: untilS, column: top.phase[next]! });
      atS = untilS;
    }
    if (toS > atS) out.push({ fromS: atS, toS, column });
  }
  return {
    startS: Float64Array.from(out, ({ fromS }) => fromS),
    endS: Float64Array.from(out, (one) => one.toS),
    phase: Int32Array.from(out, ({ column }) => column),
  };
}
