import type { ToGapPanel } from "../../../../src/messages/gap";
import { makeView } from "../../makeGap";
import type { GalleryCase } from "../case";

const evil = `</script><script>window.pwned=1</script><img src=x onerror="window.pwned=1">`;
const long = "n".repeat(10_000);

/** Names out of a run folder that somebody else has written, and numbers that are none. */
const case_: GalleryCase<ToGapPanel> = {
  messages() {
    const view = makeView({ title: evil + long });
    const { report } = view;
    const layers = report.layers.map((row, i) => ({
      ...row,
      name: i % 3 === 0 ? `${evil}${i}` : i % 3 === 1 ? `${long}${i}` : row.name,
      kind: i % 4 === 0 ? evil : row.kind,
      file: evil,
      ...(i % 7 === 0 && { timeS: Number.NaN, memoryGapS: Number.POSITIVE_INFINITY, operationalIntensity: -1 }),
    }));
    const spoiled = {
      ...report,
      headline: `${evil} ${"word ".repeat(80)}`,
      device: { ...report.device, name: evil + long, balanceFlopsPerByte: Number.NaN },
      layers,
      notes: [{ code: "over-peak" as const, message: evil + long }],
    };
    return [
      { type: "show", view: { ...view, startedAt: "yesterday", report: spoiled } },
      { type: "select", path: evil, line: 20 },
      { type: "nonsense" } as unknown as ToGapPanel,
    ];
  },
  widths: [900, 360],
};

export { case_ as case };
