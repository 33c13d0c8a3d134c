import { html, nothing, type TemplateResult } from "lit";
import type { QuantView } from "../../src/messages/quant";
import { fold } from "../shared/fold";
import { sectionTitle } from "../shared/panelFrame";

/** The rule that decided with its evidence; the others, folded, with why they did not. */
export function ruleSection(view: QuantView, open: boolean, toggled: (open: boolean) => void): TemplateResult {
  const { rules } = view.report;
  const deciding = rules.find(({ decides }) => decides);
  const others = rules.filter((rule) => rule !== deciding);
  return html`<section aria-label="Rule">
    ${sectionTitle(deciding === undefined ? "No rule decided" : `Rule ${deciding.id} decided`)}
    <p>${deciding?.reason ?? view.report.proposal.reason}</p>
    ${deciding?.effect === undefined ? nothing : html`<p class="muted remark-flat">${deciding.effect}.</p>`}
    ${deciding?.citation === undefined ? nothing : html`<p class="muted remark-flat">Source: ${deciding.citation}.</p>`}
    ${fold(
      {
        title: "The other rules",
        inShort: `${others.filter(({ fired }) => fired).length} hold as well`,
        open,
        toggled,
      },
      html`<dl class="pairs rules">
        ${others.map(
          (rule) => html`<div>
            <dt>${rule.id} ${rule.fired ? "holds" : "does not"}</dt>
            <dd>${rule.reason}${rule.fired && rule.citation !== undefined ? html` <span class="muted">(${rule.citation})</span>` : nothing}</dd>
          </div>`,
        )}
      </dl>`,
    )}
  </section>`;
}

/** Warnings, and what else than quantizing weights fits the case. */
export function adviceSection(view: QuantView): TemplateResult | typeof nothing {
  // Notes on the checkpoint and the device stand on top.
  const warnings = view.report.warnings.filter(({ code }) => code !== "device" && code !== "note");
  if (warnings.length + view.advice.length === 0) return nothing;
  return html`<section aria-label="To know before">
    ${sectionTitle("To know before")}
    <ul class="advice">
      ${warnings.map(({ message }) => html`<li>${message}</li>`)}
      ${view.advice.map(
        ({ text, because, citation }) =>
          html`<li>${text} <span class="muted">${because} Source: ${citation}.</span></li>`,
      )}
    </ul>
  </section>`;
}
