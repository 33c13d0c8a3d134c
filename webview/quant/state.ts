/** What the panel keeps over a hidden tab. Everything else is sent again after "ready". */
export interface QuantPanelState {
  /** Path of the checkpoint, by which the editor finds it after a reload. */
  readonly subject: string;
  /** Charts whose tables are shown, and parts that are unfolded. */
  readonly open: readonly string[];
  /** The snippet that is shown, where the user chose one. */
  readonly snippet?: string;
  /** The layer that is selected in the map. */
  readonly layer?: string;
}

export const freshState: QuantPanelState = { subject: "", open: [] };

/** What was kept, as far as it is what this version keeps. */
export function readState(kept: unknown): QuantPanelState {
  if (typeof kept !== "object" || kept === null) return freshState;
  const { subject, open, snippet, layer } = kept as Record<string, unknown>;
  return {
    subject: typeof subject === "string" ? subject : "",
    open: Array.isArray(open) ? open.filter((each): each is string => typeof each === "string").slice(0, 32) : [],
    ...(typeof snippet === "string" ? { snippet } : {}),
    ...(typeof layer === "string" ? { layer } : {}),
  };
}
