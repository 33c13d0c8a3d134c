import type { ToBloatPanel } from "../../../../src/messages/bloat";
import type { GalleryCase } from "../case";

const case_: GalleryCase<ToBloatPanel> = {
  messages: () => [
    { type: "show", view: { kind: "stopped", subject: "/home/ada/large.pipeline.json", title: "large.pipeline.json" } },
  ],
};

export { case_ as case };
