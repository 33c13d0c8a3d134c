import type { ToQuantPanel } from "../../../../src/messages/quant";
import type { GalleryCase } from "../case";

/** Before the first message. */
const case_: GalleryCase<ToQuantPanel> = { messages: () => [] };

export { case_ as case };
