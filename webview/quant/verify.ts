import { html, nothing, type TemplateResult } from "lit";
import type { QuantView } from "../../src/messages/quant";
import { formatQuantity, unknownText } from "../../src/model/format";
import type { VerifiedFormat, VerifyAnswer } from "../../src/model/verify";
import { dataTable } from "../shared/dataTable";
import { sectionTitle } from "../shared/panelFrame";

export interface VerifyView {
  readonly view: QuantView;
  start(): void;
  cancel(): void;
}

/** "Verify on my data": the button, how far it is, and one table of what was measured. */
export function verifySection({ view, start, cancel }: VerifyView): TemplateResult {
  const { verify, report } = view;
  const isRunning = verify.state === "running";
  const possible = report.model.alreadyQuantized === undefined && view.scan.state !== "running";
  const button = isRunning
    ? html`<vscode-button appearance="secondary" @click=${cancel}>Cancel</vscode-button>`
    : html`<vscode-button appearance="secondary" ?disabled=${!possible} @click=${start}>Verify on My Data…</vscode-button>`;
  return html`<section aria-label="Verify on my data">
    ${sectionTitle("Verify on my data", button)}
    ${
      verify.state === "running"
        ? html`<p role="status">${verify.text} …${verify.share === undefined ? "" : ` ${Math.floor(100 * verify.share)} %`}</p>
            ${verify.share === undefined ? nothing : html`<progress max="1" .value=${verify.share}></progress>`}`
        : nothing
    }
    ${verify.state === "failed" ? html`<p class="failure" role="alert">${verify.message}</p>` : nothing}
    ${
      report.verify === undefined
        ? isRunning
          ? nothing
          : html`<p class="muted">Runs the model in your own Python, on texts of yours, as it is and with rounded weights: what each format loses, and where it can be run here its time and energy. Nothing is written and nothing is downloaded.</p>`
        : answer(report.verify)
    }
  </section>`;
}

function answer(verify: VerifyAnswer): TemplateResult {
  const isText = verify.metric === "perplexity";
  const value = (each: number) => (isText ? each.toPrecision(4) : `${(100 * each).toFixed(1)} %`);
  const scale = isText ? 100 / verify.baseline : 100;
  const signed = (each: number) => `${each >= 0 ? "+" : "−"}${Math.abs(each * scale).toFixed(2)}`;
  const unit = isText ? " %" : " points";
  const row = (each: VerifiedFormat) => [
    each.mixed ? `${each.format} with exceptions` : each.format,
    value(each.value),
    `${signed(each.change)}${unit}`,
    `${signed(each.interval[0])} … ${signed(each.interval[1])}`,
    each.agreement === undefined ? unknownText : `${(100 * each.agreement).toFixed(1)} %`,
    timeText(each),
    energyText(each),
  ];
  const notes = [...verify.notes, ...(verify.calibration === undefined ? [] : [verify.calibration.message])];
  return html`<p>
      ${isText ? "Perplexity" : "Accuracy"} ${value(verify.baseline)} as it is, on ${verify.samples} texts${
        verify.tokens === undefined ? "" : ` with ${verify.tokens.toLocaleString("en")} tokens`
      } (${verify.device}, ${verify.computedIn}).
    </p>
    ${dataTable(
      {
        caption: "Measured on your data; intervals are 95 %",
        columns: [
          { name: "Format" },
          { name: isText ? "Perplexity" : "Accuracy", numeric: true },
          { name: "Change", numeric: true },
          { name: "Interval", numeric: true },
          { name: "Same choice", numeric: true },
          { name: `Time a ${verify.unit} ●`, numeric: true },
          { name: `Energy a ${verify.unit}`, numeric: true },
        ],
        rows: [
          ["as it is", value(verify.baseline), "", "", "", timeText(verify), energyText(verify)],
          ...verify.formats.map(row),
        ],
      },
      true,
    )}
    ${notes.map((note) => html`<p class="muted remark">${note}</p>`)}`;
}

function timeText(
  each: Pick<VerifiedFormat, "timePerTokenS" | "timeRatio" | "timeRatioInterval" | "notMeasured">,
): TemplateResult | string {
  if (each.timePerTokenS === undefined) {
    return html`<span title=${each.notMeasured ?? "not measured"} aria-label=${each.notMeasured ?? "not measured"}>${unknownText}</span>`;
  }
  const interval = each.timeRatioInterval;
  const ratio =
    each.timeRatio === undefined || interval === undefined
      ? ""
      : ` (× ${each.timeRatio.toFixed(2)}, ${interval[0].toFixed(2)} … ${interval[1].toFixed(2)})`;
  return `${formatQuantity(each.timePerTokenS, "s")}${ratio}`;
}

function energyText({
  energyPerTokenJ,
  energyIntervalJ,
}: Pick<VerifiedFormat, "energyPerTokenJ" | "energyIntervalJ">): string {
  if (energyPerTokenJ === undefined || energyIntervalJ === undefined) return unknownText;
  return formatQuantity(energyPerTokenJ, "J", (energyIntervalJ[1] - energyPerTokenJ) / 1.96);
}
