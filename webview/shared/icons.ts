import { html, type SVGTemplateResult, svg } from "lit";

/** The few icons that panels need, drawn on a 16 px grid in the weight of VS Code's own. */
const drawings = {
  more: svg`<circle cx="3.5" cy="8" r="0.9" fill="currentColor" /><circle cx="8" cy="8" r="0.9" fill="currentColor" /><circle cx="12.5" cy="8" r="0.9" fill="currentColor" />`,
  tag: svg`<path d="M2.5 3v4.6l5.9 5.9 5.1-5.1L7.6 2.5H3z" /><circle cx="5.3" cy="5.3" r="0.9" />`,
  chevron: svg`<path d="M4 6.2l4 4 4-4" />`,
  check: svg`<path d="M3.2 8.4l3.2 3.2 6.4-7" />`,
  warning: svg`<path d="M8 2.2l6.2 11.3H1.8z" /><path d="M8 6.4v3.4M8 11.6v.1" />`,
  info: svg`<circle cx="8" cy="8" r="6" /><path d="M8 7.3v3.6M8 5v.1" />`,
  error: svg`<circle cx="8" cy="8" r="6" /><path d="M5.8 5.8l4.4 4.4M10.2 5.8l-4.4 4.4" />`,
  table: svg`<rect x="2.5" y="3.5" width="11" height="9" rx="1" /><path d="M2.5 6.7h11M2.5 9.7h11M6.5 3.5v9" />`,
  arrow: svg`<path d="M3 8h9.4M8.8 4.4L12.4 8l-3.6 3.6" />`,
  bolt: svg`<path d="M9.2 1.8L3.6 9.2h3.6l-.6 5 5.8-7.6H8.7z" />`,
} as const satisfies Record<string, SVGTemplateResult>;

export type IconName = keyof typeof drawings;

/** Decorative: what it stands for is said by the control around it. */
export function icon(name: IconName) {
  return html`<svg class="icon" viewBox="0 0 16 16" aria-hidden="true">${drawings[name]}</svg>`;
}
