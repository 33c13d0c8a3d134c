import type { ToQuantPanel } from "../../../../src/messages/quant";
import { makeQuant } from "../../makeQuant";
import type { GalleryCase } from "../case";

/** The header is known, the weights are being read. */
const case_: GalleryCase<ToQuantPanel> = {
  messages: () => [{ type: "show", view: makeQuant({ headerOnly: true, device: "H100" }) }],
};

export { case_ as case };
