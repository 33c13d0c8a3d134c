import type { ToBloatPanel } from "../../../../src/messages/bloat";
import { makeBloat, messagesOf } from "../../makeBloat";
import type { GalleryCase } from "../case";

export const evil = `</script><script>window.pwned=1</script><img src=x onerror="window.pwned=1">`;
const long = "n".repeat(480);

/** Names out of a file that somebody else has written, and energies beyond anything. */
const bloat = makeBloat({
  kind: "graph",
  name: `${evil}${long}`,
  operations: [
    {
      id: evil,
      options: [
        { timeS: 1e-9, energyJ: 1e12 },
        { timeS: 3e-9, energyJ: 1e-6 },
      ],
      after: [],
    },
    { id: long, options: [{ timeS: 4e5, energyJ: 0 }], after: [evil] },
  ],
});
const case_: GalleryCase<ToBloatPanel> = {
  messages: () => [
    ...messagesOf({ ...bloat.columns, notes: [`${evil}${long}`] }, bloat.plans, `${evil}${long}`),
    { type: "compared", name: `${evil}${long}`, iterationTimeS: 1e9, energyJ: -1e30 },
    { type: "measured", run: `${evil}${long}`, rank: 1e9, slowdown: 99 },
  ],
  widths: [900, 360],
};

export { case_ as case };
