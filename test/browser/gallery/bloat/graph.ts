import type { ToBloatPanel } from "../../../../src/messages/bloat";
import { makeBloat } from "../../makeBloat";
import type { GalleryCase } from "../case";

const option = (timeS: number) =>
  [1, 1.15, 1.4].map((slower) => ({ timeS: timeS * slower, energyJ: (90 * timeS) / slower }));

/** Any graph of operations: no stages, no clocks, and waiting costs nothing that is known. */
const bloat = makeBloat(
  {
    kind: "graph",
    operations: [
      { id: "load", options: option(0.5), after: [] },
      { id: "tokenize", options: option(0.3), after: [] },
      { id: "embed", options: option(0.4), after: ["load", "tokenize"] },
      { id: "attention", options: option(1.1), after: ["embed"] },
      { id: "experts", options: option(1.6), after: ["embed"] },
      { id: "head", options: option(0.6), after: ["attention", "experts"] },
    ],
  },
  { title: "step.pipeline.json" },
);
const case_: GalleryCase<ToBloatPanel> = { messages: () => bloat.messages, widths: [900, 360] };

export { case_ as case };
