import type { ToGapPanel } from "../../../../src/messages/gap";
import { gapMessages } from "../../makeGap";
import type { GalleryCase } from "../case";

/** Times alone: no peak, no meter. */
const case_: GalleryCase<ToGapPanel> = {
  messages: () =>
    gapMessages({ machine: { name: "Some GPU", source: "unknown" }, energy: false, backward: false, host: false }),
};

export { case_ as case };
