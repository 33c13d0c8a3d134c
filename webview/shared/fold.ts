import { html, type TemplateResult } from "lit";
import { icon } from "./icons";

/** A part of a panel that is folded away until it is asked for: how something was measured, what is rarely looked at. */
export function fold(
  {
    title,
    inShort,
    open,
    toggled,
  }: { readonly title: string; readonly inShort: string; readonly open: boolean; toggled(open: boolean): void },
  body: TemplateResult,
): TemplateResult {
  return html`<details
    class="fold"
    .open=${open}
    @toggle=${(event: Event) => toggled((event.currentTarget as HTMLDetailsElement).open)}
  >
    <summary>${icon("chevron")}<h2>${title}</h2><span class="muted">${inShort}</span></summary>
    <div class="fold-body">${body}</div>
  </details>`;
}

/** A line of a `<dl class="pairs">`. */
export function pair(name: string, value: string | TemplateResult): TemplateResult {
  return html`<div><dt>${name}</dt><dd>${value}</dd></div>`;
}
