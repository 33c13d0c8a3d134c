import type { ToRunPanel } from "../../../../src/messages/run";
import type { Report } from "../../../../src/model/report";
import { makeRun } from "../../makeRun";
import type { GalleryCase } from "../case";

const whole = makeRun({ seed: 5, iterations: 3, startupS: 0.15 });
const { energyJ: _energyJ, standardErrorJ: _error, ...rest } = whole.report;
const { energyJ: _otherJ, ...other } = rest.other;

/** Over before the meter had two values: a bound, and how long would do. */
export const report: Report = {
  ...rest,
  energyAtMostJ: whole.report.energyJ! * 1.4,
  runAtLeastS: 5,
  devices: rest.devices.map(
    ({ energyJ: _, idleEnergyJ: __, standardErrorJ: ___, averagePowerW: ____, ...device }) => device,
  ),
  phases: [],
  other,
  iterations: { count: 3, excluded: { warmUp: 3, outliers: 0 } },
  warnings: [
    { code: "too-short", message: "The run lasted 1.8 s, which is too short to say what it used. Run at least 5 s." },
  ],
};
const { headline: _headline, ...view } = whole.view;
const case_: GalleryCase<ToRunPanel> = {
  messages: () => [
    { type: "show", view: { ...view, report } },
    { type: "spans", reset: true, chunk: whole.spans },
    {
      type: "iterations",
      reset: true,
      chunk: { ...whole.iterations, energyJ: whole.iterations.energyJ.map(() => Number.NaN) },
    },
  ],
  widths: [900, 360],
};

export { case_ as case };
