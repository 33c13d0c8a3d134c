/** What a rank did on one time line: disjoint segments of phases, by column. */
import type { PhaseName } from "../model/phase";
import type { SpanColumns, Trace } from "../model/trace";
import { type FlatSegments, flattenSpans } from "./attribution/flattenSpans";

export interface Lane {
  readonly segments: FlatSegments;
  /** Spans of each name. */
  readonly spans: readonly number[];
}

/** Phases that occur, in the order in which the trace numbers them. */
export function namesOf({ spans, phaseNames }: Trace): PhaseName[] {
  const codes = new Set(spans.phase);
  return phaseNames.filter((_, code) => codes.has(code));
}

/**
 * What the processes of a rank did on one time line.
 * @param names the phases that have a column; others, `other` among them, are what no column covers
 * @param spansOf a trace's spans on that time line
 */
export function laneOf(
  traces: readonly Trace[],
  names: readonly PhaseName[],
  spansOf: (trace: Trace) => Pick<SpanColumns, "phase" | "startS" | "durationS">,
): Lane {
  const rest = names.length;
  const columns = traces.map(({ phaseNames }) =>
    phaseNames.map((name) => (names.includes(name) ? names.indexOf(name) : rest)),
  );
  const phase = concat(
    Int32Array,
    traces.map((trace, k) => Int32Array.from(spansOf(trace).phase, (code) => columns[k]![code]!)),
  );
  const startS = concat(
    Float64Array,
    traces.map((trace) => spansOf(trace).startS),
  );
  const durationS = concat(
    Float64Array,
    traces.map((trace) => spansOf(trace).durationS),
  );
  const counts = new Array<number>(names.length + 1).fill(0);
  for (const column of phase) counts[column]!++;
  return { segments: withoutPhase(flattenSpans({ startS, durationS, phase }), rest), spans: counts };
}

function concat<T extends Float64Array | Int32Array>(kind: new (length: number) => T, parts: readonly T[]): T {
  if (parts.length === 1) return parts[0]!;
  const whole = new kind(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function withoutPhase(segments: FlatSegments, column: number): FlatSegments {
  if (!segments.phase.includes(column)) return segments;
  const keep = (_: number, index: number) => segments.phase[index] !== column;
  return {
    startS: segments.startS.filter(keep),
    endS: segments.endS.filter(keep),
    phase: segments.phase.filter(keep),
    span: segments.span.filter(keep),
  };
}
