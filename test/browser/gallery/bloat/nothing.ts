import type { ToBloatPanel } from "../../../../src/messages/bloat";
import { makeBloat, pipeline } from "../../makeBloat";
import type { GalleryCase } from "../case";

const only = [{ frequencyMhz: 1410, timeS: 0.1, energyJ: 28 }];

/** One clock an operation: there is nothing to choose, and the panel says so. */
const bloat = makeBloat(pipeline(2, 4, { name: "One clock", forward: [only, only], backward: [only, only] }), {
  plans: 2,
});
const case_: GalleryCase<ToBloatPanel> = { messages: () => bloat.messages };

export { case_ as case };
