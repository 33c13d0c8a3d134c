/** A run's layer table as Markdown, for an issue or a chat. */
import type { GapView } from "../../../messages/gap";
import { sourceMarks } from "../../../model/device";
import { formatEnergy, formatQuantity, formatShare, unknownText } from "../../../model/format";
import type { GapLayer } from "../../../model/gap";
import { plain } from "../../shared/markdown";

const shownLayers = 20;

export function gapMarkdown({ title, startedAt, report }: GapView): string {
  const { totals, layers, device, energySource, notes } = report;
  const lostS = (row: GapLayer) => row.timeS - (row.idealTimeS ?? 0);
  const worst = [...layers].sort((a, b) => lostS(b) - lostS(a)).slice(0, shownLayers);
  const rows = worst.map((row) => [
    plain(row.name),
    plain(row.kind),
    row.pass,
    formatQuantity(row.timeS, "s"),
    formatShare(row.timeS / totals.timeS),
    formatQuantity(row.memoryGapS, "s"),
    formatQuantity(row.kernelGapS, "s"),
    formatShare(row.efficiency),
    row.operationalIntensity === undefined ? unknownText : row.operationalIntensity.toPrecision(3),
    formatEnergy(row.energyJ),
  ]);
  const energy = `Energy${energySource === undefined ? "" : ` ${sourceMarks[energySource]}`}`;
  const head = [
    "Layer",
    "Type",
    "Pass",
    "Time",
    "Share",
    "Memory gap ≥",
    "Kernel gap ≤",
    "Efficient",
    "FLOP/B",
    energy,
  ];
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  const rule = head.map((_, column) => (column < 3 ? ":--" : "--:"));
  const whole = `${formatQuantity(totals.timeS, "s")} an iteration on ${plain(device.name)} (limits: ${device.source})`;
  const rest = layers.length > worst.length ? [`The ${worst.length} of ${layers.length} rows that lose most.`] : [];
  const parts = [
    `**${plain(title)}**, ${startedAt}: ${whole}.`,
    plain(report.headline),
    [head, rule, ...rows].map(line).join("\n"),
    ...rest,
    ...notes.map(({ message }) => `- ${plain(message)}`),
  ];
  return `${parts.join("\n\n")}\n`;
}
