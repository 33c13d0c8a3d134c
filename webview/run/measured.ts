import { html, nothing, type TemplateResult } from "lit";
import type { RunView } from "../../src/messages/run";
import {
  formatBytes,
  formatCount,
  formatEnergy,
  formatPower,
  formatQuantity,
  formatRelativeError,
  formatShare,
  plural,
  unknownText,
} from "../../src/model/format";
import type { Report, ReportedDevice } from "../../src/model/report";
import { shownDeviceErrorJ } from "../../src/model/uncertainty";
import { dataTable } from "../shared/dataTable";
import { fold, pair } from "../shared/fold";
import { sourceMark } from "../shared/panelFrame";

/** "How this was measured": devices, meters, periods, errors, what was lost, and what Wattline itself cost. */
export function measured(
  view: RunView,
  report: Report,
  open: boolean,
  toggled: (open: boolean) => void,
): TemplateResult {
  const body = html`${dataTable(devices(report), true)} ${deviceRemarks(report)}
    <dl class="pairs">
      ${pair("Errors", "± is one standard error of the attribution. A sensor's own error, where its maker gives one, stands in the table and comes on top.")}
      ${pair("Phases", phaseMethod(report))} ${pair("Wattline itself", selfCost(report))}
      ${pair("Command", html`<code>${view.command}</code>`)}
      ${pair("Sources", html`${sourceMark("measured")} measured by a counter, ${sourceMark("integrated")} integrated from power over time, ${sourceMark("modelled")} modelled by a formula, ${sourceMark("estimated")} estimated from load.`)}
    </dl>
    ${
      report.warnings.length === 0
        ? nothing
        : html`<h3>Remarks</h3><ul class="remarks">${report.warnings.map((warning) => html`<li>${warning.message}</li>`)}</ul>`
    }`;
  return fold({ title: "How this was measured", inShort: inShort(report), open, toggled }, body);
}

/** `2 devices, estimated` on the folded line. */
function inShort(report: Report): string {
  const counted = report.devices.filter((device) => device.counted);
  const words = [...new Set(counted.map((device) => device.source))];
  return `${plural(counted.length, "device")}, ${words.length === 0 ? "no meter" : words.join(" and ")}`;
}

function devices(report: Report) {
  return {
    caption: "Devices and their meters",
    columns: [
      { name: "Device" },
      { name: "Energy", numeric: true },
      { name: "of that idle", numeric: true },
      { name: "Mean power", numeric: true },
      { name: "Meter" },
      { name: "New value every", numeric: true },
      { name: "Sensor error", numeric: true },
    ],
    rows: report.devices.map((device) => [
      html`<span class="clip" title=${device.id}>${device.name}</span>${device.counted ? nothing : html`<br /><span class="muted">${notCounted(device, report)}</span>`}`,
      formatEnergy(device.energyJ, shownDeviceErrorJ(device)),
      formatEnergy(device.idleEnergyJ),
      formatPower(device.averagePowerW),
      html`${sourceMark(device.source)} ${device.meter}, ${device.source}`,
      device.updatePeriodS === undefined ? unknownText : formatQuantity(device.updatePeriodS, "s"),
      formatRelativeError(device.gainError) ?? unknownText,
    ]),
  };
}

function notCounted(device: ReportedDevice, report: Report): string {
  if (device.partOf === undefined) return "not in the total";
  const whole = report.devices.find((other) => other.id === device.partOf)?.name ?? device.partOf;
  return `part of ${whole}, not added`;
}

/** What the table has no room for: formulas of estimates, spans in which a device could not be read, second opinions. */
function deviceRemarks(report: Report): TemplateResult {
  const remarks = report.devices.flatMap((device) => [
    ...(device.model === undefined ? [] : [`${device.name} is estimated: ${device.model}`]),
    ...(device.lost ?? []).map(
      (span) =>
        `${device.name} could not be read from ${span.fromS.toFixed(1)} s to ${span.toS.toFixed(1)} s: ${span.reason}`,
    ),
    ...(device.energyIntegratedJ === undefined
      ? []
      : [
          `${device.name}: power over time gives ${formatEnergy(device.energyIntegratedJ)}, its counter ${formatEnergy(device.energyJ)}.`,
        ]),
    ...(isShared(device) ? [`${device.name}, compute time: ${device.usedBy!.map(userText).join(", ")}.`] : []),
  ]);
  return html`<ul class="remarks">${remarks.map((remark) => html`<li>${remark}</li>`)}</ul>`;
}

/** A device that only the run used needs no words. */
function isShared({ usedBy = [] }: ReportedDevice): boolean {
  return usedBy.length > 1 || usedBy.some(({ ofRun }) => !ofRun);
}

function userText({ pid, share, ofRun }: NonNullable<ReportedDevice["usedBy"]>[number]): string {
  return `process ${pid}${ofRun ? " of this run" : ""} ${formatShare(share)}`;
}

function phaseMethod(report: Report): string {
  if (report.phases.length === 0) return "Energy was not split into phases in this run.";
  const spans = report.phases.reduce((sum, phase) => sum + phase.spans, 0);
  return `${plural(spans, "span")} of the program were matched with the meters' readings by least squares; all phases and the rest of the run add up to the total.`;
}

function selfCost(report: Report): string {
  const { cpuTimeS, residentBytes, addedTimePerIterationS, polls } = report.self;
  const share = report.run.durationS > 0 ? ` (${formatShare(cpuTimeS / report.run.durationS)} of one core)` : "";
  const added =
    addedTimePerIterationS === undefined
      ? ""
      : `, ${formatQuantity(addedTimePerIterationS, "s")} added to an iteration`;
  return `${formatQuantity(cpuTimeS, "s")} of CPU time${share}, ${formatBytes(residentBytes)} of memory${added}, ${formatCount(polls)} polls of meters.`;
}
