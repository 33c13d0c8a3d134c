import type { ToQuantPanel } from "../../../../src/messages/quant";
import { makeQuant } from "../../makeQuant";
import type { GalleryCase } from "../case";

/** A small model on a fast GPU, where nothing is gained. */
const case_: GalleryCase<ToQuantPanel> = {
  messages: () => [{ type: "show", view: makeQuant({ layers: 8, hidden: 512, device: "H100", name: "tiny" }) }],
};

export { case_ as case };
