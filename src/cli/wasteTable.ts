/** The report of `wattline bloat RUN` for a terminal. */
import { wasteHeadline } from "../analysis/waste";
import { formatDuration, formatEnergy, formatShare } from "../model/format";
import type { Straggler, WasteReport } from "../model/waste";
import { printable, table, wrap } from "./table";

const columns = 100;

export function wasteTable(report: WasteReport): string {
  const parts = [
    wrap(wasteHeadline(report), columns, ""),
    partsTable(report),
    report.stragglers.map(stragglerText).join("\n"),
    remedies(report),
    report.notes.map((note) => wrap(printable(note), columns, "  ")).join("\n"),
  ];
  return `${parts.filter((part) => part !== "").join("\n\n")}\n`;
}

/** Smaller parts than this are in the JSON. */
const worthARow = 0.0005;

function partsTable({ parts, energyJ, standardErrorJ, run }: WasteReport): string {
  const shown = parts.filter((part) => part.energyJ >= worthARow * energyJ);
  const rows = shown.map((part) => [
    part.kind,
    printable(part.name.slice(0, 60)),
    formatEnergy(part.energyJ, part.standardErrorJ),
    formatShare(part.energyJ / energyJ),
    part.durationS > 0 ? formatDuration(part.durationS) : "",
    part.basis,
  ]);
  rows.push(["", "the run", formatEnergy(energyJ, standardErrorJ), "", "", ""]);
  const time = run.ranks > 1 ? "rank time" : "time";
  return table([["", "", "energy", "share", time, ""], ...rows], ["left", "left", "right", "right", "right", "left"]);
}

function stragglerText({ rank, chronic, slowdown, evidence, last, iterations, ...rest }: Straggler): string {
  const how = chronic
    ? `is slow all the time: its own work takes ${slowdown.toFixed(2)} times as long as the others'`
    : "held the others up now and then";
  const why = evidence === undefined ? "" : ` ${evidence}`;
  const text =
    `Rank ${rank} ${how}; it came last in ${last} of ${iterations} iterations, and the others spent ` +
    `${formatEnergy(rest.energyOfOthersJ, rest.standardErrorJ)} in waiting for it.${why}`;
  return wrap(printable(text), columns, "");
}

/** Parts smaller than this are not worth a sentence. */
const worthMending = 0.02;

function remedies({ parts, energyJ }: WasteReport): string {
  return parts
    .filter(({ remedy, energyJ: own }) => remedy !== undefined && own >= worthMending * energyJ)
    .sort((a, b) => b.energyJ - a.energyJ)
    .map((part) => wrap(`${printable(part.name)}: ${part.remedy}`, columns, "  "))
    .join("\n");
}
