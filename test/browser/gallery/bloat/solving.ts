import type { ToBloatPanel } from "../../../../src/messages/bloat";
import type { GalleryCase } from "../case";

const case_: GalleryCase<ToBloatPanel> = {
  messages: () => [
    { type: "show", view: { kind: "solving", subject: "/home/ada/large.pipeline.json", title: "large.pipeline.json" } },
    { type: "progress", share: 0.37 },
  ],
  widths: [900, 360],
};

export { case_ as case };
