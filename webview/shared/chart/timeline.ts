import { html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { formatDuration, formatPower } from "../../../src/model/format";
import { dataTable } from "../dataTable";
import "../menu";
import { sectionTitle, tableToggle } from "../panelFrame";
import { onThemeChange, palette } from "../theme";
import { axisFromZero } from "./axis";
import { upperBound } from "./columns";
import { phaseLegend } from "./phaseLegend";
import { attachPointer } from "./pointer";
import { dashes, PowerPlot } from "./powerPlot";
import type { SpanStore } from "./spanStore";
import { drawStrip, stripHeight } from "./strip";
import { powerTable, sumText, type TimelineDevice, timeText } from "./timelineText";
import { pan, type Window, zoomAbout } from "./zoom";

/** What is selected, in every chart of a panel and in the editor. */
export interface Selection {
  readonly phase?: string;
  readonly path?: string;
  readonly line?: number;
}

const leftPx = 48;
const gutterPx = 104;
const narrowPx = 560;

/**
 * Power over time with the phases under it: `<wl-timeline>`. Fires `wl-zoom` (a window or null), `wl-open`
 * ({path, line}), `wl-select` (a phase or null), `wl-devices` (ids that are hidden), `wl-table` (shown or not).
 */
export class WlTimeline extends LitElement {
  static override properties = {
    devices: { attribute: false },
    spans: { attribute: false },
    iterations: { attribute: false },
    durationS: { attribute: false },
    zoom: { attribute: false },
    hiddenDevices: { attribute: false },
    selection: { attribute: false },
    tableShown: { attribute: false },
    version: { attribute: false },
    cursorS: { state: true },
    brushed: { state: true },
    widthPx: { state: true },
  };

  declare devices: readonly TimelineDevice[];
  declare spans: SpanStore;
  declare iterations: {
    readonly startS: Float64Array;
    readonly durationS: Float64Array;
    readonly iteration: Int32Array;
  };
  declare durationS: number;
  declare zoom: Window | undefined;
  declare hiddenDevices: readonly string[];
  declare selection: Selection | undefined;
  declare tableShown: boolean;
  /** Counts up when the stores have grown. */
  declare version: number;
  declare private cursorS: number | undefined;
  declare private brushed: Window | undefined;
  declare private widthPx: number;

  private plot: PowerPlot | undefined;
  private release: (() => void)[] = [];

  constructor() {
    super();
    this.devices = [];
    this.hiddenDevices = [];
    this.durationS = 0;
    this.tableShown = false;
    this.version = 0;
    this.widthPx = 0;
  }

  protected override createRenderRoot() {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    const sizes = new ResizeObserver(([entry]) => {
      this.widthPx = Math.floor(entry!.contentRect.width);
    });
    sizes.observe(this);
    this.release.push(
      () => sizes.disconnect(),
      onThemeChange(() => this.requestUpdate()),
    );
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    for (const release of this.release.splice(0)) release();
    this.plot?.destroy();
    this.plot = undefined;
  }

  private get all(): Window {
    const ends = this.devices.map((device) => device.power.endS ?? 0);
    const to = Math.max(this.durationS, ...ends);
    return { from: 0, to: to > 0 ? to : 10 };
  }
  private get window(): Window {
    return this.zoom ?? this.all;
  }
  private get shownDevices(): readonly TimelineDevice[] {
    return this.devices.filter((device) => !this.hiddenDevices.includes(device.id));
  }
  /** Undefined where there is no curve. */
  private get powerAxis() {
    const most = Math.max(0, ...this.shownDevices.map((device) => device.power.maxW));
    return most > 0 ? axisFromZero(most, 5) : undefined;
  }
  private get wide(): boolean {
    return this.widthPx >= narrowPx;
  }
  private get right(): number {
    return this.wide ? gutterPx : 14;
  }
  private get plotHeight(): number {
    return this.wide ? 190 : 150;
  }

  protected override firstUpdated(): void {
    const surface = this.querySelector<HTMLElement>(".timeline-surface")!;
    this.plot = new PowerPlot(this.querySelector<HTMLElement>(".timeline-power")!);
    this.release.push(
      attachPointer(surface, {
        area: () => ({ left: leftPx, width: Math.max(1, this.widthPx - leftPx - this.right) }),
        window: () => this.window,
        all: () => this.all,
        smallest: 1e-4,
        hover: (at) => {
          this.cursorS = at;
        },
        brush: (window) => {
          this.brushed = window;
        },
        zoom: (window) => this.fire("wl-zoom", window),
        pick: (at, y) => {
          if (y > this.plotHeight) this.openAt(at);
        },
      }),
    );
  }

  protected override render(): TemplateResult {
    const { from, to } = this.window;
    return html`<section class="timeline" aria-label="Power over time">
      ${sectionTitle("Power", this.tools())}
      ${this.wide ? nothing : this.legend()}
      <div
        class="timeline-surface"
        role="slider"
        tabindex="0"
        aria-label="Power over time. Arrows move, plus and minus zoom, Enter opens the source."
        aria-valuemin=${round(from)}
        aria-valuemax=${round(to)}
        aria-valuenow=${round(this.cursorS ?? from)}
        aria-valuetext=${this.cursorText()}
        @keydown=${this.key}
      >
        <div class="timeline-power" .style=${`height:${this.plotHeight}px`}></div>
        <canvas class="timeline-strip" aria-hidden="true"></canvas>
        ${this.powerAxis === undefined ? html`<p class="no-curve">No readings of power</p>` : this.wide ? this.labels() : nothing}
        ${this.brush()} ${this.crosshair()}
      </div>
      ${phaseLegend(this.spans.phaseNames, this.selection?.phase, (phase) => this.fire("wl-select", phase))}
      ${dataTable(powerTable(this.shownDevices, this.window), this.tableShown)}
    </section>`;
  }

  protected override updated(changed: PropertyValues): void {
    // Pointer and brush are elements of the page; the canvases stay as they are under them.
    const drawn = [...changed.keys()].some((name) => name !== "cursorS" && name !== "brushed");
    if (this.widthPx === 0 || (changed.size > 0 && !drawn)) return;
    this.plot?.draw({
      curves: this.shownDevices.map((device) => ({
        store: device.power,
        dash: dashes[this.devices.indexOf(device) % dashes.length]!,
        fill: this.shownDevices.length === 1,
      })),
      window: this.window,
      powerAxis: this.powerAxis,
      width: this.widthPx,
      height: this.plotHeight,
      left: leftPx,
      right: this.right,
    });
    this.paintStrip();
  }

  private paintStrip(): void {
    const canvas = this.querySelector<HTMLCanvasElement>(".timeline-strip")!;
    const height = stripHeight(this.spans.ranks.length, this.iterations.startS.length > 0);
    const ratio = globalThis.devicePixelRatio || 1;
    canvas.width = Math.round(this.widthPx * ratio);
    canvas.height = Math.round(height * ratio);
    canvas.style.height = `${height}px`;
    const context = canvas.getContext("2d");
    if (context === null) return;
    context.scale(ratio, ratio);
    const { phase, line, path } = this.selection ?? {};
    const phaseIndex = phase === undefined ? -1 : this.spans.phaseNames.indexOf(phase);
    const pathIndex = path === undefined ? -1 : this.spans.paths.indexOf(path);
    const { from, to } = this.window;
    drawStrip(
      context,
      {
        spans: this.spans,
        iterations: this.iterations,
        fromS: from,
        toS: to,
        left: leftPx,
        width: Math.max(1, this.widthPx - leftPx - this.right),
        ...(phaseIndex >= 0
          ? { marked: (spans, i) => spans.phase[i] === phaseIndex }
          : line !== undefined && line > 0
            ? { marked: (spans, i) => spans.line[i] === line && (path === undefined || spans.path[i] === pathIndex) }
            : {}),
      },
      palette(),
    );
  }

  private tools(): TemplateResult {
    return html`${
      this.zoom === undefined
        ? nothing
        : html`<span class="zoom-sum">${sumText(this.devices, this.zoom)}</span>
            <button class="ghost" type="button" @click=${() => this.fire("wl-zoom", undefined)}>Show all</button>`
    }
    ${
      this.devices.length < 2
        ? nothing
        : html`<wl-menu
            label="devices"
            .items=${this.devices.map((device) => ({
              id: device.id,
              label: device.name,
              checked: !this.hiddenDevices.includes(device.id),
            }))}
            @wl-pick=${(event: CustomEvent<string>) => this.toggleDevice(event.detail)}
          ></wl-menu>`
    }
    ${tableToggle(this.tableShown, "Power", () => this.fire("wl-table", !this.tableShown))}`;
  }

  private toggleDevice(id: string): void {
    const hidden = this.hiddenDevices.includes(id)
      ? this.hiddenDevices.filter((other) => other !== id)
      : [...this.hiddenDevices, id];
    this.fire("wl-devices", hidden);
  }

  /** Names at the right ends of the curves, moved apart where they would touch. */
  private labels(): TemplateResult[] {
    const [top, bottom, height] = [8, this.plotHeight - 6, 18];
    const topW = this.powerAxis?.top ?? 1;
    const ends = this.shownDevices
      .map((device) => {
        const powerW = device.power.lastUntil(this.window.to);
        return { device, y: bottom - ((powerW ?? 0) / topW) * (bottom - top), powerW };
      })
      .sort((a, b) => a.y - b.y);
    let free = 0;
    for (const end of ends) {
      end.y = Math.max(end.y - height / 2, free);
      free = end.y + height;
    }
    let most = bottom - height + 6;
    for (const end of [...ends].reverse()) {
      end.y = Math.min(end.y, most);
      most = end.y - height;
    }
    return ends.map(
      (end) =>
        html`<div class="curve-label" title=${end.device.name} .style=${`top:${end.y.toFixed(1)}px`}>
          ${this.dashSample(end.device)}<span>${end.device.name}</span>
        </div>`,
    );
  }

  private legend(): TemplateResult {
    return html`<div class="curve-legend">
      ${this.shownDevices.map(
        (device) =>
          html`<span class="curve-legend-item" title=${device.name}>${this.dashSample(device)}<span>${device.name}</span></span>`,
      )}
    </div>`;
  }

  private dashSample(device: TimelineDevice): TemplateResult {
    const dash = dashes[this.devices.indexOf(device) % dashes.length]!.join(" ");
    return html`<svg class="dash" viewBox="0 0 18 8" aria-hidden="true"><line x1="0" y1="4" x2="18" y2="4" stroke-dasharray=${dash} /></svg>`;
  }

  private brush(): TemplateResult | typeof nothing {
    if (this.brushed === undefined) return nothing;
    const [left, right] = [this.xOf(this.brushed.from), this.xOf(this.brushed.to)];
    return html`<div class="brush" .style=${`left:${left}px;width:${right - left}px`}></div>`;
  }

  private crosshair(): TemplateResult | typeof nothing {
    if (this.cursorS === undefined || this.cursorS < this.window.from || this.cursorS > this.window.to) return nothing;
    const x = this.xOf(this.cursorS);
    const side = x > this.widthPx / 2 ? `right:${this.widthPx - x + 10}px` : `left:${x + 10}px`;
    return html`<div class="crosshair" .style=${`left:${x}px`}></div>
      <div class="tip" .style=${side}>
        ${
          this.brushed === undefined
            ? html`<div class="tip-title">${timeText(this.cursorS, this.window, this.widthPx)}</div>
                ${this.shownDevices.map(
                  (device) =>
                    html`<div class="tip-row"><span>${device.name}</span><b>${formatPower(device.power.at(this.cursorS!))}</b></div>`,
                )}
                ${this.spans.ranks.slice(0, 1).map((rank) => {
                  const span = this.spans.at(rank, this.cursorS!);
                  return span === undefined
                    ? nothing
                    : html`<div class="tip-row"><span>${span.phase}</span><b>${formatDuration(span.endS - span.startS)}</b></div>`;
                })}
                ${this.iterationText(this.cursorS)}`
            : html`<div class="tip-title">${sumText(this.devices, this.brushed)}</div>`
        }
      </div>`;
  }

  private iterationText(timeS: number): TemplateResult | typeof nothing {
    const i = upperBound(this.iterations.startS, timeS) - 1;
    if (i < 0 || this.iterations.startS[i]! + this.iterations.durationS[i]! < timeS) return nothing;
    return html`<div class="tip-row"><span>iteration</span><b>${this.iterations.iteration[i]}</b></div>`;
  }

  private cursorText(): string {
    const timeS = this.cursorS;
    if (timeS === undefined) return `${sumText(this.devices, this.window)} in sight`;
    const span = this.spans.ranks.length === 0 ? undefined : this.spans.at(this.spans.ranks[0]!, timeS);
    const powers = this.shownDevices.map((device) => `${device.name} ${formatPower(device.power.at(timeS))}`);
    return [timeText(timeS, this.window, this.widthPx), ...powers, ...(span === undefined ? [] : [span.phase])].join(
      ", ",
    );
  }

  private xOf(timeS: number): number {
    const { from, to } = this.window;
    return leftPx + ((timeS - from) / (to - from)) * Math.max(1, this.widthPx - leftPx - this.right);
  }

  private openAt(timeS: number): void {
    for (const rank of this.spans.ranks.slice(0, 1)) {
      const span = this.spans.at(rank, timeS);
      if (span === undefined) continue;
      this.fire("wl-select", span.phase);
      if (span.line > 0 && span.path !== "") this.fire("wl-open", { path: span.path, line: span.line });
    }
  }

  private readonly key = (event: KeyboardEvent) => {
    const { from, to } = this.window;
    const pixelS = (to - from) / Math.max(1, this.widthPx - leftPx - this.right);
    const at = this.cursorS ?? (event.key === "ArrowLeft" ? to : from);
    const step = pixelS * (event.shiftKey ? 40 : 4);
    const zoomed = (factor: number) => this.fire("wl-zoom", zoomAbout(this.window, at, factor, this.all, 1e-4));
    const actions: Record<string, () => void> = {
      ArrowRight: () => this.moveTo(at + (this.cursorS === undefined ? 0 : step)),
      ArrowLeft: () => this.moveTo(at - (this.cursorS === undefined ? 0 : step)),
      Home: () => this.moveTo(this.all.from),
      End: () => this.moveTo(this.all.to),
      "+": () => zoomed(0.5),
      "=": () => zoomed(0.5),
      "-": () => zoomed(2),
      "0": () => this.fire("wl-zoom", undefined),
      Enter: () => this.openAt(at),
      Escape: () => {
        this.cursorS = undefined;
        (event.currentTarget as HTMLElement).blur();
      },
    };
    const action = event.ctrlKey || event.metaKey || event.altKey ? undefined : actions[event.key];
    if (action === undefined) return;
    event.preventDefault();
    action();
  };

  /** Moves the crosshair, and the window with it where it leaves the window. */
  private moveTo(timeS: number): void {
    const { all, window } = this;
    const at = Math.min(all.to, Math.max(all.from, timeS));
    this.cursorS = at;
    if (at < window.from) this.fire("wl-zoom", pan(window, at - window.from, all));
    else if (at > window.to) this.fire("wl-zoom", pan(window, at - window.to, all));
  }

  /** An undefined detail arrives as null: so the platform has it. */
  private fire(type: string, detail: unknown): void {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
customElements.define("wl-timeline", WlTimeline);

function round(timeS: number): number {
  return Number(timeS.toFixed(3));
}
