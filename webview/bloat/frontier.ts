import { html, nothing, type PropertyValues, type SVGTemplateResult, svg, type TemplateResult } from "lit";
import type { ToBloatPanel } from "../../src/messages/bloat";
import { type BloatColumns, type PlanColumns, planEnergyJ } from "../../src/model/bloatView";
import { formatEnergy, formatQuantity } from "../../src/model/format";
import { tickText } from "../shared/chart/axis";
import { SizedChart } from "../shared/chart/sizedChart";
import { dataTable } from "../shared/dataTable";
import { sectionTitle, tableToggle } from "../shared/panelFrame";
import { type FrontierFrame, frontierFrame, frontierPath, nowPath, planDots, timeAt, xOf, yOf } from "./frontierPath";
import { boundAt, cornerBeside, nowJ } from "./model";
import { factorText } from "./numbers";

const heightPx = 260;
/** Rows of the table behind the chart. */
const tableRows = 24;

/**
 * Time against energy: `<wl-frontier>`. The handle is dragged, or moved by arrow keys from corner to corner. Fires
 * `wl-time` (s).
 */
export class WlFrontier extends SizedChart {
  static override properties = {
    columns: { attribute: false },
    plans: { attribute: false },
    planCount: { attribute: false },
    plan: { attribute: false },
    atS: { attribute: false },
    straggler: { attribute: false },
    compared: { attribute: false },
    tableShown: { attribute: false },
  };

  declare columns: BloatColumns;
  declare plans: readonly PlanColumns[];
  /** Changes when `plans` has grown. */
  declare planCount: number;
  declare plan: PlanColumns | undefined;
  declare atS: number;
  declare straggler: number | undefined;
  declare compared: Extract<ToBloatPanel, { type: "compared" }> | undefined;
  declare tableShown: boolean;

  /** What stays while the handle moves. */
  private frame: FrontierFrame | undefined;
  private beyondS = 0;
  private still: SVGTemplateResult | undefined;

  constructor() {
    super();
    this.plans = [];
    this.planCount = 0;
    this.atS = 0;
    this.tableShown = false;
  }

  protected override willUpdate(changed: PropertyValues): void {
    const { columns, straggler = 1 } = this;
    // A straggler within the frontier leaves the axes as they are.
    const beyondS = Math.max(columns.slowestUsefulTimeS, straggler * columns.minimumTimeS);
    const still = ["columns", "widthPx", "planCount", "compared"].every((name) => !changed.has(name));
    if (still && beyondS === this.beyondS) return;
    this.beyondS = beyondS;
    this.frame = frontierFrame(columns, { width: Math.max(240, this.widthPx), height: heightPx }, beyondS);
    this.still = this.background(this.frame);
  }

  protected override render(): TemplateResult {
    const { columns } = this;
    return html`<section class="frontier" aria-label="Frontier of time and energy">
      ${sectionTitle(
        "Energy of an iteration against its time",
        tableToggle(this.tableShown, "The frontier", () => this.fire("wl-table", undefined)),
      )}
      <div
        class="frontier-surface"
        role="slider"
        tabindex="0"
        aria-label="Iteration time. Arrows move from corner to corner, Page Up and Down by a twentieth, Home to the minimum time, End to the slowest useful one."
        aria-valuemin=${columns.minimumTimeS}
        aria-valuemax=${columns.slowestUsefulTimeS}
        aria-valuenow=${this.atS}
        aria-valuetext=${this.valueText()}
        @keydown=${this.key}
        @pointerdown=${this.down}
        @pointermove=${this.move}
      >
        ${
          this.widthPx === 0
            ? nothing
            : html`<svg width=${this.widthPx} height=${heightPx} aria-hidden="true">${this.still}${this.straggling()}${this.handle()}</svg>`
        }
      </div>
      ${dataTable(this.table(), this.tableShown)}
    </section>`;
  }

  private valueText(): string {
    const { plan, columns, atS } = this;
    const energy = plan === undefined ? "" : `, ${formatEnergy(planEnergyJ(plan, columns, atS))}`;
    return `${formatQuantity(atS, "s")}${energy}`;
  }

  private background(frame: FrontierFrame): SVGTemplateResult {
    const { columns } = this;
    const { left, right, top, bottom, timeTicks, energyTicks, energyUnit } = frame;
    const { minimumTimeS, minimumEnergyTimeS } = columns;
    return svg`
      ${energyTicks.values.map(
        (value) => svg`<line class="grid" x1=${left} x2=${right} y1=${yOf(frame, value)} y2=${yOf(frame, value)} />
          <text class="tick" text-anchor="end" x=${left - 7} y=${yOf(frame, value) + 4}>${tickText(value, energyTicks.step, energyUnit.factor)}</text>`,
      )}
      <text class="tick" text-anchor="end" x=${left - 7} y=${top + 2}>${energyUnit.unit}</text>
      ${timeTicks.values.map(
        (value) =>
          svg`<line class="axis" x1=${xOf(frame, value)} x2=${xOf(frame, value)} y1=${bottom} y2=${bottom + 4} />
          <text class="tick" text-anchor="middle" x=${xOf(frame, value)} y=${bottom + 17}>${tickText(value, timeTicks.step)} s</text>`,
      )}
      <line class="axis" x1=${left} x2=${right} y1=${bottom} y2=${bottom} />
      <path class="now-line" d=${nowPath(columns, frame)} />
      <path class="frontier-line" d=${frontierPath(columns, frame)} />
      ${planDots(columns, this.plans, frame).map(({ x, y }) => svg`<circle class="plan-dot" cx=${x} cy=${y} r="1.6" />`)}
      ${this.mark(frame, minimumTimeS, nowJ(columns), "now")}
      ${this.mark(frame, minimumTimeS, boundAt(columns, minimumTimeS), "as fast")}
      ${this.mark(frame, minimumEnergyTimeS, boundAt(columns, minimumEnergyTimeS), "least energy")}
      ${this.compared === undefined ? nothing : this.comparison(frame, this.compared)}`;
  }

  /** A point with its label above it, where the curve, which falls to the right, leaves room. */
  private mark(frame: FrontierFrame, timeS: number, energyJ: number, label: string): SVGTemplateResult {
    const [x, y] = [xOf(frame, timeS), yOf(frame, energyJ)];
    const near = x > frame.right - 90;
    return svg`<circle class="point" cx=${x} cy=${y} r="4" />
      <text class="label" text-anchor=${near ? "end" : "start"} x=${x + (near ? -6 : 9)} y=${y - 7}>${label}</text>`;
  }

  private straggling(): SVGTemplateResult | typeof nothing {
    const { frame } = this;
    if (this.straggler === undefined || frame === undefined) return nothing;
    const stragglerS = this.straggler * this.columns.minimumTimeS;
    const x = xOf(frame, stragglerS);
    const near = x > (frame.left + frame.right) / 2;
    return svg`<line class="straggler-line" x1=${x} x2=${x} y1=${frame.top} y2=${frame.bottom} />
      <text class="label" text-anchor=${near ? "end" : "start"} x=${x + (near ? -6 : 6)} y=${frame.top + 10}>straggler ${factorText(this.straggler)}</text>`;
  }

  private comparison(frame: FrontierFrame, { name, iterationTimeS, energyJ }: NonNullable<WlFrontier["compared"]>) {
    const x = Math.min(frame.right, xOf(frame, iterationTimeS));
    const y = Math.max(frame.top, Math.min(frame.bottom, yOf(frame, energyJ)));
    const near = x > (frame.left + frame.right) / 2;
    return svg`<path class="compared" d=${`M${x - 5} ${y - 5}L${x + 5} ${y + 5}M${x - 5} ${y + 5}L${x + 5} ${y - 5}`} />
      <text class="label" text-anchor=${near ? "end" : "start"} x=${x + (near ? -9 : 9)} y=${y + 4}>${name.slice(0, 40)}</text>`;
  }

  private handle(): SVGTemplateResult | typeof nothing {
    const { plan, columns, atS, frame } = this;
    if (plan === undefined || frame === undefined) return nothing;
    const [x, y] = [xOf(frame, atS), yOf(frame, planEnergyJ(plan, columns, atS))];
    const now = Math.max(frame.top, yOf(frame, nowJ(columns, atS)));
    return svg`<line class="saving" x1=${x} x2=${x} y1=${now} y2=${y} />
      <line class="drop" x1=${x} x2=${x} y1=${y} y2=${frame.bottom} />
      <path class="handle" d=${`M${x} ${y - 8}L${x + 8} ${y}L${x} ${y + 8}L${x - 8} ${y}Z`} />`;
  }

  private table() {
    const { columns, plans } = this;
    const every = Math.max(1, Math.ceil(plans.length / tableRows));
    return {
      caption: "Plans along the frontier",
      columns: [
        { name: "Iteration" },
        { name: "Energy", numeric: true },
        { name: "Now, waiting as long", numeric: true },
        { name: "No plan is below", numeric: true },
      ],
      rows: plans
        .filter((_, k) => k % every === 0)
        .map((plan) => [
          formatQuantity(plan.deadlineS, "s"),
          formatEnergy(planEnergyJ(plan, columns, plan.deadlineS)),
          formatEnergy(nowJ(columns, plan.deadlineS)),
          formatEnergy(boundAt(columns, plan.deadlineS)),
        ]),
    };
  }

  private readonly down = (event: PointerEvent) => {
    if (event.button !== 0) return;
    (event.currentTarget as HTMLElement).setPointerCapture(event.pointerId);
    this.moveTo(event);
  };

  private readonly move = (event: PointerEvent) => {
    if ((event.buttons & 1) === 1 && (event.currentTarget as HTMLElement).hasPointerCapture(event.pointerId))
      this.moveTo(event);
  };

  private moveTo(event: PointerEvent): void {
    if (this.frame === undefined) return;
    const { left } = (event.currentTarget as HTMLElement).getBoundingClientRect();
    this.go(timeAt(this.frame, event.clientX - left));
  }

  private readonly key = (event: KeyboardEvent) => {
    const { columns, atS } = this;
    const { minimumTimeS, slowestUsefulTimeS } = columns;
    const stride = (slowestUsefulTimeS - minimumTimeS) / 20;
    const to: Record<string, () => number> = {
      ArrowRight: () => cornerBeside(columns, atS, 1),
      ArrowUp: () => cornerBeside(columns, atS, 1),
      ArrowLeft: () => cornerBeside(columns, atS, -1),
      ArrowDown: () => cornerBeside(columns, atS, -1),
      PageUp: () => atS + stride,
      PageDown: () => atS - stride,
      Home: () => minimumTimeS,
      End: () => slowestUsefulTimeS,
    };
    if (event.key === "Escape") (event.currentTarget as HTMLElement).blur();
    const next = event.ctrlKey || event.metaKey || event.altKey ? undefined : to[event.key];
    if (next === undefined) return;
    event.preventDefault();
    this.go(next());
  };

  private go(timeS: number): void {
    const { minimumTimeS, slowestUsefulTimeS } = this.columns;
    const last = Math.max(slowestUsefulTimeS, (this.straggler ?? 1) * minimumTimeS);
    this.fire("wl-time", Math.min(last, Math.max(minimumTimeS, timeS)));
  }

  private fire(type: string, detail: unknown): void {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
customElements.define("wl-frontier", WlFrontier);
