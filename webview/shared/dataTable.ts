import { html, nothing, type TemplateResult } from "lit";

export interface DataTable {
  readonly caption: string;
  readonly columns: readonly { readonly name: string; readonly numeric?: boolean }[];
  /** The first cell of a row names it. */
  readonly rows: readonly (readonly (string | TemplateResult)[])[];
}

/**
 * The table behind a chart. Shown or not, it is in the page, so that a screen reader finds it; shown, it is one tab stop
 * that the arrow keys scroll.
 */
export function dataTable(table: DataTable, shown: boolean): TemplateResult {
  const numeric = (column: number) => (table.columns[column]?.numeric ? "numeric" : "");
  return html`<div
    class=${shown ? "table-scroll" : "sr-only"}
    role="region"
    aria-label=${table.caption}
    tabindex=${shown ? 0 : nothing}
    @keydown=${leaveOnEscape}
  >
    <table class="data">
      <caption>${table.caption}</caption>
      <thead>
        <tr>${table.columns.map((column, i) => html`<th scope="col" class=${numeric(i)}>${column.name}</th>`)}</tr>
      </thead>
      <tbody>
        ${table.rows.map(
          (row) =>
            html`<tr>${row.map((cell, i) =>
              i === 0 ? html`<th scope="row">${cell}</th>` : html`<td class=${numeric(i)}>${cell}</td>`,
            )}</tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

/** Escape leaves what has the focus, in every chart and table alike. */
export function leaveOnEscape(event: KeyboardEvent): void {
  if (event.key === "Escape") (event.currentTarget as HTMLElement).blur();
}
