import { html, nothing, type TemplateResult } from "lit";
import { formatBytes, formatEnergy, formatQuantity, formatShare, plural } from "../../src/model/format";
import type { Fusion, GapReport } from "../../src/model/gap";
import { pair } from "../shared/fold";
import { sectionTitle, sourceMark } from "../shared/panelFrame";
import type { Item } from "./items";
import { boundText, fileName, formatIntensity } from "./words";

/** All that is known of the layer that is selected. */
export function details(
  report: GapReport,
  item: Item | undefined,
  open: (path: string, line: number) => void,
): TemplateResult {
  if (item === undefined) {
    return html`<section class="gap-details" aria-label="Selected layer">
      ${sectionTitle("Layer")}
      <p class="muted">Choose a layer in the chart or the list: its numbers stand here.</p>
    </section>`;
  }
  const { row, timeS } = item;
  const share = (partS: number) => `${formatQuantity(partS, "s")} (${formatShare(partS / timeS)})`;
  const bound = boundText(item, report.device.balanceFlopsPerByte);
  const energySource = report.energySource ?? "modelled";
  const fusions = report.fusions.filter(({ layers }) => layers.includes(item.name));
  const place = (path: string | undefined, line: number | undefined) =>
    path === undefined || line === undefined
      ? undefined
      : html`<button class="link" type="button" @click=${() => open(path, line)}>${fileName(path)}:${line}</button>`;
  const made = place(row?.file ?? item.file, row?.line ?? item.line);
  const called = row === undefined ? undefined : place(row.callFile, row.callLine);
  return html`<section class="gap-details" aria-label="Selected layer" aria-live="polite">
    ${sectionTitle(html`<span class="gap-details-name">${item.name}</span>`)}
    <dl class="pairs">
      ${pair("is", [item.kind, item.pass, row?.dtype].filter((part) => part !== undefined).join(", "))}
      ${pair(
        "takes",
        html`${formatQuantity(timeS, "s", row?.standardErrorS)} ${sourceMark("measured")}, ${formatShare(timeS / report.totals.timeS)} of the layers${row === undefined ? nothing : html`, ${callsText(row.calls)}`}`,
      )}
      ${pair("ideal", html`${share(item.idealS)} ${sourceMark("modelled")}`)}
      ${item.memoryS > 0 ? pair("to memory", `≥ ${share(item.memoryS)}`) : nothing}
      ${item.kernelS > 0 ? pair("to the kernel", `≤ ${share(item.kernelS)}`) : nothing}
      ${item.unsplitS > 0 ? pair("not told apart", share(item.unsplitS)) : nothing}
      ${pair(
        "efficient",
        `${formatShare(item.efficiency)}${row?.attainableEfficiency === undefined ? "" : `; the roofline allows ${formatShare(row.attainableEfficiency)}`}`,
      )}
      ${pair("does", `${formatQuantity(item.flops, "FLOP")}, moves ≥ ${formatBytes(item.bytes)}`)}
      ${pair("intensity", `${formatIntensity(item.intensity)}${bound === undefined ? "" : `, ${bound}`}`)}
      ${
        item.energyJ === undefined
          ? nothing
          : pair(
              "energy",
              html`${formatEnergy(item.energyJ)} ${sourceMark(energySource)}, ${formatEnergy(item.lostJ)} of it lost`,
            )
      }
      ${row?.inputShape === undefined ? nothing : pair("shapes", `${row.inputShape.join("×")} → ${row.outputShape?.join("×") ?? "?"}`)}
      ${made === undefined ? nothing : pair("made at", made)} ${called === undefined ? nothing : pair("called at", called)}
    </dl>
    ${fusions.slice(0, 2).map(fusionText)}
  </section>`;
}

function callsText(calls: number): string {
  return Number.isInteger(calls) ? plural(calls, "call") : `${calls.toPrecision(3)} calls`;
}

function fusionText({ layers, savingS, advice }: Fusion): TemplateResult {
  const chain = layers.length === 1 ? "It" : `As one with ${layers.length - 1} of its neighbours it`;
  return html`<p class="remark">${chain} could save ${formatQuantity(savingS, "s")} ${sourceMark("modelled")} ${code(advice)}</p>`;
}

/** Text in which what stands in backticks is code. */
export function code(text: string): TemplateResult[] {
  return text.split("`").map((part, i) => (i % 2 === 1 ? html`<code>${part}</code>` : html`${part}`));
}
