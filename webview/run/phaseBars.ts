import {
  formatDuration,
  formatEnergy,
  formatPower,
  formatQuantity,
  formatShare,
  plural,
  tooShort,
  unknownText,
} from "../../src/model/format";
import type { Report } from "../../src/model/report";
import type { Bar } from "../shared/chart/bars";
import { inPhaseOrder } from "../shared/chart/phaseLegend";
import type { DataTable } from "../shared/dataTable";
import { sumPhases } from "./numbers";

/** A bar for every phase and one for the rest of the run, in the order of legends. */
export function phaseBars(report: Report, lines: ReadonlyMap<string, { path: string; line: number }>): Bar[] {
  const sums = new Map(sumPhases(report).map((sum) => [sum.phase, sum]));
  const share = (energyJ: number) =>
    report.energyJ !== undefined && report.energyJ > 0 ? energyJ / report.energyJ : undefined;
  const rows = inPhaseOrder([...sums.keys()]).map((phase): Bar => {
    const { energyJ, standardErrorJ, durationS, spans } = sums.get(phase)!;
    const doubtful = standardErrorJ >= energyJ;
    const text = formatEnergy(energyJ, standardErrorJ);
    const source = lines.get(phase);
    const power = durationS > 0 ? `, ${formatPower(energyJ / durationS)}` : "";
    const exact = doubtful ? `${tooShort} (${formatEnergy(energyJ)} ± ${formatEnergy(standardErrorJ)})` : text;
    return {
      id: phase,
      label: phase,
      value: energyJ,
      error: standardErrorJ,
      text,
      ...(doubtful ? {} : { share: formatShare(share(energyJ)) }),
      title: [
        `${phase}: ${exact}`,
        ...(doubtful || share(energyJ) === undefined ? [] : [`${formatShare(share(energyJ))} of the energy`]),
        `${formatDuration(durationS)} in ${plural(spans, "span")}${power}`,
        ...(source === undefined ? [] : [`line ${source.line}`]),
      ].join(", "),
      ...(source === undefined ? {} : { source }),
    };
  });
  const { energyJ, durationS } = report.other;
  if (energyJ === undefined) return rows;
  const other = `the rest of the run: ${formatEnergy(energyJ)}, ${formatShare(share(energyJ))} of the energy, ${formatDuration(durationS)}`;
  return [
    ...rows,
    {
      id: "other",
      label: "other",
      value: energyJ,
      text: formatEnergy(energyJ),
      share: formatShare(share(energyJ)),
      title: other,
    },
  ];
}

/** Phases whose energies cannot be told apart, a sentence a group, with what is known: their sum. */
export function inseparable(report: Report): string[] {
  const sums = sumPhases(report);
  const groups = new Map<string, string[]>();
  for (const sum of sums) {
    if (sum.inseparableFrom.length === 0) continue;
    const group = inPhaseOrder([sum.phase, ...sum.inseparableFrom]);
    groups.set(group.join("\n"), group);
  }
  return [...groups.values()].map((group) => {
    const togetherJ = sums.filter((sum) => group.includes(sum.phase)).reduce((total, sum) => total + sum.energyJ, 0);
    const names = `${group.slice(0, -1).join(", ")} and ${group[group.length - 1]}`;
    return `${names} cannot be told apart in this run; together they used ${formatEnergy(togetherJ)}.`;
  });
}

/** All rows of the report, each rank and device on its own. */
export function phaseTable(report: Report): DataTable {
  const device = (id: string | undefined) => report.devices.find((known) => known.id === id)?.name ?? id ?? "all";
  const rows = report.phases.map((row) => [
    row.phase,
    row.rank === undefined ? "all" : String(row.rank),
    device(row.device),
    formatEnergy(row.energyJ, row.standardErrorJ),
    formatDuration(row.durationS),
    formatQuantity(row.averagePowerW, "W"),
    String(row.spans),
  ]);
  const { energyJ, durationS } = report.other;
  rows.push([
    "other",
    "all",
    "all",
    formatEnergy(energyJ),
    formatDuration(durationS),
    durationS > 0 && energyJ !== undefined ? formatPower(energyJ / durationS) : unknownText,
    unknownText,
  ]);
  return {
    caption: "Energy by phase, rank and device",
    columns: [
      { name: "Phase" },
      { name: "Rank" },
      { name: "Device" },
      { name: "Energy", numeric: true },
      { name: "Time", numeric: true },
      { name: "Mean power", numeric: true },
      { name: "Spans", numeric: true },
    ],
    rows,
  };
}
