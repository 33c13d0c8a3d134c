import { html, nothing, type TemplateResult } from "lit";
import type { QuantView } from "../../src/messages/quant";
import { formatBytes, formatRange, unknownText } from "../../src/model/format";
import type { FormatAnswer } from "../../src/model/quantization";
import { icon } from "../shared/icons";
import { sectionTitle, sourceMark } from "../shared/panelFrame";

/** Every format as a row: the proposal marked, those that cannot run or do not fit dimmed with the reason. */
export function formatTable(view: QuantView): TemplateResult {
  const { report } = view;
  return html`<section aria-label="Formats">
    ${sectionTitle("Formats")}
    <div class="table-scroll formats" role="region" aria-label="Formats" tabindex="0">
      <table class="data">
        <thead>
          <tr>
            <th scope="col">Format</th>
            <th scope="col" class="numeric" title="Weights in this format">Weights</th>
            <th scope="col" class="numeric" title="With KV cache and a tenth for the rest">In all</th>
            <th scope="col">On this device</th>
            <th scope="col" class="numeric">Time a token ${sourceMark("modelled")}</th>
            <th scope="col" class="numeric">Energy a token ${sourceMark("modelled")}</th>
            <th scope="col" class="numeric">Accuracy kept</th>
            <th scope="col" class="numeric" title="Signal to noise of all weights, rounded to nearest">SQNR</th>
          </tr>
        </thead>
        <tbody>
          ${report.formats.map((row) => formatRow(row, row.format === report.proposal.format))}
        </tbody>
      </table>
    </div>
    ${footnotes(view).map((note) => html`<p class="muted remark">${note}</p>`)}
  </section>`;
}

function formatRow(row: FormatAnswer, isProposed: boolean): TemplateResult {
  const impossible = row.runs === false || row.fits === false;
  const recovery = row.recovery;
  return html`<tr class="${isProposed ? "proposed" : ""} ${impossible ? "dimmed" : ""}">
    <th scope="row">
      <span class="chosen">${isProposed ? icon("arrow") : nothing}</span>${row.format}${
        isProposed ? html`<span class="sr-only"> (proposed)</span>` : nothing
      }
    </th>
    <td class="numeric">${formatBytes(row.weightBytes)}</td>
    <td class="numeric">${formatBytes(row.totalBytes)}</td>
    <td class="where" title=${row.reason ?? nothing}>${whereText(row)}</td>
    <td class="numeric">${formatRange(row.timePerTokenS, "s")}</td>
    <td class="numeric">${formatRange(row.energyPerTokenJ, "J")}</td>
    <td class="numeric" title=${recovery?.citation ?? "Nobody published it"}>
      ${recovery === undefined ? unknownText : `${recovery.percent.toFixed(1)} %`}
    </td>
    <td class="numeric">${row.sqnrDb === undefined ? unknownText : `${row.sqnrDb.toFixed(1)} dB`}</td>
  </tr>`;
}

function whereText(row: FormatAnswer): string {
  if (row.runs === false) return row.reason ?? "no kernel";
  if (row.fits === false) return "does not fit";
  return row.fits === true ? "fits" : unknownText;
}

/** Where the numbers come from, and how far they hold. */
function footnotes({ report }: QuantView): string[] {
  const cited =
    report.formats.find(({ format }) => format === report.proposal.format)?.recovery ??
    report.formats.find(({ recovery }) => recovery !== undefined)?.recovery;
  const { modelled } = report;
  return [
    ...(cited === undefined ? [] : [`Accuracy kept: ${cited.citation}.`]),
    ...(modelled === undefined
      ? ["Time and energy are not predicted for this device."]
      : [`Modelled: ${modelled.formula}.${modelled.outside === undefined ? "" : ` ${modelled.outside}`}`]),
  ];
}
