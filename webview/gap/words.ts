/** What is said of a layer or a group: on hover, to screen readers, in the table. */
import { formatBytes, formatEnergy, formatQuantity, formatShare, unknownText } from "../../src/model/format";
import type { Item } from "./items";

export function formatIntensity(intensity: number | undefined): string {
  return formatQuantity(intensity, "FLOP/B");
}

/** `memory-bound`; undefined where it cannot be said. */
export function boundText({ row, intensity }: Item, balance: number | undefined): string | undefined {
  if (row?.bound !== undefined) return `${row.bound}-bound`;
  if (row !== undefined || intensity === undefined || balance === undefined) return undefined;
  return intensity < balance ? "memory-bound" : "compute-bound";
}

export function placeText({ file, line }: Pick<Item, "file" | "line">): string | undefined {
  return file === undefined || line === undefined ? undefined : `${fileName(file)}:${line}`;
}

export function fileName(path: string): string {
  return path.split(/[\\/]/).pop() ?? path;
}

export function tipRows(item: Item, balance: number | undefined): [string, string][] {
  const share = (partS: number) => `${formatQuantity(partS, "s")}, ${formatShare(partS / item.timeS)}`;
  const bound = boundText(item, balance);
  const place = placeText(item);
  return [
    ["", [item.kind, item.pass].filter((part) => part !== undefined).join(", ")],
    ["time", formatQuantity(item.timeS, "s", item.row?.standardErrorS)],
    ["efficient", formatShare(item.efficiency)],
    ...(item.memoryS > 0 ? [["to memory", `≥ ${share(item.memoryS)}`] as [string, string]] : []),
    ...(item.kernelS > 0 ? [["to the kernel", `≤ ${share(item.kernelS)}`] as [string, string]] : []),
    ["intensity", formatIntensity(item.intensity)],
    ...(bound === undefined ? [] : [["", bound] as [string, string]]),
    ...(item.energyJ === undefined ? [] : [["energy", formatEnergy(item.energyJ)] as [string, string]]),
    ...(place === undefined ? [] : [["line", place] as [string, string]]),
  ];
}

/** One sentence for screen readers. */
export function sayItem(item: Item): string {
  const words = [
    `${item.name}, ${item.kind}`,
    ...(item.pass === undefined ? [] : [item.pass]),
    formatQuantity(item.timeS, "s"),
    ...(item.efficiency === undefined ? [] : [`${formatShare(item.efficiency)} efficient`]),
    `${formatShare(item.memoryS / item.timeS)} lost to memory`,
    `${formatShare(item.kernelS / item.timeS)} to the kernel`,
  ];
  return words.join(", ");
}

export const tableColumns = [
  { name: "Layer" },
  { name: "Type" },
  { name: "Pass" },
  { name: "Time", numeric: true },
  { name: "Ideal", numeric: true },
  { name: "Memory ≥", numeric: true },
  { name: "Kernel ≤", numeric: true },
  { name: "Efficient", numeric: true },
  { name: "FLOPs", numeric: true },
  { name: "Bytes ≥", numeric: true },
  { name: "Intensity", numeric: true },
  { name: "Energy", numeric: true },
  { name: "Line" },
] as const;

export function tableRow(item: Item): string[] {
  const known = item.row === undefined || item.row.idealTimeS !== undefined;
  const split = item.row === undefined || item.row.memoryGapS !== undefined;
  return [
    item.name,
    item.kind,
    item.pass ?? "both",
    formatQuantity(item.timeS, "s"),
    known ? formatQuantity(item.idealS, "s") : unknownText,
    split ? formatQuantity(item.memoryS, "s") : unknownText,
    split ? formatQuantity(item.kernelS, "s") : unknownText,
    formatShare(item.efficiency),
    formatQuantity(item.flops, "FLOP"),
    formatBytes(item.bytes),
    formatIntensity(item.intensity),
    formatEnergy(item.energyJ),
    placeText(item) ?? unknownText,
  ];
}
