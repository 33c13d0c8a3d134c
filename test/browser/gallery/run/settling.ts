import type { ToRunPanel } from "../../../../src/messages/run";
import { makeRun } from "../../makeRun";
import type { GalleryCase } from "../case";

/** Iterations of warm-up, until the machine was steady: a quarter of the run is left out. */
const run = makeRun({ seed: 9, iterations: 160 });
const settling = 40;
const excluded = run.iterations.excluded.map((code, k) => (code === 0 && k < settling ? 3 : code));
const slower = (k: number) => 1 - 0.2 * Math.max(0, 1 - k / settling);
const left = excluded.filter((code) => code === 3).length;
const report = {
  ...run.report,
  iterations: { ...run.report.iterations, excluded: { ...run.report.iterations.excluded, settling: left } },
  warnings: [
    {
      code: "iterations-drift" as const,
      message:
        `The first ${left} iterations after warm-up came before the machine was steady, as when it grows warm and lowers its ` +
        "clocks: they are left out of the means.",
    },
  ],
};
const case_: GalleryCase<ToRunPanel> = {
  messages: () => [
    { type: "show", view: { ...run.view, report } },
    ...run.messages.filter(({ type }) => type === "power" || type === "spans"),
    {
      type: "iterations",
      reset: true,
      chunk: { ...run.iterations, excluded, energyJ: run.iterations.energyJ.map((value, k) => value * slower(k)) },
    },
  ],
  widths: [900, 360],
};

export { case_ as case };
