import { html, nothing, type TemplateResult } from "lit";
import { formatQuantity } from "../../src/model/format";
import type { GapDevice } from "../../src/model/gap";
import { CanvasChart } from "../shared/chart/canvasChart";
import { clamp } from "../shared/chart/columns";
import type { Palette } from "../shared/theme";
import type { Item } from "./items";
import { idealColour } from "./looks";
import { decades, type LogAxis, logAxis, logPlace } from "./paintWaterline";
import { formatIntensity, sayItem, tipRows } from "./words";

const area = { left: 66, right: 12, top: 10, height: 256, bottom: 22 };
/** A point is found within this distance. */
const reachPx = 14;

/** A layer on the roofline: what it reaches at its intensity. */
interface Point {
  readonly item: Item;
  readonly intensity: number;
  readonly flopsPerS: number;
}

/**
 * The roofline: `<wl-roofline>`. FLOP/s over intensity, both on log axes, with the machine's roof; a dot's area is its
 * layer's share of the time. Fires `wl-choose` and `wl-open` with an id.
 */
export class WlRoofline extends CanvasChart {
  static override properties = {
    ...CanvasChart.properties,
    items: { attribute: false },
    device: { attribute: false },
    selected: { attribute: false },
    at: { state: true },
  };

  declare items: readonly Item[];
  declare device: GapDevice;
  declare selected: string | undefined;
  declare private at: number | undefined;
  protected override readonly overlays = ["at"];
  private points: readonly Point[] = [];
  private x: LogAxis = { low: -1, high: 2 };
  private y: LogAxis = { low: 6, high: 12 };
  private madeOf: readonly Item[] | undefined;

  constructor() {
    super();
    this.items = [];
  }

  protected override get heightPx(): number {
    return area.top + area.height + area.bottom;
  }

  /** The roof of the format that most FLOPs run in. */
  private get peak(): number | undefined {
    const { mainDtype, peakFlopsPerS } = this.device;
    return mainDtype === undefined ? undefined : peakFlopsPerS?.[mainDtype];
  }

  protected override willUpdate(): void {
    if (this.madeOf === this.items) return;
    this.madeOf = this.items;
    this.points = this.items.flatMap((item) => {
      const { flops = 0, intensity = 0, timeS } = item;
      return flops > 0 && intensity > 0 && timeS > 0 ? [{ item, intensity, flopsPerS: flops / timeS }] : [];
    });
    this.x = logAxis([...this.points.map(({ intensity }) => intensity), this.device.balanceFlopsPerByte ?? 0]);
    this.y = logAxis([...this.points.map(({ flopsPerS }) => flopsPerS), this.peak ?? 0]);
    this.at = undefined;
  }

  protected override render(): TemplateResult {
    const index = this.selectedIndex;
    return html`<div
      class="sequence-surface"
      role="slider"
      tabindex="0"
      aria-label="FLOP/s of each layer over its intensity. Arrows move from the most time to the least, Enter opens the layer's line."
      aria-valuemin="1"
      aria-valuemax=${Math.max(1, this.points.length)}
      aria-valuenow=${index + 1}
      aria-valuetext=${index < 0 ? "no layer selected" : sayItem(this.points[index]!.item)}
      @keydown=${this.key}
      @pointermove=${(event: PointerEvent) => {
        this.at = this.nearest(event);
      }}
      @pointerleave=${() => {
        this.at = undefined;
      }}
      @click=${() => this.at !== undefined && this.fire("wl-open", this.points[this.at]!.item.id)}
    >
      <canvas class="chart-canvas" aria-hidden="true" .style=${`height:${this.heightPx}px`}></canvas>${this.tip()}
    </div>`;
  }

  private get selectedIndex(): number {
    return this.points.findIndex(({ item }) => item.id === this.selected);
  }

  private tip(): TemplateResult | typeof nothing {
    const point = this.at === undefined ? undefined : this.points[this.at];
    if (point === undefined) return nothing;
    const x = this.xOf(point.intensity);
    const side = x > this.widthPx / 2 ? `right:${this.widthPx - x + 12}px` : `left:${x + 12}px`;
    const rows: [string, string][] = [
      ["reaches", formatQuantity(point.flopsPerS, "FLOP/s")],
      ...tipRows(point.item, this.device.balanceFlopsPerByte),
    ];
    return html`<div class="tip" .style=${side}>
      <div class="tip-title">${point.item.name}</div>
      ${rows.map(([name, value]) => html`<div class="tip-row"><span>${name}</span><b>${value}</b></div>`)}
    </div>`;
  }

  private xOf(intensity: number): number {
    return area.left + logPlace(intensity, this.x) * Math.max(1, this.widthPx - area.left - area.right);
  }
  private yOf(flopsPerS: number): number {
    return area.top + area.height * (1 - logPlace(flopsPerS, this.y));
  }

  private nearest(event: PointerEvent): number | undefined {
    const box = (event.currentTarget as HTMLElement).getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    let best: number | undefined;
    let least = reachPx;
    for (let i = 0; i < this.points.length; i++) {
      const { intensity, flopsPerS } = this.points[i]!;
      const distance = Math.hypot(this.xOf(intensity) - x, this.yOf(flopsPerS) - y);
      if (distance < least) [least, best] = [distance, i];
    }
    return best;
  }

  private readonly key = (event: KeyboardEvent) => {
    const byTime = [...this.points.keys()].sort((a, b) => this.points[b]!.item.timeS - this.points[a]!.item.timeS);
    const at = byTime.indexOf(this.selectedIndex);
    const choose = (to: number) => {
      const index = byTime[clamp(to, 0, byTime.length - 1)];
      if (index !== undefined) this.fire("wl-choose", this.points[index]!.item.id);
    };
    const actions: Record<string, () => void> = {
      ArrowRight: () => choose(at + 1),
      ArrowDown: () => choose(at + 1),
      ArrowLeft: () => choose(at - 1),
      ArrowUp: () => choose(at - 1),
      Home: () => choose(0),
      End: () => choose(byTime.length - 1),
      Enter: () => at >= 0 && this.fire("wl-open", this.points[byTime[at]!]!.item.id),
      Escape: () => (event.currentTarget as HTMLElement).blur(),
    };
    const action = event.ctrlKey || event.metaKey || event.altKey ? undefined : actions[event.key];
    if (action === undefined) return;
    event.preventDefault();
    action();
  };

  protected override paint(context: CanvasRenderingContext2D, colours: Palette): void {
    context.font = `${Math.round(colours.fontSizePx * 0.85)}px ${colours.fontFamily}`;
    this.paintAxes(context, colours);
    this.paintRoof(context, colours);
    const allS = Math.max(
      Number.MIN_VALUE,
      this.points.reduce((sum, { item }) => sum + item.timeS, 0),
    );
    // Large ones first, so that small ones lie on top of them.
    for (const { item, intensity, flopsPerS } of [...this.points].sort((a, b) => b.item.timeS - a.item.timeS)) {
      const radius = clamp(Math.sqrt(item.timeS / allS) * 26, 2.2, 18);
      const isSelected = item.id === this.selected;
      context.beginPath();
      const [x, y] = [this.xOf(intensity), this.yOf(flopsPerS)];
      if (item.pass === "backward") context.rect(x - radius * 0.88, y - radius * 0.88, radius * 1.76, radius * 1.76);
      else context.arc(x, y, radius, 0, 2 * Math.PI);
      context.globalAlpha = 0.55;
      context.fillStyle = idealColour(colours, item);
      context.fill();
      context.globalAlpha = 1;
      context.strokeStyle = isSelected ? colours.focus : colours.foreground;
      context.lineWidth = isSelected ? 2.5 : 1;
      context.stroke();
    }
  }

  private paintAxes(context: CanvasRenderingContext2D, colours: Palette): void {
    context.textBaseline = "middle";
    for (const power of decades(this.y)) {
      const y = Math.round(this.yOf(10 ** power));
      context.fillStyle = colours.grid;
      context.fillRect(area.left, y, this.widthPx - area.left - area.right, 1);
      context.fillStyle = colours.muted;
      context.textAlign = "right";
      context.fillText(decade(10 ** power, "F/s"), area.left - 6, clamp(y, 8, area.top + area.height));
    }
    const last = decades(this.x).at(-1);
    for (const power of decades(this.x)) {
      const x = this.xOf(10 ** power);
      context.fillStyle = colours.grid;
      context.fillRect(Math.round(x), area.top, 1, area.height);
      context.fillStyle = colours.muted;
      context.textAlign = "center";
      const text = `${Number((10 ** power).toPrecision(1))}${power === last ? " FLOP/B" : ""}`;
      const half = context.measureText(text).width / 2;
      context.fillText(text, clamp(x, area.left, this.widthPx - area.right - half), area.top + area.height + 12);
    }
  }

  private paintRoof(context: CanvasRenderingContext2D, colours: Palette): void {
    const { peak } = this;
    const { balanceFlopsPerByte: balance, bandwidthBytesPerS } = this.device;
    if (peak === undefined || balance === undefined || bandwidthBytesPerS === undefined) return;
    context.save();
    context.beginPath();
    context.rect(area.left, area.top - 2, this.widthPx - area.left - area.right, area.height + 2);
    context.clip();
    context.strokeStyle = colours.foreground;
    context.lineWidth = 1.5;
    context.beginPath();
    // Below the axis the slope goes on as it is: the log axis is linear in the exponent.
    const lowest = Math.max(10 ** this.x.low, 10 ** this.y.low / bandwidthBytesPerS);
    context.moveTo(this.xOf(lowest), this.yOf(lowest * bandwidthBytesPerS));
    context.lineTo(this.xOf(balance), this.yOf(peak));
    context.lineTo(this.widthPx - area.right, this.yOf(peak));
    context.stroke();
    context.setLineDash([3, 4]);
    context.lineWidth = 1;
    context.beginPath();
    context.moveTo(this.xOf(balance), this.yOf(peak));
    context.lineTo(this.xOf(balance), area.top + area.height);
    context.stroke();
    context.restore();
    context.fillStyle = colours.foreground;
    context.textBaseline = "top";
    context.textAlign = "right";
    context.fillText(
      `${formatQuantity(peak, "FLOP/s")} in ${this.device.mainDtype}`,
      this.widthPx - area.right - 4,
      this.yOf(peak) + 5,
    );
    context.textAlign = "left";
    context.textBaseline = "bottom";
    const text = formatIntensity(balance);
    const x = Math.min(this.xOf(balance) + 5, this.widthPx - area.right - context.measureText(text).width);
    context.fillText(text, x, area.top + area.height - 4);
  }
}
customElements.define("wl-roofline", WlRoofline);

/** `100 GF/s`: whole powers of ten. */
function decade(value: number, unit: string): string {
  const step = Math.floor(Math.log10(value) / 3 + 1e-9);
  return `${Math.round(value / 1000 ** step)} ${["", "k", "M", "G", "T", "P", "E"][step] ?? ""}${unit}`;
}
