import type { ToQuantPanel } from "../../../../src/messages/quant";
import { makeQuant } from "../../makeQuant";
import type { GalleryCase } from "../case";

/** A model of 8B for one GPU, its weights read. */
const case_: GalleryCase<ToQuantPanel> = {
  messages: () => [{ type: "show", view: makeQuant() }],
  state: { subject: "/models/m", open: [], layer: "model.layers.1.mlp.down_proj.weight" },
  widths: [1280, 900, 360],
  contrast: {
    texts: ".formats th, .formats td, .controls label, .readout, .map-key, .advice li, .install, pre.code",
    marks: ".formats tr.proposed .never",
    found: { texts: 60, marks: 0 },
  },
};

export { case_ as case };
