import type { ToBloatPanel } from "../../../../src/messages/bloat";
import type { GalleryCase } from "../case";
import { bloat } from "./full";

/** A straggler a fifth as slow again, measured in a run; a stage is selected, a plan from elsewhere compared. */
const case_: GalleryCase<ToBloatPanel> = {
  messages: () => [
    ...bloat.messages,
    { type: "measured", run: "train_ddp 12:04", rank: 6, slowdown: 1.2 },
    {
      type: "compared",
      name: "freqs_pipeline_01210.py",
      iterationTimeS: bloat.columns.minimumTimeS * 1.08,
      energyJ: bloat.columns.cornerJ[0]! * 0.97,
    },
  ],
  state: { subject: "/home/ada/gpt3-1.3b.pipeline.json", colourBy: "clock", selection: { lane: 2, kind: 1 } },
  widths: [1280, 360],
};

export { case_ as case };
