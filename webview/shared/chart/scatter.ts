import { html, nothing, type PropertyValues, type TemplateResult } from "lit";
import { formatCount, formatDuration, formatQuantity, formatShare, plural } from "../../../src/model/format";
import { type DataTable, dataTable } from "../dataTable";
import { sectionTitle, tableToggle } from "../panelFrame";
import { type Palette, palette } from "../theme";
import { axisFromZero, axisUnit, niceTicks, tickText } from "./axis";
import { clamp } from "./columns";
import { dotColumns } from "./downsample";
import { type Drift, exclusions, findDrift, type IterationStore } from "./iterationStore";
import { SizedChart } from "./sizedChart";

const area = { left: 48, right: 10, top: 8, bottom: 20, height: 170 };

/**
 * Energy or time of each iteration: `<wl-scatter>`. Warm-up and outliers are hollow. Fires `wl-iteration` (an index:
 * its part of the timeline is to be shown), `wl-source` (the loop's line is to be opened), `wl-quantity` (`energy` or
 * `time`), `wl-table`.
 */
export class WlScatter extends SizedChart {
  static override properties = {
    store: { attribute: false },
    quantity: { attribute: false },
    tableShown: { attribute: false },
    version: { attribute: false },
    at: { state: true },
  };

  declare store: IterationStore;
  declare quantity: "energy" | "time";
  declare tableShown: boolean;
  declare version: number;
  /** Index of the iteration under pointer or keyboard. */
  declare private at: number | undefined;
  private drift: Drift | undefined;
  /** What the drift and the top were found for. */
  private foundFor = "";
  private axis = axisFromZero(1, 4);

  constructor() {
    super();
    this.quantity = "energy";
    this.tableShown = false;
    this.version = 0;
  }

  /** Time is shown where no energy of a single iteration is known. */
  private get shown(): "energy" | "time" {
    return this.store.withEnergy === 0 ? "time" : this.quantity;
  }
  private get unit(): string {
    return this.shown === "energy" ? "J" : "s";
  }
  private get values(): Float64Array {
    return this.shown === "energy" ? this.store.energyJ : this.store.durationS;
  }
  private get plotWidth(): number {
    return Math.max(1, this.widthPx - area.left - area.right);
  }

  protected override willUpdate(): void {
    const key = `${this.store.length}|${this.shown}|${this.version}`;
    if (key === this.foundFor) return;
    this.foundFor = key;
    const { values } = this;
    this.drift = findDrift(values, this.store.excluded);
    let most = 0;
    let any = 0;
    for (let i = 0; i < values.length; i++) {
      if (values[i]! > any) any = values[i]!;
      if (this.store.excluded[i] === 0 && values[i]! > most) most = values[i]!;
    }
    // Warm-up and outliers do not set the scale: they are often ten times the rest, and are marked at the top edge.
    this.axis = axisFromZero((most > 0 ? most : any) * 1.08, 4);
  }

  protected override render(): TemplateResult {
    const count = this.store.length;
    return html`<section class="scatter" aria-label="Per iteration">
      ${sectionTitle("Per iteration", this.tools())}
      <div
        class="scatter-surface"
        role="slider"
        tabindex="0"
        aria-label="${this.shown} per iteration. Arrows move, Enter opens the loop, space shows the iteration in the power chart."
        aria-valuemin="0"
        aria-valuemax=${Math.max(0, count - 1)}
        aria-valuenow=${this.at ?? 0}
        aria-valuetext=${this.at === undefined ? plural(count, "iteration") : this.textOf(this.at)}
        @keydown=${this.key}
        @pointermove=${(event: PointerEvent) => this.hover(event)}
        @pointerleave=${() => {
          this.at = undefined;
        }}
        @click=${() => this.at !== undefined && this.fire("wl-iteration", this.at)}
      >
        <canvas class="scatter-canvas" aria-hidden="true" .style=${`height:${area.height}px`}></canvas>
        ${this.tip()}
      </div>
      ${this.legend()} ${dataTable(this.table(), this.tableShown)}
    </section>`;
  }

  private tools(): TemplateResult {
    const button = (name: "energy" | "time") =>
      html`<button class="ghost" type="button" aria-pressed=${this.shown === name} @click=${() => this.fire("wl-quantity", name)}>
        ${name}
      </button>`;
    return html`${this.store.withEnergy === 0 ? nothing : html`${button("energy")}${button("time")}`}
    ${tableToggle(this.tableShown, "Per iteration", () => this.fire("wl-table", !this.tableShown))}`;
  }

  private legend(): TemplateResult {
    const counts = exclusions.map(() => 0);
    for (const code of this.store.excluded) counts[code]!++;
    const left = [
      ...(counts[1]! > 0 ? [`${counts[1]} warm-up`] : []),
      ...(counts[2]! > 0 ? [plural(counts[2]!, "outlier")] : []),
      ...(counts[3]! > 0 ? [`${counts[3]} before the machine was steady`] : []),
    ];
    return html`<div class="scatter-legend">
      <span><span class="dot full"></span>${plural(counts[0]!, "iteration")} counted</span>
      ${left.length === 0 ? nothing : html`<span><span class="dot"></span>${left.join(", ")} left out</span>`}
      ${this.drift === undefined ? nothing : html`<span><span class="trend"></span>${driftText(this.drift, this.unit)}</span>`}
      ${this.store.withEnergy === 0 ? html`<span>The meter is too slow for the energy of a single iteration.</span>` : nothing}
    </div>`;
  }

  private tip(): TemplateResult | typeof nothing {
    if (this.at === undefined || this.at >= this.store.length) return nothing;
    const x = this.xOf(this.at);
    const side = x > this.widthPx / 2 ? `right:${this.widthPx - x + 10}px` : `left:${x + 10}px`;
    const row = (name: string, value: string) => html`<div class="tip-row"><span>${name}</span><b>${value}</b></div>`;
    const code = this.store.excluded[this.at]!;
    return html`<div class="crosshair" .style=${`left:${x}px`}></div>
      <div class="tip" .style=${side}>
        <div class="tip-title">iteration ${this.store.iteration[this.at]}</div>
        ${row("energy", formatQuantity(this.store.energyJ[this.at], "J"))}
        ${row("time", formatDuration(this.store.durationS[this.at]))}
        ${code === 0 ? nothing : row(exclusions[code]!, "left out")}
      </div>`;
  }

  private textOf(i: number): string {
    const code = this.store.excluded[i]!;
    const out = code === 0 ? "" : `, ${exclusions[code]}, left out`;
    return `iteration ${this.store.iteration[i]}: ${formatQuantity(this.store.energyJ[i], "J")}, ${formatDuration(this.store.durationS[i])}${out}`;
  }

  private xOf(index: number): number {
    return area.left + ((index + 0.5) / Math.max(1, this.store.length)) * this.plotWidth;
  }

  private hover(event: PointerEvent): void {
    if (this.store.length === 0) return;
    const box = (event.currentTarget as HTMLElement).getBoundingClientRect();
    const share = (event.clientX - box.left - area.left) / this.plotWidth;
    this.at = clamp(Math.floor(share * this.store.length), 0, this.store.length - 1);
  }

  private readonly key = (event: KeyboardEvent) => {
    const last = this.store.length - 1;
    const at = this.at ?? (event.key === "ArrowLeft" ? last + 1 : -1);
    const step = event.shiftKey ? 10 : 1;
    const go = (to: number) => {
      this.at = last < 0 ? undefined : clamp(to, 0, last);
    };
    const actions: Record<string, () => void> = {
      ArrowRight: () => go(at + step),
      ArrowLeft: () => go(at - step),
      Home: () => go(0),
      End: () => go(last),
      Enter: () => this.fire("wl-source", undefined),
      " ": () => this.at !== undefined && this.fire("wl-iteration", this.at),
      Escape: () => {
        this.at = undefined;
        (event.currentTarget as HTMLElement).blur();
      },
    };
    const action = event.ctrlKey || event.metaKey || event.altKey ? undefined : actions[event.key];
    if (action === undefined) return;
    event.preventDefault();
    action();
  };

  protected override updated(changed: PropertyValues): void {
    if (this.widthPx === 0 || (changed.size === 1 && changed.has("at"))) return;
    const canvas = this.querySelector<HTMLCanvasElement>(".scatter-canvas")!;
    const ratio = globalThis.devicePixelRatio || 1;
    canvas.width = Math.round(this.widthPx * ratio);
    canvas.height = Math.round(area.height * ratio);
    const context = canvas.getContext("2d");
    if (context === null) return;
    context.scale(ratio, ratio);
    this.paint(context, palette());
  }

  private paint(context: CanvasRenderingContext2D, colours: Palette): void {
    const height = area.height - area.top - area.bottom;
    const yOf = (value: number) => area.top + height * (1 - value / this.axis.top);
    context.font = `${Math.round(colours.fontSizePx * 0.85)}px ${colours.fontFamily}`;
    const { unit, factor } = axisUnit(this.axis.top, this.unit);
    const ticks = this.axis;
    context.textAlign = "right";
    context.textBaseline = "middle";
    for (const [i, tick] of ticks.values.entries()) {
      context.fillStyle = colours.grid;
      context.fillRect(area.left, Math.round(yOf(tick)), this.plotWidth, 1);
      context.fillStyle = colours.muted;
      const text = tickText(tick, ticks.step, factor) + (i === ticks.values.length - 1 ? ` ${unit}` : "");
      context.fillText(text, area.left - 6, yOf(tick));
    }
    this.paintCounts(context, colours);
    const { values, store } = this;
    if (store.length > this.plotWidth) this.paintColumns(context, colours, yOf);
    context.strokeStyle = colours.foreground;
    context.fillStyle = colours.foreground;
    context.lineWidth = 1.1;
    const radius = store.length > this.plotWidth / 5 ? 1.6 : 2.4;
    let free = 0;
    for (let i = 0; i < store.length; i++) {
      const counted = store.excluded[i] === 0;
      if (Number.isNaN(values[i]) || (counted && store.length > this.plotWidth)) continue;
      const x = this.xOf(i);
      context.beginPath();
      if (values[i]! > this.axis.top) {
        if (x < free) continue;
        free = x + 6;
        // Beyond the scale: an arrow at the edge.
        context.moveTo(x - 3.5, area.top + 5);
        context.lineTo(x, area.top);
        context.lineTo(x + 3.5, area.top + 5);
        context.closePath();
      } else context.arc(x, yOf(values[i]!), counted ? radius : 2.6, 0, 2 * Math.PI);
      // Fainter where a line has to be seen among them.
      context.globalAlpha = counted && this.drift !== undefined ? 0.5 : 1;
      if (counted) context.fill();
      else context.stroke();
      context.globalAlpha = 1;
    }
    if (this.drift !== undefined) {
      context.lineWidth = 1.75;
      context.beginPath();
      context.moveTo(this.xOf(this.drift.firstIndex), yOf(this.drift.first));
      context.lineTo(this.xOf(this.drift.lastIndex), yOf(this.drift.last));
      context.stroke();
    }
  }

  /** More iterations than pixels: smallest to largest as a faint bar, the mean as a dot. */
  private paintColumns(context: CanvasRenderingContext2D, colours: Palette, yOf: (value: number) => number): void {
    const columns = Math.floor(this.plotWidth);
    const index = Float64Array.from({ length: this.store.length }, (_, i) => i);
    const { low, high, mean } = dotColumns(index, this.values, this.store.excluded, 0, this.store.length, columns);
    for (let column = 0; column < columns; column++) {
      if (Number.isNaN(low[column])) continue;
      context.fillStyle = colours.foreground;
      context.globalAlpha = 0.35;
      context.fillRect(area.left + column, yOf(high[column]!), 1, Math.max(1, yOf(low[column]!) - yOf(high[column]!)));
      context.globalAlpha = 1;
      context.fillRect(area.left + column, yOf(mean[column]!) - 0.75, 1, 1.5);
    }
  }

  private paintCounts(context: CanvasRenderingContext2D, colours: Palette): void {
    const count = this.store.length;
    context.textBaseline = "top";
    context.fillStyle = colours.muted;
    for (const tick of niceTicks(0, Math.max(1, count - 1), Math.max(2, Math.floor(this.plotWidth / 90))).values) {
      if (!Number.isInteger(tick) || tick >= count) continue;
      const x = this.xOf(tick);
      context.textAlign = x - area.left < 8 ? "left" : "center";
      context.fillText(formatCount(this.store.iteration[tick]), x, area.height - area.bottom + 6);
    }
  }

  /** Every iteration, or where there are many the first ones and how many are left out. */
  private table(): DataTable {
    const most = 500;
    const rows = Array.from({ length: Math.min(most, this.store.length) }, (_, i) => [
      String(this.store.iteration[i]),
      formatQuantity(this.store.energyJ[i], "J"),
      formatDuration(this.store.durationS[i]),
      exclusions[this.store.excluded[i]!]!,
    ]);
    const more = this.store.length > most ? `, the first ${most} of ${this.store.length}` : "";
    return {
      caption: `Iterations${more}`,
      columns: [
        { name: "Iteration" },
        { name: "Energy", numeric: true },
        { name: "Time", numeric: true },
        { name: "Counted" },
      ],
      rows,
    };
  }

  private fire(type: string, detail: unknown): void {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
customElements.define("wl-scatter", WlScatter);

/** `rises by 6.2 % over the run, 178 to 189 mJ` */
function driftText(drift: Drift, unit: string): string {
  const change = (drift.last - drift.first) / drift.first;
  const way = change > 0 ? "rises" : "falls";
  return `${way} by ${formatShare(Math.abs(change))} over the run: ${formatQuantity(drift.first, unit)} to ${formatQuantity(drift.last, unit)}`;
}
