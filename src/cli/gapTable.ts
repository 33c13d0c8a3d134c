/** `wattline gap` for a terminal: the sentence, the totals, the layers that lose most, what would help. */
import { sourceMarks } from "../model/device";
import { formatEnergy, formatQuantity, formatShare, plural, unknownText } from "../model/format";
import type { GapLayer, GapReport, GapSums, Grouping } from "../model/gap";
import { printable, table, wrap } from "./table";

const columns = 110;
const shownLayers = 20;
const shownFusions = 5;
const longestName = 44;

export interface GapTableOptions {
  /** Groups in place of layers. */
  readonly by?: Grouping;
  /** All layers in the order in which they run. */
  readonly all: boolean;
}

export function gapTable(report: GapReport, options: GapTableOptions): string {
  const empty = report.layers.length === 0;
  const parts = [
    wrap(report.headline, columns, ""),
    empty ? "" : machineText(report),
    empty ? "" : totalsTable(report),
    empty ? "" : options.by === undefined ? layersTable(report, options.all) : groupsTable(report, options.by),
    fusionsText(report),
    hostText(report),
    wasteText(report),
    report.notes.map(({ message }) => wrap(printable(message), columns, "  ")).join("\n"),
  ];
  return `${parts.filter((part) => part !== "").join("\n\n")}\n`;
}

const stages = {
  pue: "the building",
  supply: "the power supply",
  node: "the rest of the node",
  device: "the device",
} as const;

/** From the plug, as far as it is known, to useful FLOPs. */
function wasteText({ waste }: GapReport): string {
  if (waste === undefined) return "";
  const { factor, decibels, usefulShare, parts, joulesPerFlop, source } = waste;
  const lost = parts.map(({ id, share }) => `${formatShare(share)} in ${stages[id]}`);
  const absent = (["pue", "supply"] as const).filter((id) => parts.every((part) => part.id !== id));
  const left = absent.length > 0 ? ` Not known, and so left out: ${absent.map((id) => stages[id]).join(", ")}.` : "";
  const text =
    `Waste factor ${factor.toPrecision(3)} (${decibels.toFixed(1)} dB) ${sourceMarks.modelled}: ${formatShare(usefulShare)} of the energy ` +
    `is what these FLOPs take at the device's best, ${formatQuantity(joulesPerFlop, "J")} each (${source}). Lost: ${lost.join(", ")}.${left}`;
  return wrap(text, columns, "");
}

function machineText({ device, iterations }: GapReport): string {
  const peak = device.mainDtype === undefined ? undefined : device.peakFlopsPerS?.[device.mainDtype];
  const limits =
    peak === undefined
      ? "limits not known"
      : `${formatQuantity(peak, "FLOP/s")} in ${device.mainDtype}, ${formatQuantity(device.bandwidthBytesPerS, "B/s")}, ` +
        `balance ${device.balanceFlopsPerByte!.toPrecision(3)} FLOP/B (${device.source})`;
  const left = iterations.leftOut > 0 ? `, ${iterations.leftOut} of warm-up left out` : "";
  return `${printable(device.name)}: ${limits}\nmean of ${plural(iterations.sampled, "iteration")}${left}`;
}

function totalsTable({ totals, energySource }: GapReport): string {
  const { timeS } = totals;
  const mark = energySource === undefined ? "" : ` ${sourceMarks[energySource]}`;
  const part = (name: string, partS: number | undefined) =>
    partS === undefined ? [] : [[name, formatQuantity(partS, "s"), formatShare(partS / timeS)]];
  const rows = [
    ["all layers, an iteration", formatQuantity(timeS, "s"), ""],
    ...part("  ideal: FLOPs at the peak", totals.idealTimeS),
    ...part("  lost to memory, at least", totals.memoryGapS),
    ...part("  lost to kernels, at most", totals.kernelGapS),
    ...part("  not told apart", totals.unsplitTimeS),
  ];
  const words = [
    ...(totals.flops === undefined ? [] : [formatQuantity(totals.flops, "FLOP")]),
    ...(totals.bytes === undefined ? [] : [`≥ ${formatQuantity(totals.bytes, "B")}`]),
    ...(totals.operationalIntensity === undefined ? [] : [`${totals.operationalIntensity.toPrecision(3)} FLOP/B`]),
    ...(totals.efficiency === undefined ? [] : [`${formatShare(totals.efficiency)} efficient`]),
    ...(totals.attainableEfficiency === undefined
      ? []
      : [`the roofline allows ${formatShare(totals.attainableEfficiency)}`]),
    ...(totals.energyJ === undefined
      ? []
      : [`${formatEnergy(totals.energyJ)}${mark}, ${formatEnergy(totals.lostEnergyJ)} of it lost`]),
  ];
  return `${table(rows, ["left", "right", "right"])}\n${wrap(words.join(" · "), columns, "")}`;
}

const numberHead = ["time", "of all", "lost", "memory", "kernel", "efficient", "FLOP/B", "energy"];
const numberAligns = numberHead.map(() => "right" as const);

function numbers(row: GapSums, totalS: number): string[] {
  const lostS = row.idealTimeS === undefined ? undefined : row.timeS - row.idealTimeS;
  return [
    formatQuantity(row.timeS, "s"),
    formatShare(row.timeS / totalS),
    formatQuantity(lostS, "s"),
    formatQuantity(row.memoryGapS, "s"),
    formatQuantity(row.kernelGapS, "s"),
    formatShare(row.efficiency),
    row.operationalIntensity === undefined ? unknownText : row.operationalIntensity.toPrecision(3),
    formatEnergy(row.energyJ),
  ];
}

function layersTable({ layers, totals }: GapReport, all: boolean): string {
  const lostS = (row: GapLayer) => row.timeS - (row.idealTimeS ?? 0);
  const shown = all ? layers : [...layers].sort((a, b) => lostS(b) - lostS(a)).slice(0, shownLayers);
  const rows = shown.map((row) => [
    cut(row.name),
    printable(row.kind),
    row.pass,
    ...numbers(row, totals.timeS),
    row.bound ?? unknownText,
    place(row),
  ]);
  const rest = layers.length - shown.length;
  const more = rest > 0 ? `\n… and ${rest} more: --all shows them in order, --json has everything` : "";
  const head = [all ? "layer" : "most lost", "type", "pass", ...numberHead, "bound", ""];
  return table([head, ...rows], ["left", "left", "left", ...numberAligns, "left", "left"]) + more;
}

function groupsTable({ groups, totals }: GapReport, by: Grouping): string {
  const rows = groups[by].map((group) => [cut(group.name), String(group.layers), ...numbers(group, totals.timeS)]);
  return table([[by, "layers", ...numberHead], ...rows], ["left", "right", ...numberAligns]);
}

function fusionsText({ fusions, totals }: GapReport): string {
  if (fusions.length === 0) return "";
  const savedS = fusions.reduce((sum, { savingS }) => sum + savingS, 0);
  const rows = fusions
    .slice(0, shownFusions)
    .map(({ kind, layers, timeS, savingS, file, line }) => [
      kind,
      cut(layers.length === 1 ? layers[0]! : `${layers[0]} … ${layers.at(-1)}`),
      formatQuantity(timeS, "s"),
      formatQuantity(savingS, "s"),
      place({ ...(file !== undefined && { file }), ...(line !== undefined && { line }) }),
    ]);
  const rest = fusions.length > rows.length ? `\n… and ${fusions.length - rows.length} more` : "";
  const advice = [...new Set(fusions.map((fusion) => fusion.advice))].map((text) => wrap(text, columns, "  "));
  const sentence = `Fusing ${plural(fusions.length, "chain")} would save ${formatQuantity(savedS, "s")} (${formatShare(savedS / totals.timeS)}) by the roofline ${sourceMarks.modelled}:`;
  const body = table([["", "layers", "time", "saves", ""], ...rows], ["left", "left", "right", "right", "left"]);
  return [sentence, body + rest, ...advice].join("\n");
}

function hostText({ host }: GapReport): string {
  if (host === undefined) return "";
  const { waits, iterationTimeS, modelShare, amdahl } = host;
  const limit = amdahl.limit === undefined ? "" : `, and never more than ${amdahl.limit.toPrecision(3)} times`;
  const sentence =
    `An iteration takes ${formatQuantity(iterationTimeS, "s")}; the model is ${formatShare(modelShare)} of it. ` +
    `A model twice as fast makes the iteration ${amdahl.twice.toPrecision(3)} times as fast, ` +
    `one ten times as fast ${amdahl.tenTimes.toPrecision(3)} times${limit}.`;
  const lines = waits.flatMap(({ text, places = [], basis }) => [
    wrap(`${basis === "modelled" ? `${sourceMarks.modelled} ` : ""}${text}`, columns, "  "),
    ...places.slice(0, 4).map((found) => `    line ${found.line}: ${printable(found.text)}`),
  ]);
  return [wrap(sentence, columns, ""), ...lines].join("\n");
}

function cut(name: string): string {
  const text = printable(name.slice(-200));
  return text.length > longestName ? `…${text.slice(1 - longestName)}` : text;
}

function place({ file, line }: Pick<GapLayer, "file" | "line">): string {
  if (file === undefined || line === undefined) return "";
  return printable(`${file.split(/[\\/]/).at(-1)}:${line}`);
}
