import { formatDuration, formatEnergy, formatPower, unknownText } from "../../../src/model/format";
import type { DataTable } from "../dataTable";
import type { PowerStore } from "./powerStore";
import type { Window } from "./zoom";

export interface TimelineDevice {
  readonly id: string;
  readonly name: string;
  /** Part of a sum over devices. */
  readonly counted: boolean;
  readonly power: PowerStore;
}

/** A time as exactly as a window shows it that is so many pixels wide. */
export function timeText(timeS: number, window: Window, widthPx: number): string {
  const pixelS = (window.to - window.from) / Math.max(1, widthPx);
  const decimals = Math.min(6, Math.max(1, Math.ceil(-Math.log10(pixelS))));
  return `${timeS.toFixed(decimals)} s`;
}

/** `3.2 s, 141 J`: length and energy of a span, counted devices together; with gaps, for how long there are readings. */
export function sumText(devices: readonly TimelineDevice[], span: Window): string {
  const counted = devices.filter((device) => device.counted && device.power.length > 1);
  const parts = counted.map((device) => device.power.between(span.from, span.to));
  const lengthS = span.to - span.from;
  const coveredS = Math.min(...parts.map((part) => part.coveredS));
  if (parts.length === 0 || !(coveredS > 0)) return `${formatDuration(lengthS)}, ${unknownText}`;
  const energy = formatEnergy(parts.reduce((sum, part) => sum + part.energyJ, 0));
  const partly = coveredS < 0.9 * lengthS ? ` in the ${formatDuration(coveredS)} with readings` : "";
  return `${formatDuration(lengthS)}, ${energy}${partly}`;
}

/** The curves in twenty equal parts of what is in sight. */
export function powerTable(devices: readonly TimelineDevice[], window: Window): DataTable {
  const parts = 20;
  const edge = (i: number) => window.from + ((window.to - window.from) * i) / parts;
  const rows = Array.from({ length: parts }, (_, i) => [
    `${timeText(edge(i), window, parts * 10)} – ${timeText(edge(i + 1), window, parts * 10)}`,
    ...devices.map((device) => {
      const { energyJ, coveredS } = device.power.between(edge(i), edge(i + 1));
      return coveredS > 0 ? `${formatPower(energyJ / coveredS)}, ${formatEnergy(energyJ)}` : unknownText;
    }),
  ]);
  return {
    caption: "Mean power and energy in twenty parts of the time shown",
    columns: [{ name: "Time" }, ...devices.map((device) => ({ name: device.name, numeric: true }))],
    rows,
  };
}
