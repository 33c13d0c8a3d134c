import * as v from "valibot";
import type { PhaseName } from "./phase";

/**
 * `trace/rank-<r>-<pid>.jsonl`: what one process of the user's program did, written by the Python tracer.
 *
 * The first line is the header (an object). Every later line is a JSON array whose first element names the row:
 *
 * | row | elements after the name | meaning |
 * | --- | --- | --- |
 * | `"l"` | loop id, path, line, end line, kind, parent loop id or -1, level (`batch`, `epoch`) | a loop whose iterations are reported |
 * | `"i"` | loop id, iteration, start, duration | one iteration of a loop, the wait for its batch included |
 * | `"s"` | phase, iteration or -1, start, duration, line or 0, loop id (absent where the iteration is -1) | a span: something the rank's main thread did; the iteration is the innermost open loop's |
 * | `"p"` | path, or the number of an earlier `"p"` with a path, from 0 | the file of the lines of the spans that follow |
 * | `"c"` | name, time, value | a counter: `parameters`; `samples`, `tokens` (in all so far); `peak_memory_bytes` |
 * | `"a"` | loop id, first iteration, count, start, duration, {phase: seconds} | iterations reported together because there are too many |
 * | `"n"` | code, sentence | a note: a hook that switched itself off, thinning |
 * | `"o"` | calls, seconds | the tracer's own cost so far |
 * | `"e"` | time | the end: written at an orderly exit |
 *
 * Times are seconds of CLOCK_MONOTONIC with six decimals; durations are seconds. Iterations count from 0, over the whole
 * run: a loop that is entered again (the second epoch) goes on from where it stopped. Rows come in the order of their ends.
 * Spans of one process may nest (an evaluation's forward inside a callback); the innermost counts. A last line
 * without its newline is dropped by readers. Unknown row names are skipped, unknown schema versions refused.
 */
export const traceSchemaName = "wattline.trace/1";

const finite = v.pipe(v.number(), v.finite());

export const traceHeaderSchema = v.object({
  schema: v.literal(traceSchemaName),
  clock: v.literal("monotonic"),
  pid: v.pipe(v.number(), v.integer()),
  /** -1 where the process has no rank. */
  rank: v.pipe(v.number(), v.integer()),
  worldSize: v.optional(v.pipe(v.number(), v.integer())),
  localRank: v.optional(v.pipe(v.number(), v.integer())),
  startS: finite,
  python: v.pipe(v.string(), v.maxLength(100)),
  frameworks: v.record(v.pipe(v.string(), v.maxLength(100)), v.pipe(v.string(), v.maxLength(100))),
  script: v.optional(v.pipe(v.string(), v.maxLength(4096))),
});
export type TraceHeader = v.InferOutput<typeof traceHeaderSchema>;

export interface TracedLoop {
  readonly id: number;
  readonly path: string;
  /** From 1. */
  readonly line: number;
  /** Inclusive. */
  readonly endLine: number;
  readonly kind: "training" | "evaluation" | "inference";
  readonly parent?: number;
}

/** Spans of one process in the order of their ends; they may nest. Times are seconds since the run's start. */
export interface SpanColumns {
  /** Index into `phaseNames`. */
  readonly phase: Uint8Array;
  /** -1: outside of an iteration. */
  readonly iteration: Int32Array;
  readonly startS: Float64Array;
  readonly durationS: Float64Array;
  /** 0: not known. */
  readonly line: Int32Array;
  /** Index into `paths`. */
  readonly path: Uint16Array;
}

export interface IterationColumns {
  readonly loop: Uint16Array;
  readonly iteration: Int32Array;
  readonly startS: Float64Array;
  readonly durationS: Float64Array;
}

/** One process's trace, read. */
export interface Trace {
  readonly header: TraceHeader;
  readonly loops: readonly TracedLoop[];
  readonly phaseNames: readonly PhaseName[];
  readonly paths: readonly string[];
  readonly spans: SpanColumns;
  readonly iterations: IterationColumns;
  readonly counters: readonly { readonly name: string; readonly timeS: number; readonly value: number }[];
  /** Iterations that were reported together. */
  readonly aggregates: readonly TraceAggregate[];
  readonly notes: readonly { readonly code: string; readonly message: string }[];
  /** `secondsACall`: once two rows told, without what the tracer's own start cost. */
  readonly overhead?: { readonly calls: number; readonly seconds: number; readonly secondsACall?: number };
  /** Seconds since the run's start; absent where the process did not end in order. */
  readonly endS?: number;
}

export interface TraceAggregate {
  readonly loop: number;
  readonly firstIteration: number;
  readonly count: number;
  readonly startS: number;
  readonly durationS: number;
  readonly phaseSeconds: Readonly<Record<string, number>>;
}
