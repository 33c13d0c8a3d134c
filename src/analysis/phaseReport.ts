/** The phases of a run: from its traces and its devices' readings to rows of the report. */
import { formatDuration, formatShare } from "../model/format";
import { isPhase, type PhaseName, phases as phaseOrder } from "../model/phase";
import type { Report, ReportedPhase, Warning } from "../model/report";
import type { Run } from "../model/run";
import { knownAtLeastS } from "./attribution/enough";
import { type DeviceEnergy, runWindow } from "./deviceEnergy";
import { gpuLane } from "./gpuLane";
import { laneOf, namesOf } from "./lane";
import { errorOf, type RankEnergies, type RankWork, rankEnergies } from "./rankEnergies";
import { type Rank, ranksOf } from "./ranks";

export interface PhaseReport {
  readonly rows: readonly ReportedPhase[];
  readonly other: Report["other"];
  readonly warnings: readonly Warning[];
}

/**
 * Energy and time of each phase, of each rank where there are several.
 *
 * A node's meters see all of its processes. Ranks that share one are told apart by when each does what (see
 * attribution/lanes.ts); of more ranks than `ranksOf` gives, and of processes that are no ranks, the one that traced most
 * stands for all.
 * @param counted the devices that make the total
 */
export function phaseReport(run: Run, counted: readonly DeviceEnergy[]): PhaseReport {
  const window = runWindow(run);
  const whole = window.toS - window.fromS;
  const totalJ = counted.reduce((sum, { energyJ = 0 }) => sum + energyJ, 0);
  const nothing: PhaseReport = { rows: [], other: { energyJ: totalJ, durationS: whole }, warnings: [] };
  const ranks = ranksOf(run);
  if (ranks.length === 0 || counted.length === 0) return nothing;
  const { names, lanes } = phasesOf(ranks);
  if (names.length === 0) return nothing;
  const gpus = counted.flatMap(({ device }) => (device.kind === "gpu" ? [device] : []));
  const onGpus = new Map(gpus.map((gpu) => [gpu.id, ranks.map(({ traces }) => gpuLane(traces, names, gpu, gpus))]));
  const work: RankWork = {
    ranks,
    names: names.length,
    segments: (place, device) => onGpus.get(device.id)?.[place] ?? lanes[place]!.segments,
  };
  const answer = rankEnergies(work, counted, window);
  if (!answer.known) {
    return { ...nothing, warnings: [{ code: "too-short", message: `Phases cannot be told apart: ${answer.reason}` }] };
  }
  const found = answer.value;
  const rows = lanes.flatMap(({ spans }, place) =>
    names.flatMap((phase, name): ReportedPhase[] => {
      const column = place * names.length + name;
      const durationS = found.durationS[column]!;
      if (!(durationS > 0)) return [];
      const energyJ = found.energyJ[column]!;
      const inseparable = inseparableFrom(found, column, names, ranks);
      const { rank } = ranks[place]!;
      return [
        {
          phase,
          ...(rank !== undefined && { rank }),
          energyJ,
          standardErrorJ: errorOf(found, new Map([[column, 1]])),
          durationS,
          averagePowerW: energyJ / durationS,
          spans: spans[name]!,
          ...(inseparable.length > 0 && { inseparableFrom: inseparable }),
        },
      ];
    }),
  );
  return {
    ...conserved(inOrder(rows), totalJ, whole * ranks.length),
    warnings: [...inseparableWarnings(rows), ...uncertainWarnings(rows, totalJ, whole)],
  };
}

/** The ranks' phases as columns, the same for all; what a trace calls `other` is what no column covers. */
function phasesOf(ranks: readonly Rank[]): { names: PhaseName[]; lanes: ReturnType<typeof laneOf>[] } {
  const all = new Set(ranks.flatMap(({ traces }) => traces.flatMap(namesOf)));
  const names = [...all].filter((name) => name !== "other");
  return { names, lanes: ranks.map(({ traces }) => laneOf(traces, names, (trace) => trace.spans)) };
}

/** Rows and other add up to the total; the lag between meter and trace may have moved a sliver over the run's ends. */
function conserved(rows: readonly ReportedPhase[], totalJ: number, wholeS: number): Omit<PhaseReport, "warnings"> {
  const rowsJ = rows.reduce((sum, { energyJ }) => sum + energyJ, 0);
  const durationS = Math.max(0, wholeS - rows.reduce((sum, row) => sum + row.durationS, 0));
  if (rowsJ <= totalJ) return { rows, other: { energyJ: totalJ - rowsJ, durationS } };
  const share = totalJ / rowsJ;
  const scaled = rows.map((row) => ({
    ...row,
    energyJ: row.energyJ * share,
    averagePowerW: row.averagePowerW * share,
  }));
  return { rows: scaled, other: { energyJ: 0, durationS } };
}

/** The field's phases in their order, then the user's own by energy. */
function inOrder(rows: readonly ReportedPhase[]): ReportedPhase[] {
  const place = ({ phase }: ReportedPhase) => (isPhase(phase) ? phaseOrder.indexOf(phase) : phaseOrder.length);
  return [...rows].sort(
    (a, b) => place(a) - place(b) || (a.phase === b.phase ? (a.rank ?? 0) - (b.rank ?? 0) : b.energyJ - a.energyJ),
  );
}

/** `other` may be in a group too: it is named so that nobody takes the row alone for sure. */
function inseparableFrom(
  { groups }: RankEnergies,
  column: number,
  names: readonly PhaseName[],
  ranks: readonly Rank[],
): PhaseName[] {
  const columns = new Set(groups.filter((group) => group.includes(column)).flat());
  columns.delete(column);
  const place = Math.floor(column / names.length);
  return [...columns]
    .sort((a, b) => a - b)
    .map((other) => {
      const its = Math.floor(other / names.length);
      if (its >= ranks.length) return "other";
      const name = names[other % names.length]!;
      return its === place ? name : `${name} (rank ${ranks[its]!.rank})`;
    });
}

/** A phase below this share of the energy is not worth a longer run. */
const smallShare = 0.02;
const uncertainShare = 0.25;
const wantedShare = 0.1;

/** Phases whose error is a large part of them, and how long a run would make them known. */
function uncertainWarnings(rows: readonly ReportedPhase[], totalJ: number, wholeS: number): Warning[] {
  const uncertain = [...new Set(rows.map(({ phase }) => phase))].flatMap((phase) => {
    const ofPhase = rows.filter((row) => row.phase === phase);
    const energyJ = ofPhase.reduce((sum, row) => sum + row.energyJ, 0);
    const standardErrorJ = Math.hypot(...ofPhase.map((row) => row.standardErrorJ));
    const isKnown = standardErrorJ <= uncertainShare * energyJ || energyJ <= smallShare * totalJ;
    // What cannot be told apart has its own warning: a longer run may not help it.
    return isKnown || ofPhase.some((row) => row.inseparableFrom) ? [] : [{ phase, energyJ, standardErrorJ }];
  });
  if (uncertain.length === 0) return [];
  const names = uncertain.map(
    ({ phase, energyJ, standardErrorJ }) => `${phase} (±${formatShare(standardErrorJ / energyJ)})`,
  );
  const longS = Math.max(
    ...uncertain.map((row) => knownAtLeastS(wholeS, row.energyJ, row.standardErrorJ, wantedShare) ?? 0),
  );
  const message =
    `The meter is slow for the energy of ${names.join(" and ")}: about ${formatDuration(longS < 100 ? longS : 60 * Math.ceil(longS / 60))} of such a run would make ` +
    `${uncertain.length === 1 ? "it" : "each"} known to ${formatShare(wantedShare)}.`;
  return [{ code: "phases-uncertain", message }];
}

function inseparableWarnings(rows: readonly ReportedPhase[]): Warning[] {
  const groups = new Set(
    rows.flatMap(({ phase, rank, inseparableFrom: others }) => {
      const own = rank === undefined ? phase : `${phase} (rank ${rank})`;
      return others ? [[own, ...others].sort().join(", ")] : [];
    }),
  );
  return [...groups].map((group) => ({
    code: "phases-inseparable",
    message: `${group} cannot be told apart by this meter: their sum is known far better than each.`,
  }));
}
