import type { ToQuantPanel } from "../../../../src/messages/quant";
import type { GalleryCase } from "../case";

/** A pickle. */
const case_: GalleryCase<ToQuantPanel> = {
  messages: () => [
    {
      type: "failed",
      message:
        "weights.pt is a pickle file, and reading one runs the code in it: Wattline never does. Convert it where you trust it.",
      remedy: "Other checkpoints: Wattline: Show Quantization Advice.",
    },
  ],
};

export { case_ as case };
