import { html, nothing, type TemplateResult } from "lit";
import type { BloatColumns, PlanColumns } from "../../src/model/bloatView";
import { formatEnergy } from "../../src/model/format";
import { isCritical } from "./ganttBoxes";
import { kindWords, type PlanGroup, type PlanRow, planRow, rangeText } from "./planRows";
import type { BloatSelection } from "./state";

/** More rows than this are not drawn at once: of a graph those that save most are shown. */
const mostRows = 200;
const mostOperations = 512;

export interface PlanTableView {
  readonly columns: BloatColumns;
  readonly groups: readonly PlanGroup[];
  readonly plan: PlanColumns;
  /** The plan as it was when the slider last rested: the list of single operations need not follow every frame. */
  readonly rested: PlanColumns;
  readonly selection: BloatSelection | undefined;
  select(selection: BloatSelection | undefined): void;
}

/** Stage, pass, clock now and proposed, slack and saving. One tab stop; arrows move and select, Escape leaves. */
export function planTable(view: PlanTableView): TemplateResult {
  const { columns, groups, plan } = view;
  const rows = shownRows(groups, columns, plan);
  const isPipeline = columns.pipeline !== undefined;
  const heads = isPipeline ? ["stage", "pass"] : ["operation"];
  return html`<div class="plan-scroll" role="region" aria-label="The plan">
      <table class="data plan-table">
        <thead>
          <tr>
            ${heads.map((name) => html`<th scope="col">${name}</th>`)}
            <th scope="col" class="numeric">clock now</th>
            <th scope="col" class="numeric">plan, MHz</th>
            <th scope="col" class="numeric">slack, ms</th>
            <th scope="col" class="numeric" title="Energy of the fastest option less that of the plan's, less what the longer time saves in waiting">saves</th>
          </tr>
        </thead>
        <tbody @keydown=${moveAmongRows}>
          ${rows.map((row, k) => groupRow(view, row, k, rows))}
        </tbody>
      </table>
    </div>
    ${rows.length < groups.length ? html`<p class="muted remark">Shown are the ${rows.length} of ${groups.length} that save most.</p>` : nothing}
    ${operations(view)}`;
}

function shownRows(groups: readonly PlanGroup[], columns: BloatColumns, plan: PlanColumns): PlanRow[] {
  const rows = groups.map((group) => planRow(group, columns, plan));
  if (rows.length <= mostRows) return rows;
  return rows.sort((a, b) => b.savedJ - a.savedJ).slice(0, mostRows);
}

function isSelected(row: PlanRow, selection: BloatSelection | undefined, columns: BloatColumns): boolean {
  if (selection === undefined) return false;
  if (columns.pipeline === undefined) return row.group.operations[0] === selection.operation;
  return selection.lane === row.group.lane && selection.kind === row.group.kind;
}

function groupRow(view: PlanTableView, row: PlanRow, k: number, rows: readonly PlanRow[]): TemplateResult {
  const { columns, selection } = view;
  const { lane, kind, operations: list } = row.group;
  const chosen = isSelected(row, selection, columns);
  const some = rows.some((other) => isSelected(other, selection, columns));
  const own =
    columns.pipeline === undefined ? { lane, kind, operation: list[0]! } : ({ lane, kind } satisfies BloatSelection);
  return html`<tr
    class=${chosen ? "selected" : ""}
    tabindex=${chosen || (!some && k === 0) ? 0 : -1}
    aria-selected=${chosen}
    @click=${() => view.select(chosen && selection?.operation === undefined ? undefined : own)}
    @keydown=${(event: KeyboardEvent) => event.key === "Enter" && view.select(own)}
  >
    ${
      columns.pipeline === undefined
        ? html`<th scope="row">${columns.ids?.[list[0]!] ?? ""}</th>`
        : html`<th scope="row">${lane}</th><td>${kindWords[kind]}</td>`
    }
    <td class="numeric">${rangeText([row.clockNowMhz, row.clockNowMhz])}</td>
    <td class="numeric">${rangeText(row.clockMhz)}</td>
    <td class="numeric">${rangeText([row.slackS[0] * 1000, row.slackS[1] * 1000], 1)}</td>
    <td class="numeric">${formatEnergy(row.savedJ)}</td>
  </tr>`;
}

/** The operations of the selected group, one by one. */
function operations(view: PlanTableView): TemplateResult | typeof nothing {
  const { columns, selection, groups, rested } = view;
  if (selection === undefined || columns.pipeline === undefined) return nothing;
  const group = groups.find(({ lane, kind }) => lane === selection.lane && kind === selection.kind);
  if (group === undefined) return nothing;
  const { microbatch, chunk } = columns.pipeline;
  const chunks = chunk.some((value) => value > 0);
  const at = selection.operation === undefined ? 0 : Math.max(0, group.operations.indexOf(selection.operation));
  const first = Math.max(0, Math.min(at - mostOperations / 2, group.operations.length - mostOperations));
  const shown = group.operations.subarray(first, first + mostOperations);
  return html`<details class="plan-operations" open>
    <summary>Stage ${group.lane}, ${kindWords[group.kind]}: ${group.operations.length} operations${shown.length < group.operations.length ? `, ${shown.length} shown` : ""}</summary>
    <div class="plan-scroll" tabindex="0" role="region" aria-label="Operations of the selected row">
      <table class="data">
        <thead>
          <tr>
            <th scope="col">microbatch</th>
            ${chunks ? html`<th scope="col" class="numeric">chunk</th>` : nothing}
            <th scope="col" class="numeric">MHz</th>
            <th scope="col" class="numeric">ms</th>
            <th scope="col" class="numeric">slack, ms</th>
            <th scope="col" class="numeric">saves</th>
          </tr>
        </thead>
        <tbody>
          ${Array.from(shown, (i) => {
            const own = columns.classes[columns.classOf[i]!]!;
            const option = rested.option[i]!;
            const clock = own.frequencyMhz[option]!;
            return html`<tr
              class=${selection.operation === i ? "selected" : ""}
              aria-selected=${selection.operation === i}
              @click=${() => view.select({ lane: group.lane, kind: group.kind, operation: i })}
            >
              <th scope="row">${microbatch[i]}</th>
              ${chunks ? html`<td class="numeric">${chunk[i]}</td>` : nothing}
              <td class="numeric">${Number.isFinite(clock) ? clock : "–"}</td>
              <td class="numeric">${(own.timeS[option]! * 1000).toFixed(1)}</td>
              <td class="numeric">${isCritical(rested, i) ? "critical" : (rested.slackS[i]! * 1000).toFixed(1)}</td>
              <td class="numeric">${formatEnergy(own.effectiveJ[0]! - own.effectiveJ[option]!)}</td>
            </tr>`;
          })}
        </tbody>
      </table>
    </div>
  </details>`;
}

function moveAmongRows(event: KeyboardEvent): void {
  const rows = [...(event.currentTarget as HTMLElement).querySelectorAll<HTMLElement>("tr")];
  const at = rows.indexOf(event.target as HTMLElement);
  const to: Record<string, number> = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: rows.length - 1 };
  if (event.key === "Escape") (event.target as HTMLElement).blur();
  const next = event.key in to ? rows[to[event.key]!] : undefined;
  if (next === undefined) return;
  event.preventDefault();
  next.focus();
  next.click();
}
