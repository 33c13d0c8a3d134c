import type { Window } from "../shared/chart/zoom";

/** What is selected: the operations of a lane and a kind, or one of them. One thing for chart, Gantt and table. */
export interface BloatSelection {
  readonly lane: number;
  /** 0 forward, 1 backward, 2 recompute; 0 for all of a graph's. */
  readonly kind: number;
  readonly operation?: number;
}

/** What the panel keeps over a hidden tab. Everything else is sent again after "ready". */
export interface BloatPanelState {
  readonly subject: string;
  /** The handle, s; absent: at the minimum time, or where the straggler is. */
  readonly atS?: number;
  /** How many times slower the straggler is; absent: there is none. */
  readonly straggler?: number;
  readonly zoom?: Window;
  readonly colourBy: "power" | "clock";
  readonly selection?: BloatSelection;
  /** Of a run: the part of its energy that is selected. */
  readonly part?: string;
  readonly solvedOpen: boolean;
  /** Charts whose tables are shown. */
  readonly tables: readonly string[];
}

export const freshState: BloatPanelState = { subject: "", colourBy: "power", solvedOpen: false, tables: [] };

/** What was kept, as far as it is what this version keeps. */
export function readState(kept: unknown): BloatPanelState {
  if (typeof kept !== "object" || kept === null) return freshState;
  const { subject, atS, straggler, zoom, selection, part, colourBy, solvedOpen, tables } = kept as Record<
    string,
    unknown
  >;
  const positive = (value: unknown): value is number =>
    typeof value === "number" && Number.isFinite(value) && value > 0;
  return {
    subject: typeof subject === "string" ? subject : "",
    ...(positive(atS) ? { atS } : {}),
    ...(positive(straggler) && straggler >= 1 && straggler <= 100 ? { straggler } : {}),
    ...(typeof part === "string" ? { part: part.slice(0, 200) } : {}),
    ...readZoom(zoom),
    ...readSelection(selection),
    colourBy: colourBy === "clock" ? "clock" : "power",
    solvedOpen: solvedOpen === true,
    tables: Array.isArray(tables) ? tables.filter((name): name is string => typeof name === "string").slice(0, 16) : [],
  };
}

function readZoom(value: unknown): { zoom?: Window } {
  const { from, to } = (typeof value === "object" && value !== null ? value : {}) as Record<string, unknown>;
  if (typeof from !== "number" || typeof to !== "number") return {};
  return from >= 0 && to > from && Number.isFinite(to) ? { zoom: { from, to } } : {};
}

function readSelection(value: unknown): { selection?: BloatSelection } {
  const { lane, kind, operation } = (typeof value === "object" && value !== null ? value : {}) as Record<
    string,
    unknown
  >;
  const index = (given: unknown): given is number => Number.isSafeInteger(given) && (given as number) >= 0;
  if (!index(lane) || !index(kind)) return {};
  return { selection: { lane, kind, ...(index(operation) ? { operation } : {}) } };
}

/** Without places that the profile, which may have been changed, has not. */
export function withinProfile(
  state: BloatPanelState,
  size: { readonly lanes: number; readonly operations: number; readonly minimumTimeS: number } | undefined,
): BloatPanelState {
  if (size === undefined) return state;
  const { selection, zoom, ...rest } = state;
  const there = selection !== undefined && selection.lane < size.lanes && (selection.operation ?? 0) < size.operations;
  const inside = zoom !== undefined && zoom.from < size.minimumTimeS;
  return { ...rest, ...(there ? { selection } : {}), ...(inside ? { zoom } : {}) };
}

/** The state for a profile: another one keeps the habits, not the places. */
export function stateFor(state: BloatPanelState, subject: string): BloatPanelState {
  return state.subject === subject
    ? state
    : { ...freshState, subject, colourBy: state.colourBy, solvedOpen: state.solvedOpen, tables: state.tables };
}
