import type { ToRunPanel } from "../../../../src/messages/run";
import { makeRun } from "../../makeRun";
import type { GalleryCase } from "../case";

/** The recorder was killed: a line on top, and the data up to there. */
export const run = makeRun({
  seed: 9,
  iterations: 90,
  state: "interrupted",
  warnings: [
    {
      code: "interrupted",
      message: "The recorder was ended before the run was. What it had written until 18.3 s is shown.",
    },
  ],
});
const case_: GalleryCase<ToRunPanel> = { messages: () => run.messages };

export { case_ as case };
