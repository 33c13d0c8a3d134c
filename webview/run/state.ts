import type { Window } from "../shared/chart/zoom";

/** What the panel keeps over a hidden tab. Everything else is sent again after "ready". */
export interface RunPanelState {
  /** The run that `zoom` and `hiddenDevices` belong to: its path, by which the editor finds it after a reload. */
  readonly subject: string;
  readonly zoom?: Window;
  readonly hiddenDevices: readonly string[];
  readonly quantity: "energy" | "time";
  readonly measuredOpen: boolean;
  /** Charts whose tables are shown. */
  readonly tables: readonly string[];
}

export const freshState: RunPanelState = {
  subject: "",
  hiddenDevices: [],
  quantity: "energy",
  measuredOpen: false,
  tables: [],
};

/** What was kept, as far as it is what this version keeps. */
export function readState(kept: unknown): RunPanelState {
  if (typeof kept !== "object" || kept === null) return freshState;
  const { subject, zoom, hiddenDevices, quantity, measuredOpen, tables } = kept as Record<string, unknown>;
  const window = readWindow(zoom);
  return {
    subject: typeof subject === "string" ? subject : "",
    ...(window === undefined ? {} : { zoom: window }),
    hiddenDevices: strings(hiddenDevices),
    quantity: quantity === "time" ? "time" : "energy",
    measuredOpen: measuredOpen === true,
    tables: strings(tables),
  };
}

/** The state for a run: another run keeps the habits, not the places. */
export function stateFor(state: RunPanelState, subject: string): RunPanelState {
  if (state.subject === subject) return state;
  const { zoom: _, ...rest } = state;
  return { ...rest, subject, hiddenDevices: [] };
}

function readWindow(value: unknown): Window | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { from, to } = value as Record<string, unknown>;
  return Number.isFinite(from) && Number.isFinite(to) && (to as number) > (from as number)
    ? { from: from as number, to: to as number }
    : undefined;
}

function strings(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((entry): entry is string => typeof entry === "string").slice(0, 256) : [];
}
