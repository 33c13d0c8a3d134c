import type { ToBloatPanel } from "../../src/messages/bloat";
import { type WastePart, type WasteReport, wasteSchemaName } from "../../src/model/waste";
import { seeded } from "./makeRun";

/** A run of four ranks of which one is throttled: parts add up to the whole. */
export const parts: readonly WastePart[] = [
  part("forward", "useful", "forward", "forward", 3120, 40),
  part("backward", "useful", "backward", "backward", 4460, 52),
  part("optimizer", "useful", "optimizer", "optimizer", 610, 22),
  part(
    "data",
    "intrinsic",
    "data",
    "waiting for data",
    1830,
    35,
    "Two workers in the loader would let it work ahead of the step.",
  ),
  part(
    "communication",
    "intrinsic",
    "communication",
    "communication not overlapped",
    620,
    30,
    "Larger gradient buckets overlap more of it with the backward pass.",
  ),
  part(
    "straggler-2",
    "extrinsic",
    "straggler",
    "waiting for rank 2",
    1480,
    44,
    "Rank 2 is throttled: mend its cooling, or run the others slower meanwhile.",
  ),
  part("start-up", "outside", "start-up", "start-up", 410, 12, "Compiled kernels can be kept between runs."),
  part("tail", "outside", "tail", "idle after the loop", 90, 6, "The program ended 4 s after its last iteration."),
];

function part(
  id: string,
  kind: WastePart["kind"],
  cause: WastePart["cause"],
  name: string,
  energyJ: number,
  standardErrorJ: number,
  remedy?: string,
): WastePart {
  const basis = cause === "communication" ? "modelled" : "measured";
  return { id, kind, cause, name, energyJ, standardErrorJ, durationS: energyJ / 90, basis, ...(remedy && { remedy }) };
}

export function makeWaste(own: Partial<WasteReport> = {}): WasteReport {
  const random = seeded(4);
  return {
    schema: wasteSchemaName,
    run: {
      id: "r",
      path: "/home/ada/ddp/.wattline/runs/r",
      state: "finished",
      durationS: 142,
      iterations: 600,
      ranks: 4,
    },
    energyJ: parts.reduce((sum, { energyJ }) => sum + energyJ, 0),
    standardErrorJ: 120,
    parts,
    stragglers: [
      {
        rank: 2,
        chronic: true,
        slowdown: 1.31,
        cause: "throttle",
        evidence: "Its GPU reported thermal throttling in 78 % of the samples.",
        last: 561,
        iterations: 600,
        energyOfOthersJ: 1480,
        standardErrorJ: 44,
        waitingOfOthersS: 31.2,
      },
    ],
    waiting: {
      startS: 6,
      windowS: 1,
      ranks: [0, 1, 2, 3].map((rank) => ({
        rank,
        shares: Array.from({ length: 130 }, (_, k) =>
          rank === 2 ? 0.02 * random() : (k > 30 ? 0.22 : 0.06) + 0.08 * random() + (k === 80 ? 0.5 : 0),
        ),
      })),
    },
    notes: [
      "Whether lower clocks would cost time cannot be told from one run: record it again at two or three clocks.",
    ],
    ...own,
  };
}

export function wasteMessages(report: WasteReport, headline: string, title = "train_ddp.py"): ToBloatPanel[] {
  const view = {
    kind: "run",
    subject: report.run.path,
    title,
    startedAt: "2026-11-24T12:04:11+00:00",
    headline,
    report,
  } as const;
  return [{ type: "show", view }];
}
