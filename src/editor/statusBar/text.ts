/** The words of the status bar; all of it text, so that it is tested without a window. */
import type { LiveTotals } from "../../analysis/liveTotals";
import { sourceMarks } from "../../model/device";
import { formatEnergy, formatPower, unknownText } from "../../model/format";
import { plain } from "../shared/markdown";

/** `$(zap) 41 W`, `$(zap) ~41 W` (estimate), `$(zap) 63 W · 1.24 kJ` (in a run), `$(zap) –` (not known). */
export function statusText(totals: LiveTotals | undefined): string {
  if (totals?.powerW === undefined)
    return totals?.energyJ === undefined ? `$(zap) ${unknownText}` : `$(zap) ${energy(totals)}`;
  const power = `${approximately(totals)}${glance(totals.powerW)}`;
  return totals.energyJ === undefined ? `$(zap) ${power}` : `$(zap) ${power} · ${energy(totals)}`;
}

/** For screen readers, which read neither `~` nor an icon well. */
export function spokenText(totals: LiveTotals | undefined, running: boolean): string {
  if (totals?.powerW === undefined) return "Wattline: power not known";
  const estimated = totals.source === "estimated" ? "about " : "";
  const soFar = totals.energyJ === undefined ? "" : `, ${formatEnergy(totals.energyJ)} so far`;
  return `Wattline: ${estimated}${glance(totals.powerW)}${running ? " in the run" : ""}${soFar}`;
}

function approximately({ source }: LiveTotals): string {
  return source === "estimated" ? "~" : "";
}

function energy({ energyJ }: LiveTotals): string {
  return formatEnergy(energyJ);
}

/** Whole watts: a third digit that changes every second is noise at the edge of one's eye. */
function glance(powerW: number): string {
  if (powerW >= 999.5) return formatPower(powerW);
  return powerW < 9.95 ? `${powerW.toFixed(1)} W` : `${Math.round(powerW)} W`;
}

/** The tooltip, Markdown: a table of devices with power, in a run energy, and source. */
export function statusTooltip(totals: LiveTotals | undefined, run: { readonly script: string } | undefined): string {
  const title = run ? `**Wattline** · ${plain(run.script)} is being profiled` : "**Wattline** · power now";
  const link = "[What can be measured here](command:wattline.showMeters)";
  if (totals === undefined || totals.devices.length === 0) {
    const reason = run ? "No reading has come yet." : "Nothing is read right now.";
    return `${title}\n\n${reason}\n\n${link}`;
  }
  const withEnergy = totals.devices.some(({ energyJ }) => energyJ !== undefined);
  const heading = withEnergy
    ? "| Device | Power | So far | Source |\n| :-- | --: | --: | :-- |"
    : "| Device | Power | Source |\n| :-- | --: | :-- |";
  const rows = totals.devices.map(({ device, powerW, energyJ }) => {
    const part = device.counted ? "" : device.partOf === undefined ? " (not counted)" : " (part of another)";
    const cells = [
      `${plain(device.name)}${part}`,
      formatPower(powerW),
      ...(withEnergy ? [formatEnergy(energyJ)] : []),
      `${sourceMarks[device.source]} ${device.source}`,
    ];
    return `| ${cells.join(" | ")} |`;
  });
  const open = run ? "[Open the run](command:wattline.showPower) · " : "";
  return `${title}\n\n${heading}\n${rows.join("\n")}\n\n${open}${link}`;
}
