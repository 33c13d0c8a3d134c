import { groupings, type Pass } from "../../src/model/gap";
import type { Window } from "../shared/chart/zoom";
import type { View } from "./items";

export const tabs = ["gap", "waterline", "roofline", "table"] as const;
export type Tab = (typeof tabs)[number];

/** What the panel keeps over a hidden tab. Everything else is sent again after "ready". */
export interface GapPanelState {
  /** The run that `selected` and the windows belong to: its path. */
  readonly subject: string;
  readonly tab: Tab;
  readonly view: View;
  /** Absent: both. */
  readonly pass?: Pass;
  readonly selected?: string;
  /** Seconds in sight of the gap plot, FLOPs of the waterline. */
  readonly gapWindow?: Window;
  readonly waterlineWindow?: Window;
  /** Of the folded parts, those that are open. */
  readonly open: readonly string[];
  readonly tableShown: boolean;
}

export const freshState: GapPanelState = { subject: "", tab: "gap", view: "layer", open: [], tableShown: false };

/** What was kept, as far as it is what this version keeps. */
export function readState(kept: unknown): GapPanelState {
  if (typeof kept !== "object" || kept === null) return freshState;
  const { subject, tab, view, pass, selected, gapWindow, waterlineWindow, open, tableShown } = kept as Record<
    string,
    unknown
  >;
  const windows = { gapWindow: readWindow(gapWindow), waterlineWindow: readWindow(waterlineWindow) };
  return {
    subject: typeof subject === "string" ? subject : "",
    tab: tabs.find((name) => name === tab) ?? "gap",
    view: (["layer", ...groupings] as const).find((name) => name === view) ?? "layer",
    ...((pass === "forward" || pass === "backward") && { pass }),
    ...(typeof selected === "string" && { selected }),
    ...(windows.gapWindow && { gapWindow: windows.gapWindow }),
    ...(windows.waterlineWindow && { waterlineWindow: windows.waterlineWindow }),
    open: Array.isArray(open) ? open.filter((name): name is string => typeof name === "string").slice(0, 16) : [],
    tableShown: tableShown === true,
  };
}

/** The state for a run: another run keeps the habits, not the places. */
export function stateFor(state: GapPanelState, subject: string): GapPanelState {
  if (state.subject === subject) return state;
  const { selected: _, ...rest } = withoutWindows(state);
  return { ...rest, subject };
}

/** Windows are of what is shown: other items lie elsewhere. */
export function withoutWindows(state: GapPanelState): GapPanelState {
  const { gapWindow: _, waterlineWindow: __, ...rest } = state;
  return rest;
}

function readWindow(value: unknown): Window | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { from, to } = value as Record<string, unknown>;
  return Number.isFinite(from) && Number.isFinite(to) && (to as number) > (from as number)
    ? { from: from as number, to: to as number }
    : undefined;
}
