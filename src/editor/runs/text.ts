/** The words of the Runs view. */
import { sourceMarks } from "../../model/device";
import { formatBytes, formatDuration, formatEnergy, formatMoment } from "../../model/format";
import type { RunListing } from "../../store/runs";
import { plain } from "../shared/markdown";

/** `1.24 kJ · 31.2 s · first light`, `live`, `interrupted · today 12:04`. */
export function runDescription(run: RunListing, now: Date): string {
  if (run.fault !== undefined) return "cannot be read";
  const parts = [
    ...(run.state === "finished" ? [] : [run.state === "running" ? "live" : "interrupted"]),
    ...(run.energyJ === undefined ? [] : [`${run.source === "estimated" ? "~" : ""}${formatEnergy(run.energyJ)}`]),
    ...(run.durationS === undefined ? [] : [formatDuration(run.durationS)]),
    ...labelsOf(run),
  ];
  return (parts.length > 0 ? parts : [formatMoment(run.startedAt, now)]).join(" · ");
}

/** The values of its labels; the key of a bare one is `name`. */
function labelsOf({ labels }: RunListing): string[] {
  return Object.entries(labels).map(([key, value]) => (key === "name" ? value : `${key}=${value}`));
}

export function runTooltip(run: RunListing, now: Date): string {
  if (run.fault !== undefined) return `**${plain(run.id)}**\n\n${plain(run.fault)}`;
  const ending =
    run.exitCode === undefined || run.exitCode === 0 ? run.state : `${run.state}, exit code ${run.exitCode}`;
  const source = run.source === undefined ? "" : ` ${sourceMarks[run.source]} ${run.source}`;
  const rows = [
    `${formatMoment(run.startedAt, now)}, ${ending}`,
    ...(run.energyJ === undefined ? [] : [`${formatEnergy(run.energyJ)}${source}`]),
    ...(run.durationS === undefined ? [] : [formatDuration(run.durationS)]),
    ...labelsOf(run).map((label) => `Label: ${plain(label)}`),
    `${formatBytes(run.bytes)} on disk, ${plain(run.id)}`,
  ];
  return `**${plain(run.script)}**\n\n${rows.join("  \n")}`;
}

/** The picture of its state: a codicon and a theme colour. */
export function runIcon(run: RunListing): { readonly icon: string; readonly color?: string } {
  if (run.fault !== undefined) return { icon: "error", color: "list.errorForeground" };
  if (run.state === "running") return { icon: "record", color: "charts.green" };
  if (run.state === "interrupted") return { icon: "debug-disconnect", color: "list.warningForeground" };
  // Without an exit code a signal ended it.
  return run.exitCode === 0 ? { icon: "zap" } : { icon: "warning", color: "list.warningForeground" };
}

/** What its menus ask for: `run.live`, `run.ended`, `run.interrupted`, `run.faulty`. */
export function runContext(run: RunListing): string {
  if (run.fault !== undefined) return "run.faulty";
  return { running: "run.live", finished: "run.ended", interrupted: "run.interrupted" }[run.state];
}

/** `train_char_gpt used 1.24 kJ in 31.2 s.` */
export function endSentence(run: RunListing): string {
  const how =
    run.state === "interrupted" ? "was interrupted" : run.exitCode ? `ended with exit code ${run.exitCode}` : "ended";
  const time = run.durationS === undefined ? "" : ` after ${formatDuration(run.durationS)}`;
  if (run.energyJ === undefined || how !== "ended") {
    const energy = run.energyJ === undefined ? "" : ` It used ${formatEnergy(run.energyJ)}.`;
    return `${run.script} ${how}${time}.${energy}`;
  }
  const about = run.source === "estimated" ? "about " : "";
  return `${run.script} used ${about}${formatEnergy(run.energyJ)} in ${formatDuration(run.durationS)}.`;
}
