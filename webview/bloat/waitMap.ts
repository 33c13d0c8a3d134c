import { html, nothing, type PropertyValues, svg, type TemplateResult } from "lit";
import { formatShare } from "../../src/model/format";
import type { RankWaiting } from "../../src/model/waste";
import { timeTicks, timeTickText } from "../shared/chart/axis";
import { SizedChart } from "../shared/chart/sizedChart";
import { dataTable } from "../shared/dataTable";
import { sectionTitle, tableToggle } from "../shared/panelFrame";
import { palette } from "../shared/theme";

const leftPx = 58;
const rightPx = 12;
const mostRanks = 128;

/** Ranks against time, darker where a rank waits for others: `<wl-wait-map>`. Fires `wl-table`. */
export class WlWaitMap extends SizedChart {
  static override properties = {
    waiting: { attribute: false },
    tableShown: { attribute: false },
    cell: { state: true },
    theme: { state: true },
  };

  declare waiting: RankWaiting;
  declare tableShown: boolean;
  declare private cell: { readonly rank: number; readonly at: number } | undefined;
  declare private theme: number;

  constructor() {
    super();
    this.tableShown = false;
    this.theme = 0;
  }

  protected override themeChanged(): void {
    this.theme++;
  }

  private get ranks() {
    return this.waiting.ranks.slice(0, mostRanks);
  }
  private get columns(): number {
    return this.ranks.reduce((most, { shares }) => Math.max(most, shares.length), 1);
  }
  private get rowHeight(): number {
    return Math.max(4, Math.min(22, Math.floor(260 / Math.max(1, this.ranks.length))));
  }
  private get plotWidth(): number {
    return Math.max(1, this.widthPx - leftPx - rightPx);
  }

  protected override render(): TemplateResult {
    const height = this.ranks.length * this.rowHeight;
    const every = Math.max(1, Math.ceil(12 / this.rowHeight));
    return html`<section class="wait-map" aria-label="Waiting of the ranks over time">
      ${sectionTitle("Where ranks wait for others", html`<span class="gantt-key">0 %<span class="wait-key"></span>100 %</span>${tableToggle(this.tableShown, "Waiting", () => this.fire("wl-table"))}`)}
      <div
        class="gantt-surface wait-surface"
        role="slider"
        tabindex="0"
        aria-label="Share of time in which a rank waits for others. Arrows move between ranks and times, Escape leaves."
        aria-valuemin="0"
        aria-valuemax=${this.columns - 1}
        aria-valuenow=${this.cell?.at ?? 0}
        aria-valuetext=${this.cellText()}
        @keydown=${this.key}
        @pointermove=${this.hover}
        @pointerleave=${() => {
          this.cell = undefined;
        }}
      >
        <div class="gantt-rows" aria-hidden="true">
          ${this.ranks.map(({ rank }, row) =>
            row % every === 0
              ? html`<span .style=${`top:${row * this.rowHeight + this.rowHeight / 2 - 8}px`}>rank ${rank}</span>`
              : nothing,
          )}
        </div>
        <canvas aria-hidden="true" .style=${`height:${height}px`}></canvas>
        ${this.tip()}
      </div>
      ${this.axis()} ${dataTable(this.table(), this.tableShown)}
    </section>`;
  }

  private cellText(): string {
    const { cell, waiting } = this;
    const row = cell && this.ranks[cell.rank];
    if (cell === undefined || row === undefined) return "nothing selected";
    const timeS = waiting.startS + cell.at * waiting.windowS;
    return `rank ${row.rank}, ${timeS.toFixed(1)} s: waits ${formatShare(row.shares[cell.at])} of the time`;
  }

  private tip(): TemplateResult | typeof nothing {
    if (this.cell === undefined) return nothing;
    const x = leftPx + ((this.cell.at + 0.5) / this.columns) * this.plotWidth;
    const side = x > this.widthPx / 2 ? `right:${this.widthPx - x + 12}px` : `left:${x + 12}px`;
    return html`<div class="tip" .style=${`${side};top:${(this.cell.rank + 1) * this.rowHeight}px`}>${this.cellText()}</div>`;
  }

  private axis(): TemplateResult {
    const { startS, windowS } = this.waiting;
    const endS = startS + this.columns * windowS;
    const { step, values } = timeTicks(startS, endS, Math.max(2, Math.floor(this.plotWidth / 90)));
    return html`<svg class="gantt-axis" aria-hidden="true" .style=${"height:20px"}>
      ${values.map((value) => {
        const x = leftPx + ((value - startS) / (endS - startS)) * this.plotWidth;
        return svg`<line x1=${x} y1="0" x2=${x} y2="4" /><text x=${x} y="15">${timeTickText(value, step)}</text>`;
      })}
    </svg>`;
  }

  private table() {
    return {
      caption: "Waiting for others, by rank",
      columns: [{ name: "Rank" }, { name: "Mean", numeric: true }, { name: "Most", numeric: true }],
      rows: this.ranks.map(({ rank, shares }) => [
        String(rank),
        formatShare(shares.reduce((sum, share) => sum + share, 0) / Math.max(1, shares.length)),
        formatShare(shares.reduce((most, share) => Math.max(most, share), 0)),
      ]),
    };
  }

  protected override updated(changed: PropertyValues): void {
    if (this.widthPx === 0 || (changed.size === 1 && changed.has("cell"))) return;
    const canvas = this.querySelector("canvas");
    const context = canvas?.getContext("2d");
    if (!canvas || !context) return;
    const ratio = globalThis.devicePixelRatio || 1;
    canvas.width = Math.round(this.widthPx * ratio);
    canvas.height = Math.round(this.ranks.length * this.rowHeight * ratio);
    context.scale(ratio, ratio);
    const colours = palette();
    const each = this.plotWidth / this.columns;
    for (const [row, { shares }] of this.ranks.entries()) {
      const y = row * this.rowHeight;
      context.globalAlpha = 1;
      context.fillStyle = colours.grid;
      context.fillRect(leftPx, y, this.plotWidth, this.rowHeight - 1);
      context.fillStyle = colours.phase("communication");
      for (const [k, share] of shares.entries()) {
        context.globalAlpha = share > 0 ? Math.min(1, share) : 0;
        context.fillRect(leftPx + k * each, y, Math.max(0.5, each), this.rowHeight - 1);
      }
    }
  }

  private readonly hover = (event: PointerEvent) => {
    const { left, top } = (event.currentTarget as HTMLElement).getBoundingClientRect();
    const at = Math.floor(((event.clientX - left - leftPx) / this.plotWidth) * this.columns);
    const rank = Math.floor((event.clientY - top) / this.rowHeight);
    const inside = at >= 0 && at < this.columns && rank >= 0 && rank < this.ranks.length;
    this.cell = inside ? { rank, at } : undefined;
  };

  private readonly key = (event: KeyboardEvent) => {
    const { rank, at } = this.cell ?? { rank: 0, at: -1 };
    const to: Record<string, readonly [number, number]> = {
      ArrowRight: [rank, at + 1],
      ArrowLeft: [rank, at - 1],
      ArrowDown: [rank + 1, Math.max(0, at)],
      ArrowUp: [rank - 1, Math.max(0, at)],
      Home: [rank, 0],
      End: [rank, this.columns - 1],
    };
    if (event.key === "Escape") {
      this.cell = undefined;
      (event.currentTarget as HTMLElement).blur();
    }
    const next = to[event.key];
    if (next === undefined) return;
    event.preventDefault();
    this.cell = {
      rank: Math.min(this.ranks.length - 1, Math.max(0, next[0])),
      at: Math.min(this.columns - 1, Math.max(0, next[1])),
    };
  };

  private fire(type: string): void {
    this.dispatchEvent(new CustomEvent(type));
  }
}
customElements.define("wl-wait-map", WlWaitMap);
