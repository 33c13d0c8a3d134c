/** The words below a notebook's cell; all of it text, so that it is tested without a window. */
import type { DeviceAboveIdle, EnergyAboveIdle } from "../../analysis/aboveIdle";
import { sourceMarks } from "../../model/device";
import { formatBound, formatDuration, formatEnergy, formatPower, unknownText } from "../../model/format";

/** `$(zap) 41.2 ± 0.6 J · 3.20 s`, `$(zap) ≤ 0.4 J · 12.0 ms`, `$(zap) ~41.2 ± 28 J · 3.20 s` (estimate), `$(zap) – · 3.20 s`. */
export function cellText(found: EnergyAboveIdle | undefined, durationS: number): string {
  return `$(zap) ${energy(found)} · ${seconds(durationS)}`;
}

/** For screen readers. */
export function cellSpoken(found: EnergyAboveIdle | undefined, durationS: number): string {
  const words = energy(found).replace("≤", "at most").replace("~", "about ").replace("±", "plus or minus");
  return `Wattline: ${found === undefined || words === unknownText ? "energy not known" : `${words} above idle`}, ${seconds(durationS).replace("<", "less than")}`;
}

/** Kernels tell times in whole milliseconds. */
function seconds(durationS: number): string {
  return durationS < 1e-3 ? "< 1 ms" : formatDuration(durationS);
}

function energy(found: EnergyAboveIdle | undefined): string {
  if (found === undefined) return unknownText;
  const about = found.source === "estimated" ? "~" : "";
  if (found.aboveIdleJ !== undefined) return `${about}${formatEnergy(found.aboveIdleJ, found.errorJ)}`;
  return found.atMostJ === undefined ? unknownText : `${about}${formatBound(found.atMostJ, "J")}`;
}

/**
 * The tooltip: how much, of which devices, and how it was found out. Plain text: that is what a cell's bar shows.
 * @param shared another cell ran at the same time
 */
export function cellTooltip(found: EnergyAboveIdle | undefined, durationS: number, shared: boolean): string {
  if (found === undefined) {
    return `This cell ran for ${seconds(durationS)}. Its energy is not known yet: the meters' readings of that time have not come.`;
  }
  const lines = [sentence(found), ...found.devices.map(deviceLine)];
  if (shared) lines.push("Another cell ran at the same time: its energy is in this too.");
  lines.push(
    "Measured from outside of the kernel: the meters at the cell's end minus at its start, minus what this machine " +
      "draws at idle. Other programs' work is in it; a kernel on another machine is not.",
  );
  return lines.join("\n");
}

function sentence({ aboveIdleJ, errorJ, atMostJ, totalJ, durationS, devices }: EnergyAboveIdle): string {
  const time = seconds(durationS);
  if (aboveIdleJ !== undefined) return `This machine used ${formatEnergy(aboveIdleJ, errorJ)} above idle in ${time}.`;
  if (atMostJ !== undefined)
    return `Too little or too short to say: ${formatBound(atMostJ, "J")} above idle in ${time}.`;
  if (devices.length === 0) return "No meter could be read on this machine.";
  if (totalJ === undefined) return `The meters were not read over all of these ${time}: run the cell again.`;
  return `This machine used ${formatEnergy(totalJ)} in all; what it draws at idle has not been seen yet.`;
}

function deviceLine({ device, aboveIdleJ, errorJ, atMostJ, totalJ, idlePowerW }: DeviceAboveIdle): string {
  const above =
    aboveIdleJ !== undefined
      ? formatEnergy(aboveIdleJ, errorJ)
      : atMostJ !== undefined
        ? formatBound(atMostJ, "J")
        : unknownText;
  const all = totalJ === undefined ? "" : `, ${formatEnergy(totalJ)} in all`;
  return `${device.name}: ${above} above idle (${formatPower(idlePowerW)})${all}, ${sourceMarks[device.source]} ${device.source}`;
}
