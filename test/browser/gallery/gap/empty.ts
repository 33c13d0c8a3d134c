import type { ToGapPanel } from "../../../../src/messages/gap";
import type { GalleryCase } from "../case";

const case_: GalleryCase<ToGapPanel> = {
  messages: () => [
    {
      type: "empty",
      reason: "No layers were measured in this run.",
      remedy:
        "The tracer measures the modules of PyTorch models in a few iterations of a loop. A run without tracing, of another framework or shorter than some iterations has none.",
    },
  ],
  widths: [900, 360],
};

export { case_ as case };
