import type { ToBloatPanel } from "../../../../src/messages/bloat";
import { makeWaste, parts, wasteMessages } from "../../makeWaste";
import type { GalleryCase } from "../case";

const own = parts.filter(({ cause }) => !["straggler", "communication"].includes(cause));
const { waiting: _, ...report } = makeWaste({
  parts: own,
  energyJ: own.reduce((sum, { energyJ }) => sum + energyJ, 0),
  stragglers: [],
});

/** One device: no ranks to wait for. */
const case_: GalleryCase<ToBloatPanel> = {
  messages: () =>
    wasteMessages(
      { ...report, run: { ...report.run, ranks: 1 } },
      "17 % of this run's energy was spent waiting for data: 1,830 of 10,520 J.",
      "train_char_gpt.py",
    ),
  state: { subject: "/home/ada/ddp/.wattline/runs/r", part: "data" },
};

export { case_ as case };
