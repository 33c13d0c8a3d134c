import type { ToBloatPanel } from "../../../../src/messages/bloat";
import type { GalleryCase } from "../case";

/** Nothing has been said yet: the frame is there at once. */
const case_: GalleryCase<ToBloatPanel> = { messages: () => [] };

export { case_ as case };
