import { makeRun } from "../../makeRun";
import type { GalleryCase } from "./cases";

/** A finished run on a machine with a GPU and RAPL: everything is known. */
export const run = makeRun({ iterations: 180, drift: 0.07, label: "baseline" });
const case_: GalleryCase = { messages: () => run.messages, widths: [1280, 900, 360] };

export { case_ as case };
