import type { ToQuantPanel } from "../../../../src/messages/quant";
import { makeQuant } from "../../makeQuant";
import type { GalleryCase } from "../case";

const evil = `</script><script>window.pwned=1</script><img src=x onerror="window.pwned=1">`;
const long = "n".repeat(4000);

/** Names out of a checkpoint that somebody else has written. */
const case_: GalleryCase<ToQuantPanel> = {
  messages: () => {
    const view = makeQuant({ name: evil + long, prefix: `${evil}${long}.` });
    return [
      {
        type: "show",
        view: {
          ...view,
          report: {
            ...view.report,
            headline: `${evil} ${"word ".repeat(60)}`,
            model: { ...view.report.model, architecture: long, dtype: evil },
            warnings: [{ code: "note", message: evil + long }],
            skipped: [{ name: evil + long, reason: long }],
          },
          verify: { state: "failed", message: evil + long },
          map: { ...view.map!, projections: view.map!.projections.map(() => evil + long) },
        },
      },
      { type: "nonsense" } as unknown as ToQuantPanel,
    ];
  },
  widths: [900, 360],
};

export { case_ as case };
