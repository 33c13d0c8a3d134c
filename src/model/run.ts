import type { Manifest, RunState } from "./manifest";
import type { ProcessUseColumns } from "./processUse";
import type { SampleColumns } from "./sample";
import type { Trace } from "./trace";

/** A run folder, read. Times are seconds since the run's start. */
export interface Run {
  /** Absolute path of the folder. */
  readonly path: string;
  readonly manifest: Manifest;
  readonly state: RunState;
  /** The recorder's labels with those given later in the editor. */
  readonly labels: Readonly<Record<string, string>>;
  /** How long it ran: to its end, or to the last thing known of it. */
  readonly durationS: number;
  readonly samples: ReadonlyMap<string, SampleColumns>;
  /** Who used which device, where a meter can tell. */
  readonly processes?: ReadonlyMap<string, ProcessUseColumns>;
  readonly traces: readonly Trace[];
  /** Sentences about parts that could not be read; the rest is whole. */
  readonly faults: readonly string[];
}
