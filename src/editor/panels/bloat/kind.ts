import { type FromBloatPanel, readFromBloatPanel } from "../../../messages/bloat";
import type { PanelKind } from "../shared/page";

/** Of a profile and of a run alike. */
export const bloatKind: PanelKind<FromBloatPanel> = {
  name: "bloat",
  help: "bloat-panel",
  title: "Energy Bloat",
  read: readFromBloatPanel,
};
