import { html, nothing, type TemplateResult } from "lit";
import { type Source, sourceMarks } from "../../src/model/device";
import { type IconName, icon } from "./icons";
import "./menu";
import type { MenuItem } from "./menu";

/** A number on top of a panel. */
export interface Tile {
  readonly label: string;
  /** `1.24`, `≤ 400`, `–` */
  readonly number: string;
  readonly unit: string;
  /** `±1 %` */
  readonly error?: string;
  readonly source?: Source;
  /** Why it is not known, or what bounds it; shown under the number. */
  readonly reason?: string;
  /** More, on hover: the exact error, where the number comes from. */
  readonly title?: string;
}

/** A line on top: what is special about what is shown. */
export interface Note {
  readonly kind: "info" | "warning" | "error";
  readonly text: string;
}

export interface FrameView {
  readonly title: string;
  /** After the title, with dots between. */
  readonly facts: readonly (string | TemplateResult)[];
  /** Buttons at the right of the header. */
  readonly actions: readonly TemplateResult[];
  readonly menu: readonly MenuItem[];
  onMenu(id: string): void;
  readonly notes: readonly Note[];
  readonly headline?: TemplateResult | string;
  /** Empty: none are shown. */
  readonly tiles: readonly Tile[];
  /** Nothing is known yet: the frame is shown with its places empty. */
  readonly busy: boolean;
  /** Said once by screen readers when it changes: the end of a run, nothing that ticks. */
  readonly announcement: string;
}

/** The frame of every panel: header line, notes, the sentence, the numbers, then the panel's own body. */
export function panelFrame(view: FrameView, body: TemplateResult): TemplateResult {
  return html`<main class="panel" aria-busy=${view.busy}>
    <header class="panel-header">
      <div class="panel-name">
        <h1 title=${view.title}>${view.title}</h1>
        <div class="facts">${view.facts.map((fact) => html`<span class="fact"><span class="fact-text">${fact}</span></span>`)}</div>
      </div>
      <div class="panel-actions">
        ${view.actions}
        <wl-menu
          label="More actions"
          look="icon"
          .items=${view.menu}
          @wl-pick=${(event: CustomEvent<string>) => view.onMenu(event.detail)}
        ></wl-menu>
      </div>
    </header>
    ${view.notes.map(noteLine)}
    ${view.headline === undefined ? nothing : html`<p class="headline">${view.headline}</p>`}
    ${view.tiles.length === 0 ? nothing : html`<dl class="tiles">${view.tiles.map(tile)}</dl>`}
    ${body}
    <div class="sr-only" role="status" aria-live="polite">${view.announcement}</div>
  </main>`;
}

const noteIcons: Record<Note["kind"], IconName> = { info: "info", warning: "warning", error: "error" };

function noteLine(note: Note): TemplateResult {
  return html`<p class="note note-${note.kind}">${icon(noteIcons[note.kind])}<span>${note.text}</span></p>`;
}

function tile(view: Tile): TemplateResult {
  return html`<div class="tile" title=${view.title ?? nothing}>
    <dt>${view.label}</dt>
    <dd>
      <span class="tile-value"
        ><span class="tile-number">${view.number}</span>${
          view.unit === "" ? nothing : html`<span class="tile-unit"> ${view.unit}</span>`
        }</span
      >${view.error === undefined ? nothing : html` <span class="tile-error">${view.error}</span>`}${
        view.source === undefined ? nothing : html` ${sourceMark(view.source)}`
      }
      ${view.reason === undefined ? nothing : html`<span class="tile-reason">${view.reason}</span>`}
    </dd>
  </div>`;
}

/** ● ◐ ○ ◌ with its word for the pointer and for screen readers. */
export function sourceMark(source: Source): TemplateResult {
  return html`<span class="mark" role="img" aria-label=${source} title=${source}>${sourceMarks[source]}</span>`;
}

/** A panel that has nothing to show: what happened, what to do, and one button where there is something to press. */
export function emptyState(
  kind: "empty" | "failed",
  message: string,
  remedy: string,
  action?: { readonly label: string; run(): void },
): TemplateResult {
  return html`<main class="panel blank" role=${kind === "failed" ? "alert" : nothing}>
    <span class="blank-icon">${icon(kind === "failed" ? "error" : "bolt")}</span>
    <p class="blank-message">${message}</p>
    <p class="muted">${remedy}</p>
    ${
      action === undefined
        ? nothing
        : html`<vscode-button appearance=${kind === "failed" ? "secondary" : "primary"} @click=${action.run}
            >${action.label}</vscode-button
          >`
    }
  </main>`;
}

/** The title line of a section, with what belongs to it at the right. */
export function sectionTitle(
  title: string | TemplateResult,
  right: TemplateResult | typeof nothing = nothing,
): TemplateResult {
  return html`<div class="section-title"><h2>${title}</h2><div class="section-tools">${right}</div></div>`;
}

/** Shows and hides the table behind a chart. */
export function tableToggle(shown: boolean, of: string, toggle: () => void): TemplateResult {
  return html`<button
    class="ghost"
    type="button"
    aria-pressed=${shown}
    aria-label="${of} as a table"
    title="${of} as a table"
    @click=${toggle}
  >
    ${icon("table")}
  </button>`;
}
