import type { ToBloatPanel } from "../../../../src/messages/bloat";
import { makeBloat, pipeline } from "../../makeBloat";
import type { GalleryCase } from "../case";

/** Four stages, eight microbatches: everything is known, the plan is as fast as now. */
export const bloat = makeBloat(pipeline(4, 8));
const case_: GalleryCase<ToBloatPanel> = {
  messages: () => bloat.messages,
  widths: [1280, 900, 360],
  contrast: {
    texts:
      ".plan-table th, .plan-table td, .gantt-key, .gantt-heading, .gantt-rows span, .straggler label, .straggler-value",
    marks: "",
    found: { texts: 40, marks: 0 },
  },
};

export { case_ as case };
