import { html, nothing, type PropertyValues, svg, type TemplateResult } from "lit";
import type { BloatColumns, PlanColumns } from "../../src/model/bloatView";
import { formatPower, formatQuantity } from "../../src/model/format";
import { timeTicks, timeTickText } from "../shared/chart/axis";
import { attachPointer } from "../shared/chart/pointer";
import { SizedChart } from "../shared/chart/sizedChart";
import { pan, type Window, zoomAbout } from "../shared/chart/zoom";
import { sectionTitle } from "../shared/panelFrame";
import { palette } from "../shared/theme";
import { durationS, isCritical, Lanes, type Scale, scaleOf } from "./ganttBoxes";
import { paintGantt, rampOf } from "./ganttPaint";
import { kindWords, operationName } from "./planRows";
import type { BloatSelection } from "./state";

const leftPx = 58;
const rightPx = 12;
const axisPx = 20;
/** More rows than this would be a page of stripes. */
const mostRows = 64;
/** The end of the axis is a multiple of this share of the minimum time. */
const axisStep = 0.1;
const halves = ["now", "plan"] as const;

/**
 * The iteration before and after, one row a stage, on one time axis: `<wl-gantt>`. Fires `wl-zoom` (a window or null),
 * `wl-select` (a selection or null), `wl-colour` (power or clock).
 */
export class WlGantt extends SizedChart {
  static override properties = {
    columns: { attribute: false },
    plan: { attribute: false },
    endS: { attribute: false },
    zoom: { attribute: false },
    colourBy: { attribute: false },
    selection: { attribute: false },
    hover: { state: true },
    brushed: { state: true },
    theme: { state: true },
  };

  declare columns: BloatColumns;
  declare plan: PlanColumns | undefined;
  /** When the iteration ends, s: the plan's deadline, or the straggler. */
  declare endS: number;
  declare zoom: Window | undefined;
  declare colourBy: "power" | "clock";
  declare selection: BloatSelection | undefined;
  declare private hover: { readonly half: number; readonly lane: number; readonly timeS: number } | undefined;
  declare private brushed: Window | undefined;
  declare private theme: number;

  /** Where the axis ended when it was last painted. */
  private paintedTo = 0;
  private of: BloatColumns | undefined;
  private lanes!: Lanes;
  private scales!: Record<"power" | "clock", Scale>;

  constructor() {
    super();
    this.endS = 0;
    this.colourBy = "power";
    this.theme = 0;
  }

  protected override themeChanged(): void {
    this.theme++;
  }

  /** Ends at a round time, so that the axis stands still while the plan's end moves a little. */
  private get all(): Window {
    const { minimumTimeS } = this.columns;
    const step = minimumTimeS * axisStep;
    return { from: 0, to: Math.max(minimumTimeS, Math.ceil(this.endS / step - 1e-9) * step) };
  }
  private get window(): Window {
    return this.zoom ?? this.all;
  }
  private get rows(): number {
    return Math.min(mostRows, this.columns.lanes);
  }
  private get rowHeight(): number {
    return Math.max(5, Math.min(22, Math.floor(190 / this.rows)));
  }
  private get plotWidth(): number {
    return Math.max(1, this.widthPx - leftPx - rightPx);
  }
  private get canvasHeight(): number {
    return this.rows * this.rowHeight;
  }

  protected override willUpdate(): void {
    if (this.of === this.columns) return;
    this.of = this.columns;
    this.lanes = new Lanes(this.columns);
    this.scales = { power: scaleOf(this.columns, "power"), clock: scaleOf(this.columns, "clock") };
  }

  protected override firstUpdated(): void {
    for (const [half, name] of halves.entries()) {
      const surface = this.querySelector<HTMLElement>(`.gantt-${name}`)!;
      this.release.push(
        attachPointer(surface, {
          area: () => ({ left: leftPx, width: this.plotWidth }),
          window: () => this.window,
          all: () => this.all,
          smallest: this.columns.minimumTimeS * 1e-4,
          hover: (at, y) => {
            this.hover = at === undefined ? undefined : { half, lane: this.laneAt(y), timeS: at };
          },
          brush: (window) => {
            this.brushed = window;
          },
          zoom: (window) => this.fire("wl-zoom", window),
          pick: (at, y) => this.pick(half, this.laneAt(y), at),
        }),
      );
    }
  }

  protected override render(): TemplateResult {
    const { columns } = this;
    return html`<section class="gantt" aria-label="The iteration before and after">
      ${sectionTitle("Iteration, now and with the plan", this.tools())}
      ${halves.map((name, half) => this.half(name, half))}
      ${this.axis()}
      ${columns.lanes > this.rows ? html`<p class="muted remark">Shown are ${this.rows} of ${columns.lanes} rows.</p>` : nothing}
    </section>`;
  }

  private half(name: (typeof halves)[number], half: number): TemplateResult {
    const heading = name === "now" ? "Now" : "Plan";
    return html`<h3 class="gantt-heading">${heading}</h3>
      <div
        class="gantt-surface gantt-${name}"
        role="slider"
        tabindex="0"
        aria-label="${heading}: the iteration as a chart. Arrows move between operations and rows, plus and minus zoom, Escape leaves."
        aria-valuemin="0"
        aria-valuemax=${this.columns.operations - 1}
        aria-valuenow=${this.selection?.operation ?? 0}
        aria-valuetext=${this.selectedText(half)}
        @keydown=${(event: KeyboardEvent) => this.key(event, half)}
      >
        ${this.rowNames()}
        <canvas aria-hidden="true" .style=${`height:${this.canvasHeight}px`}></canvas>
        ${this.brush()} ${this.tip(half)}
      </div>`;
  }

  private rowNames(): TemplateResult {
    const every = Math.max(1, Math.ceil(12 / this.rowHeight));
    const word = this.columns.pipeline === undefined ? "row" : "stage";
    return html`<div class="gantt-rows" aria-hidden="true">
      ${Array.from({ length: this.rows }, (_, lane) =>
        lane % every === 0
          ? html`<span class=${this.selection?.lane === lane ? "selected" : ""} .style=${`top:${lane * this.rowHeight + this.rowHeight / 2 - 8}px`}
              >${lane === 0 || this.rowHeight >= 14 ? `${word} ${lane}` : lane}</span
            >`
          : nothing,
      )}
    </div>`;
  }

  private tools(): TemplateResult {
    const scale = this.scales[this.colourBy];
    const ends = [scale.low, scale.high].map((value) => (Number.isFinite(value) ? Math.round(value) : "–"));
    const other = this.colourBy === "power" ? "clock" : "power";
    return html`<span class="gantt-key"><span class="idle-key"></span>waiting</span>
      <span class="gantt-key"><span class="critical-key"></span>critical path</span>
      <span class="gantt-key" title="Colour is the ${this.colourBy} of an operation">
        ${ends[0]}<span class="ramp-key"></span>${ends[1]} ${scale.unit}
      </span>
      <button class="ghost" type="button" title="Colour by ${other}" @click=${() => this.fire("wl-colour", other)}>
        by ${this.colourBy}
      </button>
      ${
        this.zoom === undefined
          ? nothing
          : html`<button class="ghost" type="button" @click=${() => this.fire("wl-zoom", undefined)}>Show all</button>`
      }`;
  }

  private axis(): TemplateResult {
    const { from, to } = this.window;
    const { step, values } = timeTicks(from, to, Math.max(2, Math.floor(this.plotWidth / 90)));
    return html`<svg class="gantt-axis" aria-hidden="true" .style=${`height:${axisPx}px`}>
      ${values.map((value) => {
        const x = this.xOf(value);
        return svg`<line x1=${x} y1="0" x2=${x} y2="4" /><text x=${x} y="15">${timeTickText(value, step)}</text>`;
      })}
    </svg>`;
  }

  private brush(): TemplateResult | typeof nothing {
    if (this.brushed === undefined) return nothing;
    const [left, right] = [this.xOf(this.brushed.from), this.xOf(this.brushed.to)];
    return html`<div class="brush" .style=${`left:${left}px;width:${right - left}px;bottom:0`}></div>`;
  }

  private tip(half: number): TemplateResult | typeof nothing {
    const { hover, columns } = this;
    if (hover === undefined || hover.half !== half || this.brushed !== undefined) return nothing;
    const plan = this.planOf(half);
    if (plan === undefined) return nothing;
    const x = this.xOf(hover.timeS);
    const i = this.lanes.at(hover.lane, hover.timeS, columns, plan);
    const side = x > this.widthPx / 2 ? `right:${this.widthPx - x + 12}px` : `left:${x + 12}px`;
    const top = `top:${Math.min(hover.lane * this.rowHeight + this.rowHeight, this.canvasHeight - 10)}px`;
    return html`<div class="tip" .style=${`${side};${top}`}>
      <div class="tip-title">${i < 0 ? `Row ${hover.lane} waits` : operationName(columns, i)}</div>
      ${i < 0 ? this.waitRows() : this.operationRows(i, plan)}
    </div>`;
  }

  private waitRows(): TemplateResult {
    const { blockingPowerW } = this.columns;
    return html`<div class="tip-row"><span>draws</span><b>${blockingPowerW > 0 ? formatPower(blockingPowerW) : "not known"}</b></div>`;
  }

  private operationRows(i: number, plan: PlanColumns): TemplateResult {
    const own = this.columns.classes[this.columns.classOf[i]!]!;
    const option = plan.option[i]!;
    const rows = [
      ["clock", Number.isFinite(own.frequencyMhz[option]!) ? `${own.frequencyMhz[option]} MHz` : "–"],
      ["time", formatQuantity(own.timeS[option], "s")],
      ["power", formatPower(own.energyJ[option]! / own.timeS[option]!)],
      ["slack", isCritical(plan, i) ? "none, critical" : formatQuantity(plan.slackS[i]!, "s")],
    ];
    return html`${rows.map(([name, value]) => html`<div class="tip-row"><span>${name}</span><b>${value}</b></div>`)}`;
  }

  protected override updated(changed: PropertyValues): void {
    if (this.widthPx === 0) return;
    const drawn = ["columns", "zoom", "colourBy", "selection", "widthPx", "theme"];
    const { to } = this.all;
    const both = to !== this.paintedTo || drawn.some((name) => changed.has(name));
    this.paintedTo = to;
    if (both) this.paint(0);
    if (both || changed.has("plan")) this.paint(1);
  }

  private paint(half: number): void {
    const plan = this.planOf(half);
    const canvas = this.querySelector<HTMLCanvasElement>(`.gantt-${halves[half]} canvas`);
    const context = canvas?.getContext("2d");
    if (!canvas || !context) return;
    const ratio = globalThis.devicePixelRatio || 1;
    canvas.width = Math.round(this.widthPx * ratio);
    canvas.height = Math.round(this.canvasHeight * ratio);
    if (plan === undefined) return;
    const colours = palette();
    context.setTransform(ratio, 0, 0, ratio, Math.round(leftPx * ratio), 0);
    context.beginPath();
    context.rect(0, 0, this.plotWidth, this.canvasHeight);
    context.clip();
    const view = {
      columns: this.columns,
      plan,
      lanes: this.lanes,
      scale: this.scales[this.colourBy],
      window: this.window,
      width: this.plotWidth,
      rowHeight: this.rowHeight,
      rows: this.rows,
      selection: this.selection,
    };
    paintGantt(context, view, colours, rampOf(colours), ratio);
    // Where it ends: beyond that the axis only goes on for the other half.
    const end = this.xOf(half === 0 ? this.columns.minimumTimeS : plan.iterationTimeS) - leftPx;
    context.fillStyle = colours.foreground;
    if (end >= 0 && end <= this.plotWidth) context.fillRect(end - 0.5, 0, 1, this.canvasHeight);
  }

  private planOf(half: number): PlanColumns | undefined {
    return half === 0 ? this.columns.baseline : this.plan;
  }

  private laneAt(y: number): number {
    return Math.min(this.rows - 1, Math.max(0, Math.floor(y / this.rowHeight)));
  }

  private xOf(timeS: number): number {
    const { from, to } = this.window;
    return leftPx + ((timeS - from) / (to - from)) * this.plotWidth;
  }

  private pick(half: number, lane: number, timeS: number): void {
    const plan = this.planOf(half);
    if (plan === undefined) return;
    const i = this.lanes.at(lane, timeS, this.columns, plan);
    this.fire("wl-select", i < 0 ? undefined : this.selectionOf(i));
  }

  private selectionOf(operation: number): BloatSelection {
    const { lane, pipeline } = this.columns;
    return { lane: lane[operation]!, kind: pipeline?.kind[operation] ?? 0, operation };
  }

  private selectedText(half: number): string {
    const { selection, columns } = this;
    const plan = this.planOf(half);
    if (selection === undefined || plan === undefined) return "nothing selected";
    const { operation } = selection;
    if (operation === undefined) return `stage ${selection.lane}, ${kindWords[selection.kind]}`;
    const own = columns.classes[columns.classOf[operation]!]!;
    const option = plan.option[operation]!;
    const clock = own.frequencyMhz[option]!;
    return `${operationName(columns, operation)}, ${Number.isFinite(clock) ? `${clock} MHz, ` : ""}${formatQuantity(own.timeS[option], "s")}`;
  }

  private key(event: KeyboardEvent, half: number): void {
    const plan = this.planOf(half);
    if (plan === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    const { window, all } = this;
    const middle = (window.from + window.to) / 2;
    const zoomed = (factor: number) =>
      this.fire("wl-zoom", zoomAbout(window, middle, factor, all, this.columns.minimumTimeS * 1e-4));
    const actions: Record<string, () => void> = {
      ArrowRight: () => this.step(plan, 1),
      ArrowLeft: () => this.step(plan, -1),
      ArrowDown: () => this.changeLane(plan, 1),
      ArrowUp: () => this.changeLane(plan, -1),
      "+": () => zoomed(0.5),
      "=": () => zoomed(0.5),
      "-": () => zoomed(2),
      "0": () => this.fire("wl-zoom", undefined),
      Escape: () => {
        this.fire("wl-select", undefined);
        (event.currentTarget as HTMLElement).blur();
      },
    };
    const action = actions[event.key];
    if (action === undefined) return;
    event.preventDefault();
    action();
  }

  private step(plan: PlanColumns, by: 1 | -1): void {
    const { selection } = this;
    const list = this.lanes.of(selection?.lane ?? 0);
    const at = selection?.operation === undefined ? -1 : list.indexOf(selection.operation);
    const next = at < 0 ? list[by === 1 ? 0 : list.length - 1] : list[at + by];
    if (next !== undefined) this.go(plan, next);
  }

  /** The operation of another row that runs where the selected one begins, or the next there. */
  private changeLane(plan: PlanColumns, by: 1 | -1): void {
    const { selection } = this;
    const lane = Math.min(this.rows - 1, Math.max(0, (selection?.lane ?? -by) + by));
    const timeS = selection?.operation === undefined ? 0 : plan.startS[selection.operation]!;
    const list = this.lanes.of(lane);
    const next = list.find((i) => plan.startS[i]! + durationS(this.columns, plan, i) > timeS) ?? list.at(-1);
    if (next !== undefined) this.go(plan, next);
  }

  private go(plan: PlanColumns, operation: number): void {
    const { window, all } = this;
    const startS = plan.startS[operation]!;
    if (startS < window.from) this.fire("wl-zoom", pan(window, startS - window.from, all));
    else if (startS > window.to) this.fire("wl-zoom", pan(window, startS - window.to, all));
    this.fire("wl-select", this.selectionOf(operation));
  }

  /** An undefined detail arrives as null: so the platform has it. */
  private fire(type: string, detail: unknown): void {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
customElements.define("wl-gantt", WlGantt);
