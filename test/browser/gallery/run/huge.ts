import type { ToRunPanel } from "../../../../src/messages/run";
import { makeRun } from "../../makeRun";
import type { GalleryCase } from "../case";

/** Two hours at 140 samples a second: a million samples a device, and 200,000 spans. */
const case_: GalleryCase<ToRunPanel> = {
  messages: () => makeRun({ seed: 11, iterations: 50_000, samplePeriodS: 0.0083 }).messages,
  unpictured: true,
};

export { case_ as case };
