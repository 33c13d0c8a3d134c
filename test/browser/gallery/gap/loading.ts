import type { ToGapPanel } from "../../../../src/messages/gap";
import type { GalleryCase } from "../case";

const case_: GalleryCase<ToGapPanel> = { messages: () => [] };

export { case_ as case };
