import type { ToRunPanel } from "../../../../src/messages/run";
import type { Report } from "../../../../src/model/report";
import { makeRun } from "../../makeRun";
import type { GalleryCase } from "../case";

const whole = makeRun({ seed: 6 });

/** No Python, or tracing switched off: energy and power are known, phases and iterations are not. */
export const report: Report = {
  ...whole.report,
  phases: [],
  other: { energyJ: whole.report.energyJ!, durationS: whole.view.durationS },
  iterations: { count: 0, excluded: { warmUp: 0, outliers: 0 } },
  warnings: [
    {
      code: "no-trace",
      message:
        "The program was not traced: it is no Python, or it ran with --no-trace. Phases and iterations are therefore not known.",
    },
  ],
};
const { headline: _headline, ...view } = whole.view;
const case_: GalleryCase<ToRunPanel> = {
  messages: () => [
    { type: "show", view: { ...view, title: "bench.sh", report } },
    { type: "power", reset: true, series: whole.power },
  ],
};

export { case_ as case };
