import { formatBytes, formatCount, formatQuantity, formatRange, unknownText } from "../model/format";
import type { FormatAnswer, QuantReport } from "../model/quantization";
import { verifyText } from "./quantVerifyTable";
import { printable, table, wrap } from "./table";

const columns = 100;
/** Layers that are named in the table; `--json` has all. */
const mostLayers = 8;

/** What `wattline quant` prints for people: the advice first, then what it rests on. */
export function quantTable(report: QuantReport): string {
  const { model, device, request } = report;
  const parts = [
    wrap(printable(report.headline), columns, ""),
    [
      `Model   ${printable([model.name, model.architecture].filter(Boolean).join(", ") || "unnamed")}: ${formatCount(model.parameters)} parameters, ${formatBytes(model.weightBytes)} of ${printable(model.dtype)}${model.source === "config" ? " (by config.json, no weights here)" : ""}`,
      `Device  ${deviceText(device)}`,
      `Asked   ${request.mode === "sync" ? "one request at a time" : "many requests at a time"}, batch ${request.batch}, ${formatCount(request.contextTokens)} tokens of context${request.latencyBound ? ", tight latency bound" : ""}, language ${printable(request.language)}; KV cache ${report.kvCacheBytes === undefined ? "not known (no config.json)" : formatBytes(report.kvCacheBytes)}`,
    ].join("\n"),
    formatTable(report),
    rulesText(report),
    proposalText(report),
    layersText(report),
    report.verify === undefined ? "" : verifyText(report.verify, columns),
    ...(report.warnings.length > 0 ? [report.warnings.map(({ message }) => hanging("! ", message)).join("\n")] : []),
    scanText(report),
  ].filter((part) => part !== "");
  return `${parts.join("\n\n")}\n`;
}

/** A mark, then text whose later lines begin under its first word. */
function hanging(mark: string, text: string): string {
  const indent = " ".repeat([...mark].length);
  return mark + wrap(printable(text), columns, indent).slice(indent.length);
}

function deviceText(device: QuantReport["device"]): string {
  if (device === undefined) return "none named";
  const facts = [
    device.memoryBytes === undefined ? "" : formatBytes(device.memoryBytes),
    device.computeCapability === undefined ? "" : `compute capability ${device.computeCapability.toFixed(1)}`,
  ].filter(Boolean);
  return `${device.count > 1 ? `${device.count} × ` : ""}${printable(device.name)}${facts.length > 0 ? ` (${facts.join(", ")})` : ""}`;
}

function formatTable(report: QuantReport): string {
  const heading = ["", "Format", "Bits", "Weights", "In all", "Fits", "Time/token ○", "Energy/token ○", "Kept", "SQNR"];
  const rows = report.formats.map((answer) => [
    answer.format === report.proposal.format ? "→" : "",
    answer.format,
    answer.bitsPerWeight.toFixed(2),
    formatBytes(answer.weightBytes),
    formatBytes(answer.totalBytes),
    answer.runs === false ? "no kernel" : answer.fits === undefined ? unknownText : answer.fits ? "yes" : "no",
    formatRange(answer.timePerTokenS, "s"),
    formatRange(answer.energyPerTokenJ, "J"),
    answer.recovery === undefined ? unknownText : `${answer.recovery.percent.toFixed(1)} %`,
    answer.sqnrDb === undefined ? unknownText : `${answer.sqnrDb.toFixed(1)} dB`,
  ]);
  const drawn = table(
    [heading, ...rows],
    ["left", "left", "right", "right", "right", "left", "right", "right", "right", "right"],
  );
  return [drawn, ...notesUnder(report)].join("\n");
}

function notesUnder({ modelled, formats, proposal }: QuantReport): string[] {
  const recovery =
    (formats.find(({ format }) => format === proposal.format) as FormatAnswer).recovery ??
    formats.find((answer) => answer.recovery)?.recovery;
  return [
    "In all: weights, KV cache and a tenth for the rest.",
    ...(recovery === undefined ? [] : [`Kept: ${recovery.citation}.`]),
    ...(modelled === undefined
      ? []
      : [`○ modelled: ${modelled.formula}.${modelled.outside === undefined ? "" : ` ${modelled.outside}`}`]),
  ].map((line) => wrap(printable(line), columns, "  "));
}

function rulesText({ rules }: QuantReport): string {
  const line = (rule: (typeof rules)[number]) => {
    const more = rule.fired ? [rule.effect, rule.citation].filter((text) => text !== undefined).join("; ") : "";
    return hanging(
      `${rule.decides ? "→" : rule.fired ? "•" : " "} ${rule.id.padEnd(4)}`,
      `${rule.reason}${more === "" ? "" : ` [${more}]`}`,
    );
  };
  return ["Rules (→ decides, • holds; the others do not)", ...rules.map(line)].join("\n");
}

function proposalText({ proposal, layers }: QuantReport): string {
  const head = hanging(
    "Proposal  ",
    `${proposal.format}, ${proposal.recipe}: ${formatBytes(proposal.weightBytes)} of weights.`,
  );
  if (proposal.overrides.length === 0) {
    return layers.length === 0 ? head : `${head}\n          All layers alike: none is hurt more than its kind.`;
  }
  const rows = proposal.overrides.map(({ pattern, format, reason }) =>
    hanging("          ", `${format}  ${pattern}  ${reason}`),
  );
  return [head, "          but", ...rows, "          (thresholds are a proposal: test on your data)"].join("\n");
}

function layersText({ layers, proposal }: QuantReport): string {
  if (layers.length === 0) return "";
  const own = proposal.format in (layers[0]?.sqnrDb ?? {}) ? proposal.format : "int4-g128";
  const sqnr = (layer: (typeof layers)[number]) => layer.sqnrDb[own as keyof typeof layer.sqnrDb];
  const worst = [...layers].sort((a, b) => (sqnr(a) ?? 999) - (sqnr(b) ?? 999)).slice(0, mostLayers);
  const heading = ["Most hurt layers", "Shape", "Kurtosis", "Max/σ", own, ""];
  const rows = worst.map((layer) => [
    printable(layer.name),
    layer.shape.join(" × "),
    layer.kurtosis.toFixed(2),
    layer.maxOverSigma.toFixed(1),
    sqnr(layer) === undefined ? unknownText : `${sqnr(layer)!.toFixed(1)} dB`,
    layer.flagged ? "kurtosis stands out" : "",
  ]);
  const drawn = table([heading, ...rows], ["left", "left", "right", "right", "right", "left"]);
  return layers.length > worst.length ? `${drawn}\n(${layers.length - worst.length} more: --json has all)` : drawn;
}

function scanText({ scan, skipped }: QuantReport): string {
  const left = skipped.slice(0, 5).map(({ name, reason }) => hanging("Left out: ", `${name}: ${reason}.`));
  if (skipped.length > left.length) left.push(`and ${skipped.length - left.length} more (--json).`);
  const read =
    scan.state === "header-only"
      ? "Only the header was read: no statistics of the weights."
      : `Read ${formatBytes(scan.bytesRead)} of weights in ${formatQuantity(scan.elapsedS, "s")}.`;
  return [...left, read].join("\n");
}
