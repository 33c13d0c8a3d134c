import type { ToGapPanel } from "../../../../src/messages/gap";
import type { GalleryCase } from "../case";

const case_: GalleryCase<ToGapPanel> = {
  messages: () => [
    {
      type: "failed",
      message: "/home/someone/project/.wattline/runs/x/run.json cannot be read: it is not JSON.",
      remedy: "Other runs are in the side bar under Wattline.",
    },
  ],
};

export { case_ as case };
