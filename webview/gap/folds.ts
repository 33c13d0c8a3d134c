import { html, nothing, type TemplateResult } from "lit";
import { formatQuantity, formatShare, plural, unknownText } from "../../src/model/format";
import type { Fusion, GapReport, HostSide, Wait } from "../../src/model/gap";
import { dataTable } from "../shared/dataTable";
import { fold, pair } from "../shared/fold";
import { sourceMark } from "../shared/panelFrame";
import { code } from "./details";
import { fileName, formatIntensity } from "./words";

export interface Folds {
  isOpen(name: string): boolean;
  toggled(name: string, open: boolean): void;
  openSource(path: string, line: number): void;
}

export function fusionFold({ fusions, totals }: GapReport, folds: Folds): TemplateResult | typeof nothing {
  if (fusions.length === 0) return nothing;
  const savedS = fusions.reduce((sum, { savingS }) => sum + savingS, 0);
  const inShort = `${plural(fusions.length, "chain")}, ${formatQuantity(savedS, "s")} (${formatShare(savedS / totals.timeS)}) by the roofline`;
  const shown = fusions.slice(0, 50);
  const table = {
    caption: `Chains of layers that one kernel could compute${shown.length < fusions.length ? `, the first ${shown.length} of ${fusions.length}` : ""}`,
    columns: [
      { name: "Layers" },
      { name: "Kind" },
      { name: "Time", numeric: true },
      { name: "Saves", numeric: true },
      { name: "Intensity" },
      { name: "Line" },
    ],
    rows: shown.map((fusion) => fusionRow(fusion, folds)),
  };
  const advice = [...new Set(fusions.map((fusion) => fusion.advice))];
  const body = html`${dataTable(table, true)}
    <ul class="remarks">${advice.map((text) => html`<li>${code(text)}</li>`)}</ul>
    <p class="muted">${sourceMark("modelled")} Roofline time of the layers one by one, less that of the chain with what lies between kept on chip.</p>`;
  return fold(
    { title: "Fusing layers", inShort, open: folds.isOpen("fusion"), toggled: (open) => folds.toggled("fusion", open) },
    body,
  );
}

function fusionRow(fusion: Fusion, folds: Folds): (string | TemplateResult)[] {
  const { layers, kind, timeS, savingS, intensityBefore, intensityAfter, file, line } = fusion;
  const name = layers.length === 1 ? layers[0]! : `${layers[0]} … ${layers.at(-1)}`;
  return [
    html`<span title=${layers.slice(0, 20).join("\n")}>${name}</span>`,
    kind,
    formatQuantity(timeS, "s"),
    formatQuantity(savingS, "s"),
    intensityBefore === undefined || intensityAfter === undefined
      ? unknownText
      : `${formatIntensity(intensityBefore)} → ${formatIntensity(intensityAfter)}`,
    file === undefined || line === undefined
      ? ""
      : html`<button class="link" type="button" @click=${() => folds.openSource(file, line)}>${fileName(file)}:${line}</button>`,
  ];
}

export function hostFold({ host }: GapReport, folds: Folds): TemplateResult | typeof nothing {
  if (host === undefined) return nothing;
  const { iterationTimeS, modelShare } = host;
  const inShort = `the model is ${formatShare(modelShare)} of an iteration of ${formatQuantity(iterationTimeS, "s")}`;
  const waits =
    host.waits.length === 0
      ? html`<p>Nothing else takes a thousandth of an iteration.</p>`
      : html`<ul class="remarks waits">${host.waits.map((wait) => waitItem(wait, folds))}</ul>`;
  return fold(
    {
      title: host.deviceTimed ? "What the device waited for" : "Beside the model",
      inShort,
      open: folds.isOpen("host"),
      toggled: (open) => folds.toggled("host", open),
    },
    html`${waits}<p>${amdahlText(host)}</p>`,
  );
}

function waitItem({ text, basis, places = [] }: Wait, folds: Folds): TemplateResult {
  return html`<li>
    ${sourceMark(basis)} ${code(text)}
    ${places
      .slice(0, 5)
      .map(
        ({ file, line, text: call }) =>
          html`<button class="link" type="button" @click=${() => folds.openSource(file, line)}>line ${line}: <code>${call}</code></button> `,
      )}
  </li>`;
}

function amdahlText({ amdahl }: HostSide): string {
  const limit =
    amdahl.limit === undefined
      ? ""
      : ` One that took no time would make it ${amdahl.limit.toPrecision(3)} times as fast.`;
  return (
    `A model twice as fast would make the iteration ${amdahl.twice.toPrecision(3)} times as fast, ` +
    `one ten times as fast ${amdahl.tenTimes.toPrecision(3)} times.${limit}`
  );
}

export function measuredFold(report: GapReport, folds: Folds): TemplateResult {
  const { device, iterations, notes } = report;
  const peaks = Object.entries(device.peakFlopsPerS ?? {}).map(
    ([dtype, peak]) => `${dtype} ${formatQuantity(peak, "FLOP/s")}`,
  );
  const sources = { calibrated: "measured on this machine", datasheet: "the datasheet's, dense", unknown: "not known" };
  const body = html`<dl class="pairs">
      ${pair("Device", device.name)}
      ${pair("Its limits", `${sources[device.source]}${peaks.length > 0 ? `: ${peaks.join(", ")}; memory ${formatQuantity(device.bandwidthBytesPerS, "B/s")}` : ""}`)}
      ${pair("Times", html`${sourceMark("measured")} mean of ${plural(iterations.sampled, "iteration")}${iterations.leftOut > 0 ? `, ${iterations.leftOut} of warm-up left out` : ""}; ± one standard error.`)}
      ${pair("FLOPs and bytes", html`${sourceMark("modelled")} from the shapes that were seen. Bytes are a lower bound, so the memory gap is at least and the kernel gap at most what is shown.`)}
      ${pair("Energy", html`${sourceMark(report.energySource ?? "modelled")} the mean power of a layer's phase times its time.`)}
    </dl>
    ${notes.length === 0 ? nothing : html`<h3>Remarks</h3><ul class="remarks">${notes.map(({ message }) => html`<li>${code(message)}</li>`)}</ul>`}`;
  const inShort = `limits ${device.source}, ${plural(iterations.sampled, "iteration")}`;
  return fold(
    {
      title: "How this was measured",
      inShort,
      open: folds.isOpen("measured"),
      toggled: (open) => folds.toggled("measured", open),
    },
    body,
  );
}
