import type { ToGapPanel } from "../../../../src/messages/gap";
import { gapMessages } from "../../makeGap";
import type { GalleryCase } from "../case";

/** 2,000 layers, forward and backward. */
const case_: GalleryCase<ToGapPanel> = { messages: () => gapMessages({ layers: 2000, iterations: 1 }) };

export { case_ as case };
