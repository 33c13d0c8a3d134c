import type { ToRunPanel } from "../../../../src/messages/run";
import { makeRun } from "../../makeRun";
import type { GalleryCase } from "../case";

/** A finished run on a machine with a GPU and RAPL: everything is known. */
export const run = makeRun({ iterations: 180, drift: 0.07, label: "baseline" });
const case_: GalleryCase<ToRunPanel> = { messages: () => run.messages, widths: [1280, 900, 360] };

export { case_ as case };
