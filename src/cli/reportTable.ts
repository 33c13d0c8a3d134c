/** A run's report as a person reads it in a terminal, at most 80 columns where names allow. */
import { sourceMarks } from "../model/device";
import {
  formatBound,
  formatBytes,
  formatCount,
  formatDuration,
  formatEnergy,
  formatPower,
  formatQuantity,
  formatShare,
  unknownText,
} from "../model/format";
import type { Report, ReportedDevice } from "../model/report";
import { shownDeviceErrorJ, shownErrorJ, shownTotalErrorJ } from "../model/uncertainty";
import { indicatorsText } from "./indicatorsText";
import { type Align, printable, table, wrap } from "./table";

export function reportTable(report: Report): string {
  const parts = [
    heading(report),
    devices(report),
    iterations(report),
    wrap(indicatorsText(report.indicators), 80, ""),
    phases(report),
    ...report.warnings.map(({ message }) => wrap(`! ${printable(message)}`, 80, "")),
    self(report),
    `Run folder: ${printable(report.run.path)}`,
  ];
  return `${parts.filter((part) => part !== "").join("\n\n")}\n`;
}

function heading(report: Report): string {
  const { run } = report;
  const command = printable(run.argv.join(" "));
  const short = [...command].length > 60 ? `${[...command].slice(0, 59).join("")}…` : command;
  const ending = run.signal ? `ended by ${run.signal}` : run.exitCode ? `exit code ${run.exitCode}` : run.state;
  const energy =
    report.energyJ !== undefined
      ? `${formatEnergy(report.energyJ, shownTotalErrorJ(report))} in all, ${formatPower(report.energyJ / run.durationS)} on average`
      : report.energyAtMostJ !== undefined
        ? `${formatBound(report.energyAtMostJ, "J")} in all`
        : "energy not known";
  return `Wattline: ${short}\n${formatDuration(run.durationS)}, ${printable(ending)}. ${energy}.${aboveIdle(report)}`;
}

/** What the run added to what the machine would have drawn anyway. */
function aboveIdle({ energyJ, devices: all }: Report): string {
  const counted = all.filter((device) => device.counted);
  const idle = counted.map(({ idleEnergyJ }) => idleEnergyJ);
  if (energyJ === undefined || counted.length === 0 || idle.some((joules) => joules === undefined)) return "";
  const idleJ = idle.reduce<number>((sum, joules) => sum + joules!, 0);
  return ` ${formatEnergy(Math.max(0, energyJ - idleJ))} of it above idle.`;
}

function devices(report: Report): string {
  if (report.devices.length === 0) return "No meter could be read.";
  const rows = report.devices.map((device) => [
    `${device.counted ? "" : "  "}${printable(device.name)}`,
    deviceEnergy(device),
    formatPower(device.averagePowerW),
    `${sourceMarks[device.source]} ${device.source}`,
    remark(device),
  ]);
  return table([["Device", "Energy", "Power", "Source", ""], ...rows], ["left", "right", "right", "left", "left"]);
}

function deviceEnergy(device: ReportedDevice): string {
  return device.energyJ === undefined ? unknownText : formatEnergy(device.energyJ, shownDeviceErrorJ(device));
}

function remark(device: ReportedDevice): string {
  const gain = device.gainError ? `sensor ±${formatShare(device.gainError)}` : "";
  const counted = device.counted ? "" : device.partOf ? "part of the above" : "not counted";
  return [counted, gain].filter((text) => text !== "").join(", ");
}

function iterations(report: Report): string {
  const { iterations: found } = report;
  if (found.count === 0) return "";
  const { warmUp, outliers, layerTable, settling } = found.excluded;
  const left = [
    warmUp && `${warmUp} to warm up`,
    outliers && `${outliers} unusual`,
    settling && `${settling} until the machine was steady`,
    layerTable && `${layerTable} to measure layers`,
  ]
    .filter(Boolean)
    .join(", ");
  const each =
    found.energyPerIterationJ === undefined
      ? "energy of each not known"
      : `${formatEnergy(found.energyPerIterationJ, shownErrorJ(report, found.energyPerIterationJ, found.standardErrorJ))} each`;
  const time =
    found.durationPerIterationS === undefined ? "" : `, ${formatQuantity(found.durationPerIterationS, "s")} long`;
  return `${formatCount(found.count)} iterations: ${each}${time}${left && ` (left out: ${left})`}.`;
}

function phases(report: Report): string {
  if (report.phases.length === 0) return "";
  const ranks = new Set(report.phases.map(({ rank }) => rank));
  const share = (energyJ: number | undefined) =>
    report.energyJ && energyJ !== undefined ? formatShare(energyJ / report.energyJ) : unknownText;
  const rows = report.phases.map((row) => [
    printable(row.phase) + (ranks.size > 1 && row.rank !== undefined ? ` (rank ${row.rank})` : ""),
    formatEnergy(row.energyJ, row.standardErrorJ),
    share(row.energyJ),
    formatDuration(row.durationS),
    row.standardErrorJ < row.energyJ ? formatPower(row.averagePowerW) : unknownText,
    row.inseparableFrom?.length ? `with ${row.inseparableFrom.map(printable).join(", ")}` : "",
  ]);
  const { energyJ, durationS } = report.other;
  const power = energyJ === undefined || durationS <= 0 ? undefined : energyJ / durationS;
  const other = ["other", formatEnergy(energyJ), share(energyJ), formatDuration(durationS), formatPower(power), ""];
  const aligns: Align[] = ["left", "right", "right", "right", "right", "left"];
  return table([["Phase", "Energy", "Share", "Time", "Power", ""], ...rows, other], aligns);
}

function self({ self: cost }: Report): string {
  // An imported trace: nothing of ours ran.
  if (cost.polls === 0 && cost.cpuTimeS === 0) return "";
  const added =
    cost.addedTimePerIterationS === undefined
      ? ""
      : `${formatQuantity(cost.addedTimePerIterationS, "s")} of added time an iteration, `;
  return (
    `Wattline itself cost ${added}${formatQuantity(cost.cpuTimeS, "s")} of CPU time ` +
    `and ${formatBytes(cost.residentBytes)} of memory.`
  );
}
