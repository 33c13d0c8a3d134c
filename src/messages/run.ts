import type { Report } from "../model/report";
import { type FromAnyPanel, fromAnyPanel, type ToAnyPanel } from "./panel";
import { reader } from "./reader";

/**
 * What the run panel is told. Times are seconds since the run's start; absent values in columns are NaN. `show` comes
 * first, and again whenever the view changes; one of another run clears what was told of the one before.
 */
export type ToRunPanel =
  | { readonly type: "show"; readonly view: RunView }
  | { readonly type: "power"; readonly reset: boolean; readonly series: readonly PowerChunk[] }
  | { readonly type: "spans"; readonly reset: boolean; readonly chunk: SpanChunk }
  | { readonly type: "iterations"; readonly reset: boolean; readonly chunk: IterationChunk }
  /** A line is selected in the editor: the panel marks its spans and phases. 0: nothing. No path: in any file. */
  | { readonly type: "select"; readonly line: number; readonly path?: string }
  | ToAnyPanel;

export interface RunView {
  /** Absolute path of the run folder; the panel keeps it, so that the editor finds the run again after a reload. */
  readonly path?: string;
  /** `train_char_gpt.py` */
  readonly title: string;
  readonly command: string;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly durationS: number;
  readonly state: "running" | "finished" | "interrupted";
  readonly exitCode?: number;
  readonly signal?: string;
  readonly label?: string;
  /** The sentence on top, once it is known, with the place to go on to. */
  readonly headline?: { readonly text: string; readonly path?: string; readonly line?: number };
  /** Devices that have a curve, in order. */
  readonly devices: readonly CurveDevice[];
  /** Absent while there is not enough to say. During a run: of what there is so far. */
  readonly report?: Report;
}

export interface CurveDevice {
  readonly id: string;
  /** Short, as a label beside a curve: `package-0`, `GPU 0`. */
  readonly name: string;
  readonly source: Report["devices"][number]["source"];
  /** False: a part of another, so no part of a sum. Absent: as the report says, else true. */
  readonly counted?: boolean;
}

/** Mean power of one device between the time before and each time. NaN: a gap. Later chunks go on where this ended. */
export interface PowerChunk {
  readonly device: string;
  readonly timeS: Float64Array;
  readonly powerW: Float64Array;
}

/** Spans of one rank in one file, in order of their end or their start. They may nest; the innermost counts. */
export interface SpanChunk {
  readonly rank: number;
  readonly phaseNames: readonly string[];
  readonly path: string;
  readonly phase: Uint8Array;
  readonly startS: Float64Array;
  readonly durationS: Float64Array;
  /** 0: not known. */
  readonly line: Int32Array;
}

export interface IterationChunk {
  readonly iteration: Int32Array;
  readonly startS: Float64Array;
  readonly durationS: Float64Array;
  /** Joules of all counted devices; NaN where the meter is too slow to say. */
  readonly energyJ: Float64Array;
  /** 0: counted, 1: warm-up, 2: outlier, 3: before the machine was steady. */
  readonly excluded: Uint8Array;
}

export type FromRunPanel = FromAnyPanel | { type: "label" } | { type: "stop" } | { type: "profile" };

/** The message if it is one of ours, else undefined. Nothing is acted on that did not pass here. */
export const readFromRunPanel = reader<FromRunPanel>({ ...fromAnyPanel, label: {}, stop: {}, profile: {} });
