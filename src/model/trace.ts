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
 * | `"i"` | loop id, iteration, start, duration, 1 or absent | one iteration of a loop, the wait for its batch included; 1: layers were measured in it, which takes time, so that it stands for no other |
 * | `"s"` | phase, iteration or -1, start, duration, line or 0, loop id (absent where the iteration is -1) | a span: something the rank's main thread did; the iteration is the innermost open loop's |
 * | `"p"` | path, or the number of an earlier `"p"` with a path, from 0 | the file of the lines of the spans that follow |
 * | `"c"` | name, time, value | a counter: `parameters`; `samples`, `tokens` (in all so far); `peak_memory_bytes`, `activation_bytes`, `parameter_bytes`, `gradient_bytes`, `optimizer_state_bytes`, `flops_per_iteration` |
 * | `"a"` | loop id, first iteration, count, start, duration, {phase: seconds} | iterations reported together because there are too many |
 * | `"n"` | code, sentence | a note: a hook that switched itself off, thinning |
 * | `"o"` | calls, seconds | the tracer's own cost so far |
 * | `"m"` | layer id, name, type, dtype of its weights or "", parameters, bytes of its weights, path, line, call path, call line, {attributes} | a layer (leaf module), told once; lines are of its definition and its call, 0 where not known; attributes are plain numbers, texts and lists of numbers that FLOP and fusion rules need (`kernel`, `stride`, `groups`, …) |
 * | `"y"` | layer id, pass (`forward`, `backward`), iteration, calls, seconds, FLOPs or -1, bytes read of inputs, bytes written of outputs, dtype of its inputs, [shape of the first input], [shape of the first output], loop id or absent | what a layer did in one sampled iteration, its calls together |
 * | `"d"` | phase, iteration or -1, device index, start, duration, line or 0, loop id or -1 | a span on a device's own time line (CUDA events) |
 * | `"u"` | device index, kind (`cuda`), name, UUID or "" | a device of this process's, as its driver names it; told before its first `"d"` |
| `"x"` | operation, iteration or -1, start, duration, group, number in its group, bytes or -1 | a collective as this rank saw it: the time for which its main thread was held up, in the call or, of an asynchronous one, in its wait; the same number in the same group is the same collective on every rank. Messages (`send`, `recv`) have a group of their own, `from>to` |
 * | `"g"` | `F` or `B`, stage, microbatch, chunk, iteration, start, duration | an operation of a pipeline schedule |
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
  /** Linux boot id: processes with the same one share their clock; of others it is not known. */
  bootId: v.optional(v.pipe(v.string(), v.maxLength(100))),
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

/** A device of the process's. */
export interface TracedDevice {
  /** As in `cuda:0`. */
  readonly index: number;
  readonly kind: string;
  /** As its driver gives it. */
  readonly name: string;
  /** `GPU-…` or the part behind it; absent where PyTorch does not tell. */
  readonly uuid?: string;
}

/** Spans on the time lines of the process's devices, by CUDA events; they may nest as those of the host. */
export interface DeviceSpanColumns extends SpanColumns {
  /** The device's index in this process (`cuda:0`). */
  readonly device: Uint8Array;
  /** -1: outside of a loop. */
  readonly loop: Int32Array;
}

export interface IterationColumns {
  readonly loop: Uint16Array;
  readonly iteration: Int32Array;
  readonly startS: Float64Array;
  readonly durationS: Float64Array;
  /** 1: layers were measured in it; absent where they were in none. */
  readonly sampled?: Uint8Array;
}

/** A leaf module of a model, as the tracer's layer table describes it. */
export interface TracedLayer {
  readonly id: number;
  /** Dotted, as in `named_modules()`: `blocks.3.attention.query`. */
  readonly name: string;
  /** Its class: `Linear`. */
  readonly type: string;
  /** Of its weights; absent where it has none. */
  readonly dtype?: string;
  readonly parameters: number;
  readonly weightBytes: number;
  /** Where it is made and where it is called, where known. */
  readonly path?: string;
  readonly line?: number;
  readonly callPath?: string;
  readonly callLine?: number;
  /** What FLOP and fusion rules need: `kernel`, `stride`, `groups`, `heads`, … */
  readonly attributes: Readonly<Record<string, number | string | readonly number[]>>;
}

/** What a layer did in one sampled iteration, its calls of one pass together. */
export interface LayerMeasure {
  readonly layer: number;
  readonly pass: "forward" | "backward";
  readonly iteration: number;
  readonly calls: number;
  readonly timeS: number;
  /** 2 a multiply-add; absent where no rule is known. */
  readonly flops?: number;
  /** Activations read and written once a call, without weights. */
  readonly inputBytes: number;
  readonly outputBytes: number;
  /** Of its inputs. */
  readonly dtype?: string;
  readonly inputShape: readonly number[];
  readonly outputShape: readonly number[];
  /** Of the iteration. */
  readonly loop?: number;
}

/** A collective, or a message between two ranks, as one rank saw it: the time for which it was held up. */
export interface TracedCollective {
  /** `all_reduce`, `barrier`, … */
  readonly operation: string;
  readonly iteration: number;
  readonly startS: number;
  readonly durationS: number;
  readonly group: string;
  /** The same number in the same group is the same collective on every rank. */
  readonly sequence: number;
  readonly bytes?: number;
}

/** One forward or backward of one microbatch on one stage. */
export interface TracedOperation {
  readonly pass: "forward" | "backward";
  readonly stage: number;
  readonly microbatch: number;
  readonly chunk: number;
  readonly iteration: number;
  readonly startS: number;
  readonly durationS: number;
}

/** One process's trace, read. */
export interface Trace {
  readonly header: TraceHeader;
  readonly loops: readonly TracedLoop[];
  readonly phaseNames: readonly PhaseName[];
  readonly paths: readonly string[];
  readonly spans: SpanColumns;
  readonly iterations: IterationColumns;
  /** The layer table: each layer once, and what it did in the iterations that were sampled. */
  readonly layers?: readonly TracedLayer[];
  readonly layerMeasures?: readonly LayerMeasure[];
  /** Devices that have spans of their own. */
  readonly devices?: readonly TracedDevice[];
  /** Where the program used devices whose own time line can be read. */
  readonly deviceSpans?: DeviceSpanColumns;
  readonly counters: readonly { readonly name: string; readonly timeS: number; readonly value: number }[];
  /** Iterations that were reported together. */
  readonly aggregates: readonly TraceAggregate[];
  readonly notes: readonly { readonly code: string; readonly message: string }[];
  /** In the order of their ends; absent where there are none. */
  readonly collectives?: readonly TracedCollective[];
  /** Of a pipeline schedule, in the order of their ends; absent where there are none. */
  readonly operations?: readonly TracedOperation[];
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
