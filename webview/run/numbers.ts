import type { RunView } from "../../src/messages/run";
import type { Source } from "../../src/model/device";
import {
  formatBound,
  formatDuration,
  formatQuantity,
  formatRelativeError,
  formatShare,
  plural,
  quantityParts,
  tooShort,
  unknownText,
  weakestSource,
} from "../../src/model/format";
import type { Report } from "../../src/model/report";
import { shownErrorJ, shownTotalErrorJ, totalGainError } from "../../src/model/uncertainty";
import type { Note, Tile } from "../shared/panelFrame";

/** The source of a number that all counted devices went into. */
export function totalSource(report: Report): Source | undefined {
  return weakestSource(report.devices.filter((device) => device.counted).map((device) => device.source));
}

/** Energy of a phase over all ranks and devices, with its share of the whole. */
export interface PhaseSum {
  readonly phase: string;
  readonly energyJ: number;
  readonly standardErrorJ: number;
  readonly durationS: number;
  readonly spans: number;
  readonly inseparableFrom: readonly string[];
}

/** Rows of a phase are disjoint (a rank and device each), so energies add and their errors add as squares. */
export function sumPhases(report: Report): PhaseSum[] {
  const sums = new Map<string, PhaseSum>();
  for (const row of report.phases) {
    const before = sums.get(row.phase);
    sums.set(row.phase, {
      phase: row.phase,
      energyJ: (before?.energyJ ?? 0) + row.energyJ,
      standardErrorJ: Math.hypot(before?.standardErrorJ ?? 0, row.standardErrorJ),
      // Devices of one rank share their time; ranks each have their own.
      durationS: Math.max(before?.durationS ?? 0, row.durationS),
      spans: Math.max(before?.spans ?? 0, row.spans),
      inseparableFrom: [...new Set([...(before?.inseparableFrom ?? []), ...(row.inseparableFrom ?? [])])],
    });
  }
  return [...sums.values()];
}

/** The four numbers on top. Without a report their places are there, empty. */
export function tiles(report: Report | undefined): Tile[] {
  if (report === undefined) {
    return ["energy", "energy per iteration", "mean power", "data wait"].map((label) => ({
      label,
      number: unknownText,
      unit: "",
    }));
  }
  const source = totalSource(report);
  return [
    energyTile(report, source),
    iterationTile(report, source),
    powerTile(report, source),
    dataTile(report, source),
  ];
}

function energyTile(report: Report, source: Source | undefined): Tile {
  if (report.energyJ !== undefined) {
    return known(
      "energy",
      report.energyJ,
      "J",
      shownTotalErrorJ(report),
      source,
      `All counted devices together.${withGain(report)}`,
    );
  }
  const atLeast = atLeastText(report);
  if (report.energyAtMostJ === undefined) return unknown("energy", atLeast);
  const [, number = unknownText, unit = ""] = /^(≤ \S+) (\S+)$/.exec(formatBound(report.energyAtMostJ, "J")) ?? [];
  return { label: "energy", number, unit, ...(source === undefined ? {} : { source }), reason: atLeast };
}

/** The sensors' own error is in what is shown; phases and shares, which compare on the same sensors, leave it out. */
function withGain(report: Report): string {
  const gain = formatRelativeError(totalGainError(report));
  return gain === undefined ? "" : ` ${gain} of it is the sensors' own error.`;
}

function iterationTile(report: Report, source: Source | undefined): Tile {
  const { count, energyPerIterationJ, standardErrorJ, durationPerIterationS, excluded } = report.iterations;
  const label = "energy per iteration";
  if (energyPerIterationJ === undefined) return unknown(label, whyNoIterations(report));
  const left = excluded.warmUp + excluded.outliers + (excluded.layerTable ?? 0) + (excluded.settling ?? 0);
  const title = `Mean of ${plural(count - left, "iteration")}; ${left} of ${count} left out. ${formatDuration(durationPerIterationS)} each.`;
  const error = shownErrorJ(report, energyPerIterationJ, standardErrorJ);
  return known(label, energyPerIterationJ, "J", error, source, `${title}${withGain(report)}`);
}

function powerTile(report: Report, source: Source | undefined): Tile {
  const { durationS } = report.run;
  if (report.energyJ === undefined || !(durationS > 0)) return unknown("mean power", atLeastText(report));
  const errorJ = shownTotalErrorJ(report);
  const error = errorJ === undefined ? undefined : errorJ / durationS;
  const title = `Energy divided by the run's duration.${withGain(report)}`;
  return known("mean power", report.energyJ / durationS, "W", error, source, title);
}

function dataTile(report: Report, source: Source | undefined): Tile {
  const label = "data wait";
  const data = sumPhases(report).find((sum) => sum.phase === "data");
  if (report.energyJ === undefined || !(report.energyJ > 0)) return unknown(label, atLeastText(report));
  if (data === undefined) {
    return unknown(label, report.phases.length === 0 ? whyNoPhases(report) : "no wait for data was seen");
  }
  const share = data.energyJ / report.energyJ;
  const error = data.standardErrorJ / report.energyJ;
  const [number = unknownText, unit = ""] = formatShare(share).split(/ (?=%)/);
  if (error >= share)
    return { label, number: "–", unit: "", reason: `${tooShort}: ${plusMinus(data.energyJ, data.standardErrorJ)}` };
  const errorText = formatShare(error);
  return {
    label,
    number,
    unit,
    ...(error >= 0.0005 ? { error: `±${errorText}` } : {}),
    ...(source === undefined ? {} : { source }),
    title: `Share of the energy spent while the program waited for data: ${formatQuantity(data.energyJ, "J", data.standardErrorJ)} in ${formatDuration(data.durationS)}.`,
  };
}

function known(
  label: string,
  value: number,
  unit: string,
  error: number | undefined,
  source: Source | undefined,
  title: string,
): Tile {
  const parts = quantityParts(value, unit, error);
  if (parts.unit === "") return unknown(label, undefined);
  if (parts.doubtful)
    return { label, number: unknownText, unit: "", reason: `${tooShort}: ${plusMinus(value, error!, unit)}` };
  const exact = formatQuantity(value, unit, error);
  return {
    label,
    number: parts.number,
    unit: parts.unit,
    ...(parts.relativeError === undefined ? {} : { error: parts.relativeError }),
    ...(source === undefined ? {} : { source }),
    title: `${exact}, ${source ?? "source not known"}. ${title} ± is one standard error.`,
  };
}

/** Value and error even where the error is the larger: for a reason, not for a number. */
function plusMinus(value: number, error: number, unit = "J"): string {
  return `${formatQuantity(value, unit)} ± ${formatQuantity(error, unit)}`;
}

function unknown(label: string, reason: string | undefined): Tile {
  return { label, number: unknownText, unit: "", ...(reason === undefined ? {} : { reason }) };
}

function atLeastText(report: Report): string {
  if (report.runAtLeastS === undefined) return tooShort;
  const wholeS = Math.ceil(report.runAtLeastS);
  return `${tooShort}; run at least ${wholeS < 100 ? `${wholeS} s` : formatDuration(wholeS)}`;
}

function whyNoIterations(report: Report): string {
  if (report.energyJ === undefined) return atLeastText(report);
  return report.iterations.count === 0
    ? whyNoPhases(report)
    : `${tooShort}: ${plural(report.iterations.count, "iteration")}`;
}

/** In three words; the note on top has the sentence. */
export function whyNoPhases(report: Report): string {
  if (report.warnings.some((warning) => warning.code === "no-trace")) return "not traced";
  return report.energyJ === undefined ? atLeastText(report) : "no training loop was seen";
}

const onTop: Partial<Record<Report["warnings"][number]["code"], Note["kind"]>> = {
  interrupted: "warning",
  "meter-lost": "warning",
  "meters-disagree": "warning",
  "shared-device": "warning",
  "no-trace": "info",
  "too-short": "info",
  "estimate-only": "info",
};

/** Warnings that change how the page is to be read stand on top; the others wait under "How this was measured". */
export function notes(view: RunView): Note[] {
  const warnings = view.report?.warnings ?? [];
  const lines = warnings.flatMap((warning): Note[] => {
    const kind = onTop[warning.code];
    return kind === undefined ? [] : [{ kind, text: warning.message }];
  });
  if (view.state === "interrupted" && !warnings.some((warning) => warning.code === "interrupted")) {
    lines.unshift({ kind: "warning", text: "The run was interrupted. What was recorded until then is shown." });
  }
  if (view.state === "finished" && ((view.exitCode ?? 0) !== 0 || view.signal !== undefined)) {
    const how = view.signal === undefined ? `ended with exit code ${view.exitCode}` : `was ended by ${view.signal}`;
    lines.unshift({ kind: "warning", text: `The program ${how}. The energy up to then is shown.` });
  }
  return lines.sort((a, b) => rank(a) - rank(b));
}

function rank(note: Note): number {
  return ["error", "warning", "info"].indexOf(note.kind);
}
