import type { ToRunPanel } from "../../../../src/messages/run";
import { makeRun } from "../../makeRun";
import type { GalleryCase } from "../case";

/** The GPU's driver did not answer for some seconds. The page's details are open, and so are its tables. */
export const run = makeRun({
  seed: 4,
  gap: { fromS: 12, toS: 17.5 },
  warnings: [
    {
      code: "meter-lost",
      message: "GPU 0 could not be read for 5.5 s of the run; its energy in that time is filled in from its counter.",
    },
    { code: "tracer-thinned", message: "Spans shorter than 20 µs were counted and not written one by one." },
  ],
});
const case_: GalleryCase<ToRunPanel> = {
  messages: () => run.messages,
  state: {
    subject: run.view.startedAt + run.view.command,
    hiddenDevices: ["rapl:intel-rapl:0:1"],
    quantity: "time",
    measuredOpen: true,
    tables: ["phases"],
  },
  widths: [900, 360],
};

export { case_ as case };
