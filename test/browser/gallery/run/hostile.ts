import type { ToRunPanel } from "../../../../src/messages/run";
import { makeRun } from "../../makeRun";
import type { GalleryCase } from "../case";

const evil = `</script><script>window.pwned=1</script><img src=x onerror="window.pwned=1">`;
const long = "n".repeat(10_000);

/** Names out of a run folder that somebody else has written, and columns full of nonsense. */
export function hostileMessages(): ToRunPanel[] {
  const run = makeRun({ seed: 10, iterations: 40, title: evil, label: `${evil}${long}`, path: `/tmp/${evil}.py` });
  const spoiled = run.power[0]!.powerW.map((value, i) =>
    i % 7 === 0 ? Number.NaN : i % 11 === 0 ? Number.POSITIVE_INFINITY : value,
  );
  return [
    {
      type: "show",
      view: {
        ...run.view,
        command: long,
        startedAt: "yesterday",
        headline: { text: `${evil} ${"word ".repeat(60)}`, path: evil, line: 1 },
        devices: run.view.devices.map((device) => ({ ...device, name: `${evil}${long}` })),
        report: {
          ...run.report,
          standardErrorJ: Number.NaN,
          devices: run.report.devices.map((device) => ({ ...device, name: long, energyJ: Number.NaN })),
          phases: run.report.phases.map((row, i) => ({ ...row, phase: i === 0 ? evil + long : row.phase })),
          warnings: [{ code: "no-trace", message: `${evil}${long}` }],
        },
      },
    },
    {
      type: "power",
      reset: true,
      series: [
        { ...run.power[0]!, powerW: spoiled },
        { device: evil, timeS: new Float64Array(0), powerW: new Float64Array(0) },
      ],
    },
    {
      type: "power",
      reset: false,
      series: [
        { device: run.power[1]!.device, timeS: run.power[1]!.timeS.slice().reverse(), powerW: run.power[1]!.powerW },
      ],
    },
    {
      type: "spans",
      reset: true,
      chunk: {
        ...run.spans,
        phaseNames: [evil, long, "backward"],
        startS: run.spans.startS.map((startS, i) => (i % 5 === 0 ? Number.NaN : startS)),
      },
    },
    {
      type: "iterations",
      reset: true,
      chunk: { ...run.iterations, energyJ: run.iterations.energyJ.map(() => Number.NaN) },
    },
    {
      type: "iterations",
      reset: false,
      chunk: {
        iteration: new Int32Array(0),
        startS: new Float64Array(0),
        durationS: new Float64Array(0),
        energyJ: new Float64Array(0),
        excluded: new Uint8Array(0),
      },
    },
    { type: "nonsense" } as unknown as ToRunPanel,
  ];
}
const case_: GalleryCase<ToRunPanel> = { messages: hostileMessages, widths: [900, 360] };

export { case_ as case };
