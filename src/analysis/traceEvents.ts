/**
 * A run as events of the Chrome trace event format, which Perfetto and chrome://tracing open: ranks as processes with
 * tracks for iterations, phases, device time, collectives and pipeline operations; power, clocks and temperature of
 * devices as counters.
 *
 * Format: "Trace Event Format", Google, docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU. Times
 * are microseconds since the run's start.
 */
import type { Run } from "../model/run";
import type { SampleColumns } from "../model/sample";
import type { Trace } from "../model/trace";
import { powerSeries } from "./powerSeries";

export type TraceEvent = Readonly<{
  ph: "M" | "X" | "C";
  name: string;
  pid: number;
  tid: number;
  ts?: number;
  dur?: number;
  cat?: string;
  args?: Readonly<Record<string, string | number>>;
}>;

/** Processes of the picture; not those of the run. */
const metersPid = 1;
const firstRankPid = 2;
/** The resolution of the power curve: that of the densest stored readings. */
const powerStepS = 0.01;

interface Piece {
  readonly name: string;
  readonly startS: number;
  readonly durationS: number;
  readonly args?: TraceEvent["args"];
}

const microseconds = (seconds: number) => Math.round(seconds * 1e9) / 1e3;

export function* traceEvents(run: Run): Iterable<TraceEvent> {
  yield* meters(run);
  for (const [number, trace] of run.traces.entries()) yield* rank(trace, firstRankPid + number);
}

function* meters(run: Run): Iterable<TraceEvent> {
  yield* named("process", metersPid, 0, "Meters", -1);
  const names = run.manifest.devices.map(({ name }) => name);
  for (const device of run.manifest.devices) {
    const columns = run.samples.get(device.id);
    if (columns === undefined) continue;
    // Two devices of one name would be one track.
    const twice = names.filter((name) => name === device.name).length > 1;
    const label = twice ? `${device.name} (${device.id})` : device.name;
    yield* power(columns, `${label}: power (${device.source})`);
    yield* counter(columns, "smClockMhz", `${label}: SM clock`, "MHz");
    yield* counter(columns, "memoryClockMhz", `${label}: memory clock`, "MHz");
    yield* counter(columns, "temperatureC", `${label}: temperature`, "°C");
    yield* counter(columns, "utilization", `${label}: utilization`, "share");
    yield* counter(columns, "memoryBytes", `${label}: memory`, "bytes");
  }
}

/** A counter holds from its event on, and a mean is of the time before its reading: it stands at that time's start. */
function* power(columns: SampleColumns, name: string): Iterable<TraceEvent> {
  const { timeS, powerW } = powerSeries(columns, powerStepS);
  const firstS = columns.timeS.find((_, row) => Number.isFinite(columns.energyJ[row]!)) ?? 0;
  for (let k = 0; k < timeS.length; k++) {
    const sinceS = k === 0 ? firstS : timeS[k - 1]!;
    if (Number.isFinite(powerW[k]!)) yield count(name, sinceS, "W", powerW[k]!);
  }
}

function* counter(
  columns: SampleColumns,
  field: Exclude<keyof SampleColumns, "timeS">,
  name: string,
  unit: string,
): Iterable<TraceEvent> {
  let last = Number.NaN;
  for (let row = 0; row < columns.timeS.length; row++) {
    const value = columns[field][row]!;
    if (!Number.isFinite(value) || value === last) continue;
    last = value;
    yield count(name, columns.timeS[row]!, unit, value);
  }
}

function count(name: string, timeS: number, unit: string, value: number): TraceEvent {
  return { ph: "C", name, pid: metersPid, tid: 0, ts: microseconds(timeS), args: { [unit]: value } };
}

function* rank(trace: Trace, pid: number): Iterable<TraceEvent> {
  const { header } = trace;
  const process = header.rank >= 0 ? `rank ${header.rank} (pid ${header.pid})` : `pid ${header.pid}`;
  yield* named("process", pid, 0, process, header.rank);
  let tid = 1;
  for (const [title, pieces] of tracks(trace)) {
    for (const [number, lane] of lanes(pieces).entries()) {
      yield* named("thread", pid, tid, number === 0 ? title : `${title} ${number + 1}`, tid);
      for (const { name, startS, durationS, args } of lane) {
        const common = { ph: "X" as const, name, cat: title, pid, tid };
        const [ts, end] = [microseconds(startS), microseconds(startS + durationS)];
        yield { ...common, ts, dur: Math.max(0, Math.round((end - ts) * 1e3) / 1e3), ...(args && { args }) };
      }
      tid++;
    }
  }
}

function* tracks(trace: Trace): Iterable<readonly [string, Piece[]]> {
  const { iterations, spans, phaseNames, paths, loops, deviceSpans, collectives, operations } = trace;
  const loopLines = new Map(loops.map((loop) => [loop.id, `${loop.kind} ${fileName(loop.path)}:${loop.line}`]));
  for (const loop of new Set(iterations.loop)) {
    const rows = [...iterations.loop.keys()].filter((row) => iterations.loop[row] === loop);
    yield [
      `iterations, ${loopLines.get(loop) ?? `loop ${loop}`}`,
      rows.map((row) => ({
        name: `iteration ${iterations.iteration[row]}`,
        startS: iterations.startS[row]!,
        durationS: iterations.durationS[row]!,
      })),
    ];
  }
  yield [
    "phases",
    [...spans.phase.keys()].map((row) => ({
      name: phaseNames[spans.phase[row]!] ?? "other",
      startS: spans.startS[row]!,
      durationS: spans.durationS[row]!,
      args: {
        ...(spans.iteration[row]! >= 0 && { iteration: spans.iteration[row]! }),
        ...(spans.line[row]! > 0 && { line: `${paths[spans.path[row]!] ?? ""}:${spans.line[row]}` }),
      },
    })),
  ];
  const devices = deviceSpans ? new Set(deviceSpans.device) : [];
  for (const device of [...devices].sort((a, b) => a - b)) {
    const rows = [...deviceSpans!.device.keys()].filter((row) => deviceSpans!.device[row] === device);
    yield [
      `device ${device}`,
      rows.map((row) => ({
        name: phaseNames[deviceSpans!.phase[row]!] ?? "other",
        startS: deviceSpans!.startS[row]!,
        durationS: deviceSpans!.durationS[row]!,
      })),
    ];
  }
  yield [
    "collectives",
    (collectives ?? []).map(({ operation, startS, durationS, group, sequence, bytes }) => ({
      name: operation,
      startS,
      durationS,
      args: { group, number: sequence, ...(bytes !== undefined && { bytes }) },
    })),
  ];
  yield [
    "pipeline",
    (operations ?? []).map(({ pass, stage, microbatch, chunk, startS, durationS }) => ({
      name: `${pass === "forward" ? "F" : "B"}${microbatch}`,
      startS,
      durationS,
      args: { stage, microbatch, chunk },
    })),
  ];
}

/** Spans of one track either nest or follow each other; what does neither goes to the next. No track for nothing. */
function lanes(pieces: readonly Piece[]): Piece[][] {
  const sorted = [...pieces].sort((a, b) => a.startS - b.startS || b.durationS - a.durationS);
  const found: { readonly pieces: Piece[]; readonly open: number[] }[] = [];
  for (const piece of sorted) {
    const [from, to] = [microseconds(piece.startS), microseconds(piece.startS + piece.durationS)];
    let lane = found.find(({ open }) => {
      while (open.length > 0 && open.at(-1)! <= from) open.pop();
      return open.length === 0 || to <= open.at(-1)!;
    });
    if (lane === undefined) found.push((lane = { pieces: [], open: [] }));
    lane.pieces.push(piece);
    lane.open.push(to);
  }
  return found.map((lane) => lane.pieces);
}

function* named(
  what: "process" | "thread",
  pid: number,
  tid: number,
  name: string,
  order: number,
): Iterable<TraceEvent> {
  yield { ph: "M", name: `${what}_name`, pid, tid, args: { name } };
  yield { ph: "M", name: `${what}_sort_index`, pid, tid, args: { sort_index: order } };
}

function fileName(path: string): string {
  return path.slice(Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")) + 1);
}
