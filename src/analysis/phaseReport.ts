/** The phases of a run: from its traces and its devices' readings to rows of the report. */
import { isPhase, type PhaseName, phases as phaseOrder } from "../model/phase";
import type { Report, ReportedPhase, Warning } from "../model/report";
import type { Run } from "../model/run";
import type { Trace } from "../model/trace";
import { type Attribution, attribute } from "./attribution/attribute";
import { type FlatSegments, flattenSpans } from "./attribution/flattenSpans";
import { type DeviceEnergy, runWindow } from "./deviceEnergy";
import { mainTrace } from "./mainTrace";

export interface PhaseReport {
  readonly rows: readonly ReportedPhase[];
  readonly other: Report["other"];
  readonly warnings: readonly Warning[];
}

/**
 * Energy and time of each phase.
 *
 * A node's meters see all of its processes; the phases are those of one rank, the one that traced most: ranks of a
 * data-parallel run go through them in step.
 * @param counted the devices that make the total
 */
export function phaseReport(run: Run, counted: readonly DeviceEnergy[]): PhaseReport {
  const window = runWindow(run);
  const whole = window.toS - window.fromS;
  const totalJ = counted.reduce((sum, { energyJ = 0 }) => sum + energyJ, 0);
  const nothing: PhaseReport = { rows: [], other: { energyJ: totalJ, durationS: whole }, warnings: [] };
  const trace = mainTrace(run.traces);
  if (trace === undefined || counted.length === 0) return nothing;
  const { names, segments, spans } = phasesOf(trace);
  if (names.length === 0) return nothing;
  const answers = counted.map((device) => attributeDevice(device, segments, names.length, window.fromS, window.toS));
  const unsaid = answers.find((answer) => !answer.known);
  if (unsaid && !unsaid.known) {
    return { ...nothing, warnings: [{ code: "too-short", message: `Phases cannot be told apart: ${unsaid.reason}` }] };
  }
  const found = answers.flatMap((answer) => (answer.known ? [answer.value] : []));
  const rows = names.flatMap((phase, column): ReportedPhase[] => {
    const durationS = found[0]!.durationS[column]!;
    if (!(durationS > 0)) return [];
    const energyJ = found.reduce((sum, one) => sum + one.energyJ[column]!, 0);
    const inseparable = inseparableFrom(found, column, names);
    return [
      {
        phase,
        energyJ,
        standardErrorJ: Math.hypot(...found.map((one) => one.standardErrorJ[column]!)),
        durationS,
        averagePowerW: energyJ / durationS,
        spans: spans[column]!,
        ...(inseparable.length > 0 && { inseparableFrom: inseparable }),
      },
    ];
  });
  return { ...conserved(inOrder(rows), totalJ, whole), warnings: inseparableWarnings(rows) };
}

/** A trace's phases as columns; what it calls `other` is what no column covers. */
function phasesOf(trace: Trace): { names: PhaseName[]; segments: FlatSegments; spans: number[] } {
  const counts = new Map<number, number>();
  for (const phase of trace.spans.phase) counts.set(phase, (counts.get(phase) ?? 0) + 1);
  const codes = [...counts.keys()].filter((code) => trace.phaseNames[code] !== "other").sort((a, b) => a - b);
  const columns = new Map(codes.map((code, column) => [code, column]));
  const rest = codes.length;
  const phase = Int32Array.from(trace.spans.phase, (code) => columns.get(code) ?? rest);
  const flat = flattenSpans({ startS: trace.spans.startS, durationS: trace.spans.durationS, phase });
  return {
    names: codes.map((code) => trace.phaseNames[code]!),
    segments: withoutPhase(flat, rest),
    spans: codes.map((code) => counts.get(code)!),
  };
}

function withoutPhase(segments: FlatSegments, column: number): FlatSegments {
  if (!segments.phase.includes(column)) return segments;
  const keep = (_: number, index: number) => segments.phase[index] !== column;
  return {
    startS: segments.startS.filter(keep),
    endS: segments.endS.filter(keep),
    phase: segments.phase.filter(keep),
    span: segments.span.filter(keep),
  };
}

function attributeDevice(
  { readings, holes, device }: DeviceEnergy,
  segments: FlatSegments,
  phases: number,
  windowStartS: number,
  windowEndS: number,
) {
  return attribute({
    readings: readings!,
    segments,
    phases,
    windowStartS,
    windowEndS,
    holes,
    ...(device.averagingWindowS !== undefined && { averagingWindowS: device.averagingWindowS }),
  });
}

/** Rows and other add up to the total; the lag between meter and trace may have moved a sliver over the run's ends. */
function conserved(rows: readonly ReportedPhase[], totalJ: number, wholeS: number): Omit<PhaseReport, "warnings"> {
  const rowsJ = rows.reduce((sum, { energyJ }) => sum + energyJ, 0);
  const durationS = Math.max(0, wholeS - rows.reduce((sum, row) => sum + row.durationS, 0));
  if (rowsJ <= totalJ) return { rows, other: { energyJ: totalJ - rowsJ, durationS } };
  const share = totalJ / rowsJ;
  const scaled = rows.map((row) => ({
    ...row,
    energyJ: row.energyJ * share,
    averagePowerW: row.averagePowerW * share,
  }));
  return { rows: scaled, other: { energyJ: 0, durationS } };
}

/** The field's phases in their order, then the user's own by energy. */
function inOrder(rows: readonly ReportedPhase[]): ReportedPhase[] {
  const place = ({ phase }: ReportedPhase) => (isPhase(phase) ? phaseOrder.indexOf(phase) : phaseOrder.length);
  return [...rows].sort((a, b) => place(a) - place(b) || b.energyJ - a.energyJ);
}

/** `other` may be in a group too: it is named so that nobody takes the row alone for sure. */
function inseparableFrom(found: readonly Attribution[], column: number, names: readonly PhaseName[]): PhaseName[] {
  const columns = new Set(found.flatMap(({ groups }) => groups.filter((group) => group.includes(column)).flat()));
  columns.delete(column);
  return [...columns].sort((a, b) => a - b).map((other) => names[other] ?? "other");
}

function inseparableWarnings(rows: readonly ReportedPhase[]): Warning[] {
  const groups = new Set(
    rows.flatMap(({ phase, inseparableFrom: others }) => (others ? [[phase, ...others].sort().join(", ")] : [])),
  );
  return [...groups].map((group) => ({
    code: "phases-inseparable",
    message: `${group} cannot be told apart by this meter: their sum is known far better than each.`,
  }));
}
