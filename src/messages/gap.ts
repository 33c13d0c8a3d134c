import type { GapReport } from "../model/gap";
import { type FromAnyPanel, fromAnyPanel, type ToAnyPanel } from "./panel";
import { reader } from "./reader";

/** What the efficiency-gap panel is told: one run's layer table, and a line whose layers are to be selected. */
export type ToGapPanel =
  | { readonly type: "show"; readonly view: GapView }
  /** A line of code is asked for, or selected in the editor: the layers that it makes or calls. */
  | { readonly type: "select"; readonly path: string; readonly line: number }
  | ToAnyPanel;

export interface GapView {
  /** Absolute path of the run folder; the panel keeps it, so that the editor finds the run again after a reload. */
  readonly path: string;
  /** `train.py` */
  readonly title: string;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly state: "running" | "finished" | "interrupted";
  readonly report: GapReport;
}

export type FromGapPanel =
  | FromAnyPanel
  /** The run panel of the same run. */
  | { type: "openRun" };

/** The message if it is one of ours, else undefined. Nothing is acted on that did not pass here. */
export const readFromGapPanel = reader<FromGapPanel>({ ...fromAnyPanel, openRun: {} });
