import { html, nothing, type TemplateResult } from "lit";
import { formatShare } from "../../src/model/format";
import { axisUnit, niceTicks, tickText } from "../shared/chart/axis";
import { CanvasChart, paintSharp } from "../shared/chart/canvasChart";
import { clamp } from "../shared/chart/columns";
import { attachPointer, type PointerTarget } from "../shared/chart/pointer";
import { cutTo, pan, type Window, zoomAbout } from "../shared/chart/zoom";
import type { Palette } from "../shared/theme";
import { type Item, itemAt, type Sequence, sequenceOf } from "./items";
import { firstInSight, type Place, paintGap } from "./paintGap";
import { decades, type LogAxis, logAxis, logPlace, paintWaterline } from "./paintWaterline";
import { formatIntensity, sayItem, tipRows } from "./words";

const area = { left: 46, right: 8, top: 8, height: 250, names: 18, ticks: 18 };
const brushHeight = 26;

/**
 * Layers side by side in the order in which they run: `<wl-sequence>`. As `gap` they are as wide as their time, as
 * `waterline` as wide as their FLOPs. Below lie all of them, small, with the part that is in sight. Fires `wl-zoom` (a
 * window or null), `wl-choose` (an id: it is selected) and `wl-open` (an id: its line is to be opened too).
 */
export class WlSequence extends CanvasChart {
  static override properties = {
    ...CanvasChart.properties,
    kind: { attribute: false },
    items: { attribute: false },
    zoom: { attribute: false },
    selected: { attribute: false },
    balance: { attribute: false },
    at: { state: true },
  };

  declare kind: "gap" | "waterline";
  declare items: readonly Item[];
  declare zoom: Window | undefined;
  declare selected: string | undefined;
  declare balance: number | undefined;
  /** Under the pointer. */
  declare private at: number | undefined;
  protected override readonly overlays = ["at"];
  private sequence: Sequence = sequenceOf([], () => 0);
  private axis: LogAxis = { low: -1, high: 2 };
  private madeOf: readonly Item[] | undefined;
  private letGo: (() => void)[] = [];

  constructor() {
    super();
    this.kind = "gap";
    this.items = [];
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    for (const stop of this.letGo.splice(0)) stop();
  }

  protected override get heightPx(): number {
    return area.top + area.height + area.names + area.ticks;
  }

  private get place(): Place {
    const width = Math.max(1, this.widthPx - area.left - area.right);
    return { left: area.left, top: area.top, width, height: area.height };
  }
  private get all(): Window {
    return { from: 0, to: Math.max(this.sequence.edges[this.sequence.items.length]!, Number.MIN_VALUE) };
  }
  private get window(): Window {
    return (this.zoom && cutTo(this.zoom, this.all)) ?? this.all;
  }

  protected override willUpdate(): void {
    if (this.madeOf === this.items) return;
    this.madeOf = this.items;
    const isGap = this.kind === "gap";
    this.sequence = sequenceOf(this.items, (item) => (isGap ? item.timeS : Math.max(0, item.flops ?? 0)));
    this.axis = logAxis([...this.items.map(({ intensity }) => intensity ?? 0), this.balance ?? 0]);
    this.at = undefined;
  }

  protected override render(): TemplateResult {
    const index = this.selectedIndex;
    const what = this.kind === "gap" ? "Time of each layer in parts" : "Operational intensity of each layer";
    return html`<div
        class="sequence-surface"
        role="slider"
        tabindex="0"
        aria-label="${what}. Arrows move, Enter opens the layer's line, plus and minus zoom."
        aria-valuemin="1"
        aria-valuemax=${Math.max(1, this.items.length)}
        aria-valuenow=${index + 1}
        aria-valuetext=${index < 0 ? "no layer selected" : sayItem(this.items[index]!)}
        @keydown=${this.key}
      >
        <canvas class="chart-canvas" aria-hidden="true" .style=${`height:${this.heightPx}px`}></canvas>
        ${this.marks()} ${this.tip()}
      </div>
      <div class="sequence-brush" aria-hidden="true" title="All layers: drag to look at a part, double click for all">
        <canvas class="brush-canvas" .style=${`height:${brushHeight}px`}></canvas>${this.sight()}
      </div>`;
  }

  private get selectedIndex(): number {
    return this.selected === undefined ? -1 : this.items.findIndex(({ id }) => id === this.selected);
  }

  private xOf(at: number): number {
    const { from, to } = this.window;
    return area.left + clamp((at - from) / (to - from), 0, 1) * this.place.width;
  }

  /** The selected layer is framed. */
  private marks(): TemplateResult | typeof nothing {
    const index = this.selectedIndex;
    if (index < 0) return nothing;
    const [from, to] = [this.sequence.edges[index]!, this.sequence.edges[index + 1]!];
    if (to < this.window.from || from > this.window.to) return nothing;
    const [x0, x1] = [this.xOf(from), this.xOf(to)];
    const left = Math.min(x0, (x0 + x1) / 2 - 2);
    return html`<div
      class="sequence-selected"
      .style=${`left:${left}px;width:${Math.max(4, x1 - x0)}px;top:${area.top}px;height:${area.height}px`}
    ></div>`;
  }

  private sight(): TemplateResult | typeof nothing {
    if (this.zoom === undefined) return nothing;
    const { width } = this.place;
    const { from, to } = this.window;
    const scale = width / this.all.to;
    return html`<div
      class="sequence-sight"
      .style=${`left:${area.left + from * scale}px;width:${Math.max(3, (to - from) * scale)}px`}
    ></div>`;
  }

  private tip(): TemplateResult | typeof nothing {
    const item = this.at === undefined ? undefined : this.items[this.at];
    if (item === undefined) return nothing;
    const x = this.xOf((this.sequence.edges[this.at!]! + this.sequence.edges[this.at! + 1]!) / 2);
    const side = x > this.widthPx / 2 ? `right:${this.widthPx - x + 12}px` : `left:${x + 12}px`;
    return html`<div class="tip" .style=${side}>
      <div class="tip-title">${item.name}</div>
      ${tipRows(item, this.balance).map(([name, value]) => html`<div class="tip-row"><span>${name}</span><b>${value}</b></div>`)}
    </div>`;
  }

  protected override firstUpdated(): void {
    const surface = this.querySelector<HTMLElement>(".sequence-surface")!;
    const brush = this.querySelector<HTMLElement>(".sequence-brush")!;
    this.letGo.push(attachPointer(surface, this.pointer()), attachPointer(brush, this.brushPointer()));
  }

  private pointer(): PointerTarget {
    const smallestOf = () => this.all.to / 1e6;
    return {
      area: () => ({ left: area.left, width: this.place.width }),
      window: () => this.window,
      all: () => this.all,
      get smallest() {
        return smallestOf();
      },
      hover: (at) => {
        this.at = at === undefined ? undefined : found(itemAt(this.sequence, at));
      },
      brush: () => {},
      zoom: (window) => this.fire("wl-zoom", window ?? null),
      pick: (at) => {
        const index = itemAt(this.sequence, at);
        if (index >= 0) this.fire("wl-open", this.items[index]!.id);
      },
    };
  }

  /** On the small strip a drag is the window itself, and a click brings its place into the middle. */
  private brushPointer(): PointerTarget {
    return {
      ...this.pointer(),
      window: () => this.all,
      smallest: this.all.to / 1e4,
      hover: () => {},
      brush: (window) => window && this.fire("wl-zoom", cutTo(window, this.all) ?? null),
      pick: (at) => {
        const { from, to } = this.window;
        this.fire("wl-zoom", pan({ from, to }, at - (from + to) / 2, this.all) ?? null);
      },
    };
  }

  private readonly key = (event: KeyboardEvent) => {
    const last = this.items.length - 1;
    const index = this.selectedIndex;
    const step = event.shiftKey ? 10 : 1;
    const actions: Record<string, () => void> = {
      ArrowRight: () => this.choose(index + step),
      ArrowLeft: () => this.choose(index < 0 ? last : index - step),
      Home: () => this.choose(0),
      End: () => this.choose(last),
      Enter: () => index >= 0 && this.fire("wl-open", this.items[index]!.id),
      "+": () => this.zoomBy(0.5),
      "=": () => this.zoomBy(0.5),
      "-": () => this.zoomBy(2),
      Escape: () => (event.currentTarget as HTMLElement).blur(),
    };
    const action = event.ctrlKey || event.metaKey || event.altKey ? undefined : actions[event.key];
    if (action === undefined) return;
    event.preventDefault();
    action();
  };

  private choose(index: number): void {
    if (this.items.length === 0) return;
    const to = clamp(index, 0, this.items.length - 1);
    const middle = (this.sequence.edges[to]! + this.sequence.edges[to + 1]!) / 2;
    if (this.zoom !== undefined && (middle < this.window.from || middle > this.window.to)) {
      const { from, to: end } = this.window;
      this.fire("wl-zoom", pan({ from, to: end }, middle - (from + end) / 2, this.all) ?? null);
    }
    this.fire("wl-choose", this.items[to]!.id);
  }

  private zoomBy(factor: number): void {
    const index = this.selectedIndex;
    const { from, to } = this.window;
    const about = index < 0 ? (from + to) / 2 : (this.sequence.edges[index]! + this.sequence.edges[index + 1]!) / 2;
    this.fire("wl-zoom", zoomAbout(this.window, clamp(about, from, to), factor, this.all, this.all.to / 1e6) ?? null);
  }

  protected override paint(context: CanvasRenderingContext2D, colours: Palette): void {
    const { place, window } = this;
    context.font = `${Math.round(colours.fontSizePx * 0.85)}px ${colours.fontFamily}`;
    this.paintScale(context, colours);
    if (this.kind === "gap") paintGap(context, colours, this.sequence, window, place);
    else {
      paintWaterline(context, colours, this.sequence, window, place, this.axis, this.balance);
      this.paintBalance(context, colours);
    }
    this.paintNames(context, colours);
    this.paintTicks(context, colours);
    this.paintBrush(colours);
  }

  private paintBrush(colours: Palette): void {
    const canvas = this.querySelector<HTMLCanvasElement>(".brush-canvas")!;
    const small = { ...this.place, top: 2, height: brushHeight - 4 };
    paintSharp(canvas, this.widthPx, brushHeight, (context) => {
      if (this.kind === "gap") paintGap(context, colours, this.sequence, this.all, small);
      else paintWaterline(context, colours, this.sequence, this.all, small, this.axis, this.balance);
    });
  }

  private paintScale(context: CanvasRenderingContext2D, colours: Palette): void {
    context.textAlign = "right";
    context.textBaseline = "middle";
    const { low, high } = this.axis;
    const ticks =
      this.kind === "gap"
        ? [0, 0.25, 0.5, 0.75, 1].map((share) => ({ share, text: formatShare(share) }))
        : decades({ low, high }).map((power, k, all) => ({
            share: (power - low) / (high - low),
            text: intensityText(10 ** power, k === all.length - 1),
          }));
    for (const { share, text } of ticks) {
      const y = Math.round(area.top + area.height * (1 - share));
      context.fillStyle = colours.grid;
      context.fillRect(area.left, y, this.place.width, 1);
      context.fillStyle = colours.muted;
      context.fillText(text, area.left - 6, clamp(y, 7, area.top + area.height));
    }
  }

  /** The waterline with its number, on a ground that keeps it readable. */
  private paintBalance(context: CanvasRenderingContext2D, colours: Palette): void {
    if (this.balance === undefined) return;
    const y = Math.round(area.top + area.height * (1 - logPlace(this.balance, this.axis))) + 0.5;
    // On a wider line of the background, or it is lost on dark colours.
    for (const [colour, width] of [
      [colours.background, 4],
      [colours.foreground, 1.5],
    ] as const) {
      context.strokeStyle = colour;
      context.lineWidth = width;
      context.beginPath();
      context.moveTo(area.left, y);
      context.lineTo(area.left + this.place.width, y);
      context.stroke();
    }
    const text = `balance ${formatIntensity(this.balance)}: below it memory-bound`;
    const width = context.measureText(text).width;
    const x = area.left + this.place.width - width - 6;
    context.fillStyle = colours.background;
    context.fillRect(x - 4, y - 18, width + 8, 15);
    context.fillStyle = colours.foreground;
    context.textAlign = "left";
    context.textBaseline = "middle";
    context.fillText(text, x, y - 10.5);
  }

  /** Names under the boxes that are wide enough for one. */
  private paintNames(context: CanvasRenderingContext2D, colours: Palette): void {
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.fillStyle = colours.foreground;
    const y = area.top + area.height + area.names / 2 + 1;
    for (let i = firstInSight(this.sequence, this.window.from); i < this.items.length; i++) {
      if (this.sequence.edges[i]! >= this.window.to) break;
      const [x0, x1] = [this.xOf(this.sequence.edges[i]!), this.xOf(this.sequence.edges[i + 1]!)];
      if (x1 - x0 < 34) continue;
      const text = fitted(context, this.items[i]!.name, x1 - x0 - 6);
      if (text !== "") context.fillText(text, (x0 + x1) / 2, y);
    }
  }

  private paintTicks(context: CanvasRenderingContext2D, colours: Palette): void {
    const { from, to } = this.window;
    const { unit, factor } = axisUnit(to, this.kind === "gap" ? "s" : "FLOP");
    const ticks = niceTicks(from, to, Math.max(2, Math.floor(this.place.width / 90)));
    context.fillStyle = colours.muted;
    context.textBaseline = "middle";
    const y = area.top + area.height + area.names + area.ticks / 2;
    for (const [k, tick] of ticks.values.entries()) {
      const text = tickText(tick, ticks.step, factor) + (k === ticks.values.length - 1 ? ` ${unit}` : "");
      const half = context.measureText(text).width / 2;
      context.textAlign = "center";
      context.fillText(text, clamp(this.xOf(tick), area.left + half - 8, this.widthPx - half), y);
    }
  }
}
customElements.define("wl-sequence", WlSequence);

function found(index: number): number | undefined {
  return index < 0 ? undefined : index;
}

function intensityText(value: number, withUnit: boolean): string {
  const text = value >= 1000 ? `${value / 1000}k` : String(Number(value.toPrecision(1)));
  return withUnit ? `${text} F/B` : text;
}

/** The end of a dotted name says most: words are left out at its front until it fits. */
function fitted(context: CanvasRenderingContext2D, name: string, width: number): string {
  let text = name.length > 80 ? `…${name.slice(-80)}` : name;
  while (text !== "" && context.measureText(text).width > width) {
    const dot = text.indexOf(".", 2);
    text = dot < 0 ? "" : `…${text.slice(dot + 1)}`;
  }
  return text;
}
