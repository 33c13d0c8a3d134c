import type { ToBloatPanel } from "../../../../src/messages/bloat";
import { makeWaste, wasteMessages } from "../../makeWaste";
import type { GalleryCase } from "../case";

export const report = makeWaste();
export const sentence =
  "34 % of this run's energy bought no speed: 4,020 of 12,620 J; 1,480 J of it in waiting for rank 2.";

/** Four ranks, one of them throttled. */
const case_: GalleryCase<ToBloatPanel> = {
  messages: () => wasteMessages(report, sentence),
  widths: [1280, 900, 360],
  contrast: {
    texts: ".step-label, .step-value, .step-share, .step-remedy, .stragglers li, .remarks li",
    marks: ".step-fill",
    found: { texts: 40, marks: 7 },
  },
};

export { case_ as case };
