import type { ToRunPanel } from "../../../../src/messages/run";
import { makeRun } from "../../makeRun";
import type { GalleryCase } from "../case";

/** A second of a run from near: single spans with their names, and a line of the script selected in the editor. */
export const run = makeRun({ seed: 2 });
const from = run.iterations.startS[60]!;
const case_: GalleryCase<ToRunPanel> = {
  messages: () => [...run.messages, { type: "select", line: 68 }],
  state: {
    subject: run.view.startedAt + run.view.command,
    zoom: { from, to: from + 0.9 },
    hiddenDevices: [],
    quantity: "energy",
    measuredOpen: false,
    tables: [],
  },
};

export { case_ as case };
