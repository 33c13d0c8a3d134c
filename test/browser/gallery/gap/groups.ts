import type { ToGapPanel } from "../../../../src/messages/gap";
import { gapMessages } from "../../makeGap";
import type { GalleryCase } from "../case";

/** By block, with everything unfolded. */
const case_: GalleryCase<ToGapPanel> = {
  messages: () => gapMessages(),
  state: { subject: "", view: "block", open: ["fusion", "host", "measured"] },
};

export { case_ as case };
