import type { ToBloatPanel } from "../../../../src/messages/bloat";
import type { GalleryCase } from "../case";

const case_: GalleryCase<ToBloatPanel> = {
  messages: () => [
    {
      type: "failed",
      message: "/home/ada/gpt3.pipeline.json cannot be read: forward.2.0.timeS: expected a time above 0 s.",
      remedy: "Mend the file and save it: it is read again at once. docs/bloat.md has the format.",
    },
  ],
  widths: [900, 360],
};

export { case_ as case };
