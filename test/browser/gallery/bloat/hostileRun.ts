import type { ToBloatPanel } from "../../../../src/messages/bloat";
import { makeWaste, parts, wasteMessages } from "../../makeWaste";
import type { GalleryCase } from "../case";
import { evil } from "./hostile";

const long = `${evil}${"n".repeat(2000)}`;
const report = makeWaste({
  parts: parts.map((part) => ({ ...part, name: long, remedy: long, energyJ: -1e15, standardErrorJ: Number.NaN })),
  energyJ: Number.NaN,
  notes: [long],
  stragglers: [{ ...makeWaste().stragglers[0]!, rank: 1e12, evidence: long, slowdown: 1e9 }],
  waiting: {
    startS: 0,
    windowS: 1e-9,
    ranks: Array.from({ length: 300 }, (_, rank) => ({ rank, shares: rank === 0 ? [] : [Number.NaN, 7, -1] })),
  },
});

/** Names out of a run folder that somebody else has written, numbers that cannot be. */
const case_: GalleryCase<ToBloatPanel> = {
  messages: () => wasteMessages(report, long, long),
  widths: [900, 360],
};

export { case_ as case };
