import type { ToRunPanel } from "../../../../src/messages/run";
import { type MadeDevice, makeRun } from "../../makeRun";
import type { GalleryCase } from "../case";

const cpu: MadeDevice = {
  id: "estimate:cpu",
  name: "CPU (estimate)",
  kind: "cpu",
  meter: "estimate",
  source: "estimated",
  updatePeriodS: 0.5,
  idleW: 11,
  phaseW: { data: 18, forward: 46, backward: 52, optimizer: 37 },
};

/** Neither RAPL nor a GPU: all is estimated from load. */
export const run = makeRun({
  seed: 3,
  devices: [cpu],
  warnings: [
    {
      code: "estimate-only",
      message: "No meter can be read here, so energy is estimated from processor load and may be off by half.",
    },
  ],
});
const case_: GalleryCase<ToRunPanel> = { messages: () => run.messages, widths: [900, 360] };

export { case_ as case };
