import { html, nothing, type TemplateResult } from "lit";
import { phaseVariable } from "../theme";
import { hatchName } from "./phaseLegend";

export interface Bar {
  /** The phase, which gives the bar its colour. */
  readonly id: string;
  readonly label: string;
  readonly value: number;
  /** Half the whisker. */
  readonly error?: number;
  /** The value as text: `260 ± 4 J`. */
  readonly text: string;
  /** `21 %` */
  readonly share?: string;
  /** Everything, on hover and for screen readers. */
  readonly title: string;
  /** Where Enter and a click lead. */
  readonly source?: { readonly path: string; readonly line: number };
}

export interface BarsView {
  readonly label: string;
  readonly bars: readonly Bar[];
  readonly selected: string | undefined;
  pick(bar: Bar): void;
}

/** Horizontal bars from zero with whiskers. One tab stop; up and down move, Enter opens the source, Escape leaves. */
export function bars(view: BarsView): TemplateResult {
  const most = Math.max(1e-12, ...view.bars.map((bar) => bar.value + (bar.error ?? 0)));
  const current = Math.max(
    0,
    view.bars.findIndex((bar) => bar.id === view.selected),
  );
  return html`<div class="bars" role="list" aria-label=${view.label} @keydown=${moveAmongBars}>
    ${view.bars.map((bar, i) => html`<div role="listitem">${row(bar, most, i === current ? 0 : -1, view)}</div>`)}
  </div>`;
}

function row(bar: Bar, most: number, tabindex: number, view: BarsView): TemplateResult {
  const percent = (value: number) => `${((100 * Math.max(0, value)) / most).toFixed(2)}%`;
  const whisker =
    bar.error === undefined || !(bar.error > 0)
      ? nothing
      : html`<span
          class="whisker"
          .style=${`left:${percent(bar.value - bar.error)};right:calc(100% - ${percent(bar.value + bar.error)})`}
        ></span>`;
  return html`<button
    class="bar ${view.selected === bar.id ? "selected" : ""} ${view.selected !== undefined && view.selected !== bar.id ? "faint" : ""}"
    type="button"
    tabindex=${tabindex}
    title=${bar.title}
    aria-label=${bar.title}
    aria-pressed=${view.selected === bar.id}
    @click=${() => view.pick(bar)}
  >
    <span class="bar-label">${bar.label}</span>
    <span class="bar-track"
      ><span
        class="bar-fill phase-fill"
        data-phase=${hatchName(bar.id)}
        .style=${`width:${percent(bar.value)};--phase:var(${phaseVariable(bar.id)})`}
      ></span
      >${whisker}</span
    >
    <span class="bar-value">${bar.text}</span>
    <span class="bar-share">${bar.share ?? ""}</span>
    <span class="bar-source">${bar.source === undefined ? nothing : html`line ${bar.source.line}`}</span>
  </button>`;
}

/** Up, down, Home, End and Escape among the buttons of class `bar` of a list. */
export function moveAmongBars(event: KeyboardEvent): void {
  const all = [...(event.currentTarget as HTMLElement).querySelectorAll<HTMLElement>(".bar")];
  const at = all.indexOf(event.target as HTMLElement);
  const to: Record<string, number> = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: all.length - 1 };
  if (event.key === "Escape") (event.target as HTMLElement).blur();
  const next = event.key in to ? all[to[event.key]!] : undefined;
  if (next === undefined) return;
  event.preventDefault();
  for (const bar of all) bar.tabIndex = bar === next ? 0 : -1;
  next.focus();
}
