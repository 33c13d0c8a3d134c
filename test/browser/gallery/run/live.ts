import type { ToRunPanel } from "../../../../src/messages/run";
import { makeRun } from "../../makeRun";
import type { GalleryCase } from "../case";

/** A run that goes on: numbers of what there is so far, no sentence yet. */
export const run = makeRun({ seed: 7, iterations: 60, state: "running" });
const case_: GalleryCase<ToRunPanel> = { messages: () => run.messages, widths: [900, 360] };

export { case_ as case };
