import type { ToRunPanel } from "../../../../src/messages/run";
import type { GalleryCase } from "../case";

const case_: GalleryCase<ToRunPanel> = {
  messages: () => [
    {
      type: "empty",
      reason: "No run yet in this workspace.",
      remedy: "Profile a Python file, and its power, phases and iterations appear here while it runs.",
    },
  ],
  widths: [900, 360],
};

export { case_ as case };
