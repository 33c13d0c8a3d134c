import type { ToRunPanel } from "../../../../src/messages/run";
import type { GalleryCase } from "../case";

const case_: GalleryCase<ToRunPanel> = {
  messages: () => [
    {
      type: "failed",
      message:
        "/home/ada/nanogpt/.wattline/runs/2026-11-24T12-04-11-train/run.json cannot be read: it ends in the middle of a string.",
      remedy: "The run's samples are whole. Restore run.json from a copy, or delete the folder.",
    },
  ],
  widths: [900, 360],
};

export { case_ as case };
