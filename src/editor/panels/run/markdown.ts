/** A run's report as Markdown, for an issue or a chat. */
import { sourceMarks } from "../../../model/device";
import {
  formatBound,
  formatDuration,
  formatEnergy,
  formatPower,
  formatShare,
  unknownText,
} from "../../../model/format";
import type { Report } from "../../../model/report";
import { shownDeviceErrorJ, shownErrorJ, shownTotalErrorJ } from "../../../model/uncertainty";
import { plain } from "../../shared/markdown";

/** @param sentence the run's headline, where there is one */
export function reportMarkdown(report: Report, sentence: string | undefined): string {
  const { run } = report;
  const total =
    report.energyJ !== undefined
      ? formatEnergy(report.energyJ, shownTotalErrorJ(report))
      : formatBound(report.energyAtMostJ, "J");
  const parts = [
    `**${plain(run.argv.join(" "))}**`,
    `${run.startedAt}, ${formatDuration(run.durationS)}, ${run.state}. Energy: ${total}.`,
    ...(sentence === undefined ? [] : [plain(sentence)]),
    table(
      ["Device", "Energy", "Mean power", "Source"],
      report.devices.map((device) => [
        plain(device.name),
        formatEnergy(device.energyJ, shownDeviceErrorJ(device)),
        formatPower(device.averagePowerW),
        `${sourceMarks[device.source]} ${device.source}`,
      ]),
    ),
    ...(report.phases.length === 0 ? [] : [phaseTable(report)]),
    ...(report.iterations.energyPerIterationJ === undefined
      ? []
      : [`${iterationEnergy(report, report.iterations.energyPerIterationJ)} an iteration.`]),
    ...report.warnings.map(({ message }) => `- ${plain(message)}`),
  ];
  return `${parts.join("\n\n")}\n`;
}

function iterationEnergy(report: Report, energyJ: number): string {
  return formatEnergy(energyJ, shownErrorJ(report, energyJ, report.iterations.standardErrorJ));
}

function phaseTable(report: Report): string {
  const share = (energyJ: number | undefined) =>
    report.energyJ && energyJ !== undefined ? formatShare(energyJ / report.energyJ) : unknownText;
  const rows = report.phases.map((row) => [
    plain(row.phase),
    formatEnergy(row.energyJ, row.standardErrorJ),
    share(row.energyJ),
    formatDuration(row.durationS),
  ]);
  const { energyJ, durationS } = report.other;
  return table(
    ["Phase", "Energy", "Share", "Time"],
    [...rows, ["other", formatEnergy(energyJ), share(energyJ), formatDuration(durationS)]],
  );
}

function table(heading: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  const rule = heading.map((_, column) => (column === 0 ? ":--" : "--:"));
  return [heading, rule, ...rows].map(line).join("\n");
}
