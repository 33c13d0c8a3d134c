import type { ToGapPanel } from "../../../../src/messages/gap";
import { gapMessages } from "../../makeGap";
import type { GalleryCase } from "../case";

const case_: GalleryCase<ToGapPanel> = {
  messages: () => gapMessages(),
  state: { subject: "/home/someone/project/.wattline/runs/2026-11-24T12-04-31-train", tab: "roofline" },
  widths: [900, 360],
};

export { case_ as case };
