import type { ToGapPanel } from "../../../../src/messages/gap";
import { makeView } from "../../makeGap";
import type { GalleryCase } from "../case";

/** A table with holes: of some layers no bytes are known, of some no FLOPs, and the run was interrupted. */
const case_: GalleryCase<ToGapPanel> = {
  messages() {
    const view = makeView({ layers: 24 });
    const layers = view.report.layers.map((row, i) => {
      const { memoryGapS: _, kernelGapS: __, bytes: ___, operationalIntensity: ____, ...noBytes } = row;
      return i % 5 === 0 ? noBytes : row;
    });
    const notes = [
      {
        code: "bad-rows" as const,
        message: "3 rows of the layer table had no time, or named no layer, and were left out.",
      },
      { code: "no-bytes" as const, message: "Bytes are not known for 8 layers: what is lost there is not told apart." },
    ];
    return [{ type: "show", view: { ...view, state: "interrupted", report: { ...view.report, layers, notes } } }];
  },
};

export { case_ as case };
