import type { ToRunPanel } from "../../../../src/messages/run";
import type { GalleryCase } from "../case";

/** Nothing has been said yet: the frame is there at once. */
const case_: GalleryCase<ToRunPanel> = { messages: () => [] };

export { case_ as case };
