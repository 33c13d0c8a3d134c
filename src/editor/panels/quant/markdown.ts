/** The advice as Markdown, for an issue or a chat. */
import { formatBytes, formatRange, unknownText } from "../../../model/format";
import type { QuantReport } from "../../../model/quantization";
import { plain } from "../../shared/markdown";

export function quantMarkdown(report: QuantReport): string {
  const { model, device, proposal } = report;
  const rows = report.formats.map((row) => [
    row.format === proposal.format ? `**${row.format}**` : row.format,
    formatBytes(row.weightBytes),
    row.runs === false ? "no kernel" : row.fits === undefined ? unknownText : row.fits ? "fits" : "does not fit",
    formatRange(row.timePerTokenS, "s"),
    formatRange(row.energyPerTokenJ, "J"),
    row.recovery === undefined ? unknownText : `${row.recovery.percent.toFixed(1)} %`,
    row.sqnrDb === undefined ? unknownText : `${row.sqnrDb.toFixed(1)} dB`,
  ]);
  const head = ["Format", "Weights", "Fits", "Time a token ○", "Energy a token ○", "Accuracy kept", "SQNR"];
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  const fired = report.rules.filter((rule) => rule.fired);
  return [
    `**${plain(model.name ?? model.architecture ?? "Model")}** on ${plain(device?.name ?? "no device")}: ${plain(report.headline)}`,
    [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n"),
    ...fired.map(
      ({ id, reason, citation }) => `- ${id}: ${plain(reason)}${citation === undefined ? "" : ` (${plain(citation)})`}`,
    ),
    ...proposal.overrides.map(({ pattern, format }) => `- \`${pattern}\`: ${format}`),
    ...report.warnings.map(({ message }) => `- ${plain(message)}`),
  ].join("\n\n");
}
