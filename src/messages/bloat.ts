import type { BloatColumns, PlanColumns } from "../model/bloatView";
import { type PlanExport, planExportNames } from "../model/planExport";
import type { WasteReport } from "../model/waste";
import { type FromAnyPanel, fromAnyPanel, type ToAnyPanel } from "./panel";
import { finiteNumber, oneOf, reader } from "./reader";

/**
 * What the energy-bloat panel is told. `show` comes first and whenever what is shown is another thing; it clears what was
 * told before. Of a pipeline `plans` follow, fastest first.
 */
export type ToBloatPanel =
  | { readonly type: "show"; readonly view: BloatPanelView }
  /** How far the solver is, 0 to 1; also while plans are made. */
  | { readonly type: "progress"; readonly share: number }
  /** Plans for the table that the slider looks up; `complete` with the last of them. */
  | { readonly type: "plans"; readonly plans: readonly PlanColumns[]; readonly complete: boolean }
  /** The best that could be found for one deadline: what the panel asked for. */
  | { readonly type: "plan"; readonly plan: PlanColumns }
  /** A plan from elsewhere, on this profile. */
  | { readonly type: "compared"; readonly name: string; readonly iterationTimeS: number; readonly energyJ: number }
  /** How much slower the slowest rank of a run is than the others. */
  | { readonly type: "measured"; readonly run: string; readonly rank: number; readonly slowdown: number }
  | ToAnyPanel;

export type BloatPanelView =
  | { readonly kind: "solving"; readonly subject: string; readonly title: string }
  /** The user ended the solver. */
  | { readonly kind: "stopped"; readonly subject: string; readonly title: string }
  | {
      readonly kind: "profile";
      /** Absolute path; the panel keeps it, so that the editor finds it again after a reload. */
      readonly subject: string;
      readonly title: string;
      readonly columns: BloatColumns;
    }
  | {
      readonly kind: "run";
      readonly subject: string;
      readonly title: string;
      /** ISO 8601. */
      readonly startedAt: string;
      /** The sentence on top. */
      readonly headline: string;
      readonly report: WasteReport;
    };

export type FromBloatPanel =
  | FromAnyPanel
  /** The slider rests here: the best plan for this deadline is wanted. */
  | { type: "plan"; timeS: number }
  | { type: "export"; form: PlanExport; timeS: number }
  | { type: "import" }
  | { type: "measure" }
  | { type: "solve" }
  | { type: "cancel" };

/** The message if it is one of ours, else undefined. Nothing is acted on that did not pass here. */
export const readFromBloatPanel = reader<FromBloatPanel>({
  ...fromAnyPanel,
  plan: { timeS: finiteNumber },
  export: { form: oneOf(...planExportNames), timeS: finiteNumber },
  import: {},
  measure: {},
  solve: {},
  cancel: {},
});
