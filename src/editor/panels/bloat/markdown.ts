/** What a profile or a run loses, as Markdown, for an issue or a chat. */
import { type BloatColumns, type PlanColumns, planEnergyJ } from "../../../model/bloatView";
import { sourceMarks } from "../../../model/device";
import { formatEnergy, formatQuantity, formatShare, plural } from "../../../model/format";
import { plain } from "../../shared/markdown";
import type { Waste } from "./wasteOf";

/** @param fastest the plan of the minimum time */
export function bloatMarkdown(title: string, columns: BloatColumns, fastest: PlanColumns): string {
  const { minimumTimeS, minimumEnergyTimeS, baseline, cornerS, cornerJ } = columns;
  const nowJ = planEnergyJ(baseline, columns, minimumTimeS);
  const fastJ = planEnergyJ(fastest, columns, minimumTimeS);
  const leastJ = cornerJ[cornerS.findIndex((timeS) => timeS >= minimumEnergyTimeS)] ?? Number.NaN;
  const rows = [
    ["now, every operation at its fastest", minimumTimeS, nowJ],
    ["as fast, operations off the critical path slower", minimumTimeS, fastJ],
    ["least energy (no plan is below)", minimumEnergyTimeS, leastJ],
  ] as const;
  return `${[
    `**${plain(columns.name ?? title)}**: ${formatShare(1 - fastJ / nowJ)} of an iteration's energy buys no speed (${formatEnergy(nowJ - fastJ)}).`,
    "",
    "| | Iteration | Energy | Saved |",
    "| :-- | --: | --: | --: |",
    ...rows.map(
      ([name, timeS, energyJ]) =>
        `| ${name} | ${formatQuantity(timeS, "s")} | ${formatEnergy(energyJ)} | ${formatShare(1 - energyJ / nowJ)} |`,
    ),
    "",
    `${plural(columns.operations, "operation")}, ${plural(columns.cornerS.length - 1, "corner")}. ○ modelled from the profile, not measured.`,
    ...columns.notes.map((note) => `- ${plain(note)}`),
  ].join("\n")}\n`;
}

export function wasteMarkdown({ title, startedAt, headline, report }: Waste): string {
  const rows = report.parts.map(
    ({ name, kind, energyJ, standardErrorJ, basis, remedy }) =>
      `| ${plain(name)} | ${kind} | ${formatEnergy(energyJ, standardErrorJ)} ${sourceMarks[basis]} | ${formatShare(energyJ / report.energyJ)} | ${plain(remedy ?? "")} |`,
  );
  return `${[
    `**${plain(title)}**, ${startedAt}, ${formatEnergy(report.energyJ, report.standardErrorJ)}`,
    "",
    plain(headline),
    "",
    "| Part | Kind | Energy | Share | What would win it back |",
    "| :-- | :-- | --: | --: | :-- |",
    ...rows,
    "",
    ...report.notes.map((note) => `- ${plain(note)}`),
  ].join("\n")}\n`;
}
