import type { ToGapPanel } from "../../../../src/messages/gap";
import { gapMessages } from "../../makeGap";
import type { GalleryCase } from "../case";

/** A run on a calibrated machine with a layer selected: everything is known. */
const case_: GalleryCase<ToGapPanel> = {
  messages: () => gapMessages(),
  state: {
    subject: "/home/someone/project/.wattline/runs/2026-11-24T12-04-31-train",
    selected: "forward features.2.3",
  },
  widths: [1280, 900, 360],
  contrast: {
    texts: ".worst-name, .worst-kind, .worst-place, .gap-tab, .gap-legend, .gap-details dd",
    marks: ".ideal-forward, .ideal-backward",
    found: { texts: 20, marks: 2 },
  },
};

export { case_ as case };
