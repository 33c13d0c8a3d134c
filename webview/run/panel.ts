import { html, nothing, type TemplateResult } from "lit";
import type { ToAnyPanel } from "../../src/messages/panel";
import type { FromRunPanel, RunView, ToRunPanel } from "../../src/messages/run";
import { formatClock, formatDuration, formatEnergy, formatMoment } from "../../src/model/format";
import { type Bar, bars } from "../shared/chart/bars";
import "../shared/chart/scatter";
import "../shared/chart/timeline";
import type { Selection } from "../shared/chart/timeline";
import { cutTo, type Window } from "../shared/chart/zoom";
import { dataTable } from "../shared/dataTable";
import { icon } from "../shared/icons";
import { commonMenu, PanelElement } from "../shared/panelElement";
import { type FrameView, panelFrame, sectionTitle, tableToggle } from "../shared/panelFrame";
import type { Picture } from "../shared/picture";
import { measured } from "./measured";
import { RunModel } from "./model";
import { notes, tiles, whyNoPhases } from "./numbers";
import { inseparable, phaseBars, phaseTable } from "./phaseBars";
import { runPicture } from "./picture";
import { type RunPanelState, readState, stateFor } from "./state";

/** A clock that has heard nothing for this long stops: the recorder may be gone. */
const silenceMs = 5000;

/** The run panel: `<wattline-run>`. It is given its host before it enters the page. */
export class RunPanel extends PanelElement<ToRunPanel, FromRunPanel, RunPanelState> {
  private readonly model = new RunModel();
  /** When the last message of a live run came, by this page's clock. */
  private heardMs = 0;

  constructor() {
    super(readState);
  }

  override connectedCallback(): void {
    super.connectedCallback();
    const clock = setInterval(() => this.model.view?.state === "running" && this.requestUpdate(), 1000);
    this.release.push(() => clearInterval(clock));
  }

  protected override hear(message: Exclude<ToRunPanel, ToAnyPanel>): void {
    this.model.take(message);
    this.heardMs = performance.now();
    if (message.type !== "show") return;
    const next = stateFor(this.state, message.view.path ?? message.view.startedAt + message.view.command);
    if (next !== this.state) this.keep(next);
  }

  protected override render(): TemplateResult {
    const blank = this.blankPage({ label: "Profile a Python File", run: () => this.post({ type: "profile" }) });
    if (blank !== undefined) return blank;
    const { view } = this.model;
    return panelFrame(this.frame(view), html`${this.timeline()} ${this.halves(view)} ${this.measured(view)}`);
  }

  private frame(view: RunView | undefined): FrameView {
    return {
      title: view?.title ?? "Run",
      facts: view === undefined ? ["reading the run …"] : this.facts(view),
      actions: view === undefined ? [] : this.actions(view),
      menu: commonMenu,
      onMenu: (id) => void this.pickFromMenu(id),
      notes: view === undefined ? [] : notes(view),
      ...(view?.headline === undefined ? {} : { headline: this.headline(view.headline) }),
      tiles: tiles(view?.report),
      busy: view === undefined,
      announcement: this.announcement(view),
    };
  }

  private facts(view: RunView): (string | TemplateResult)[] {
    const started = formatMoment(view.startedAt, new Date());
    if (view.state === "running") {
      const sinceS = Math.min(performance.now() - this.heardMs, silenceMs) / 1000;
      const clock = formatClock(view.durationS + sinceS);
      return [started, html`<span class="live-dot"></span>live, <span class="clock">${clock}</span>`];
    }
    const failed = view.state === "finished" && (view.signal !== undefined || (view.exitCode ?? 0) !== 0);
    const ending = view.signal === undefined ? `exit code ${view.exitCode}` : view.signal;
    return [started, formatDuration(view.durationS), failed ? `${view.state}, ${ending}` : view.state];
  }

  private actions(view: RunView): TemplateResult[] {
    const label = html`<button
      class="ghost label-button"
      type="button"
      title=${view.label === undefined ? "Give this run a label" : `Label: ${view.label}`}
      @click=${() => this.post({ type: "label" })}
    >
      ${icon("tag")}<span>${view.label ?? "Label"}</span>
    </button>`;
    if (view.state !== "running") return [label];
    return [
      label,
      html`<vscode-button appearance="secondary" @click=${() => this.post({ type: "stop" })}>Stop</vscode-button>`,
    ];
  }

  private headline(headline: NonNullable<RunView["headline"]>): TemplateResult {
    const { text, path, line } = headline;
    if (path === undefined || line === undefined) return html`${text}`;
    const open = () => this.post({ type: "openSource", path, line });
    return html`${text} <button class="link" type="button" title="${fileName(path)}, line ${line}" @click=${open}>Show me ${icon("arrow")}</button>`;
  }

  private announcement(view: RunView | undefined): string {
    const { announcement } = this.model;
    if (announcement === "" || view === undefined) return "";
    const energy = view.report?.energyJ === undefined ? "" : ` ${formatEnergy(view.report.energyJ)}`;
    return `${announcement}${energy === "" ? "" : `${energy} in ${formatDuration(view.durationS)}.`}`;
  }

  private timeline(): TemplateResult {
    const { model, state } = this;
    return html`<wl-timeline
      .devices=${model.devices}
      .spans=${model.spans}
      .iterations=${model.iterations}
      .durationS=${model.view?.durationS ?? 0}
      .zoom=${state.zoom}
      .hiddenDevices=${state.hiddenDevices}
      .selection=${model.selection}
      .tableShown=${state.tables.includes("power")}
      .version=${model.version}
      @wl-zoom=${(event: CustomEvent<Window | null>) => this.zoom(event.detail ?? undefined)}
      @wl-open=${(event: CustomEvent<{ path: string; line: number }>) => this.post({ type: "openSource", ...event.detail })}
      @wl-select=${(event: CustomEvent<string | null>) =>
        this.select(event.detail === null ? undefined : { phase: event.detail })}
      @wl-devices=${(event: CustomEvent<string[]>) => this.keep({ hiddenDevices: event.detail })}
      @wl-table=${() => this.toggleTable("power")}
    ></wl-timeline>`;
  }

  private halves(view: RunView | undefined): TemplateResult {
    return html`<div class="halves">${this.phases(view)}${this.iterations(view)}</div>`;
  }

  private phases(view: RunView | undefined): TemplateResult {
    const report = view?.report;
    const shown = this.state.tables.includes("phases");
    const known = report !== undefined && report.phases.length > 0;
    return html`<section class="phases" aria-label="Energy by phase">
      ${sectionTitle("Energy by phase", known ? tableToggle(shown, "Energy by phase", () => this.toggleTable("phases")) : nothing)}
      ${
        known
          ? html`${bars({
              label: "Energy by phase",
              bars: phaseBars(report, this.model.linesByPhase),
              selected: this.model.selectedPhase,
              pick: (bar) => this.pickBar(bar),
            })}
            ${inseparable(report).map((sentence) => html`<p class="muted remark">${sentence}</p>`)}
            ${dataTable(phaseTable(report), shown)}`
          : html`<p class="muted unknown">${report === undefined ? "Known once the first iterations are done." : `Not known: ${whyNoPhases(report)}.`}</p>`
      }
    </section>`;
  }

  private iterations(view: RunView | undefined): TemplateResult {
    const { model, state } = this;
    if (model.iterations.length === 0) {
      const reason =
        view?.report === undefined || view.state === "running"
          ? "Known once the first iterations are done."
          : `Not known: ${whyNoPhases(view.report)}.`;
      return html`<section class="scatter" aria-label="Per iteration">
        ${sectionTitle("Per iteration")}
        <p class="muted unknown">${reason}</p>
      </section>`;
    }
    return html`<wl-scatter
      .store=${model.iterations}
      .quantity=${state.quantity}
      .tableShown=${state.tables.includes("iterations")}
      .version=${model.version}
      @wl-iteration=${(event: CustomEvent<number>) => this.showIteration(event.detail)}
      @wl-source=${() => this.openLoop()}
      @wl-quantity=${(event: CustomEvent<"energy" | "time">) => this.keep({ quantity: event.detail })}
      @wl-table=${() => this.toggleTable("iterations")}
    ></wl-scatter>`;
  }

  private measured(view: RunView | undefined): TemplateResult | typeof nothing {
    if (view?.report === undefined) return nothing;
    return measured(view, view.report, this.state.measuredOpen, (measuredOpen) => {
      if (measuredOpen !== this.state.measuredOpen) this.keep({ measuredOpen });
    });
  }

  private zoom(zoom: Window | undefined): void {
    const { zoom: _, ...rest } = this.state;
    this.replaceState({ ...rest, ...(zoom === undefined ? {} : { zoom }) });
  }

  private select(selection: Selection | undefined): void {
    this.model.selection = selection;
    this.model.version++;
    this.requestUpdate();
  }

  private pickBar(bar: Bar): void {
    if (bar.source !== undefined) this.post({ type: "openSource", ...bar.source });
    this.select(bar.id === "other" ? undefined : { phase: bar.id });
  }

  /** Brings an iteration and its neighbours into the power chart. */
  private showIteration(index: number): void {
    const { startS, durationS } = this.model.iterations;
    const lengthS = Math.max(1e-3, durationS[index]!);
    const all = { from: 0, to: Math.max(this.model.view?.durationS ?? 0, startS[index]! + lengthS) };
    this.zoom(cutTo({ from: startS[index]! - lengthS, to: startS[index]! + 2 * lengthS }, all));
  }

  private openLoop(): void {
    const loop = this.model.view?.report?.iterations.loop;
    if (loop !== undefined) this.post({ type: "openSource", path: loop.path, line: loop.line });
  }

  private toggleTable(name: string): void {
    const { tables } = this.state;
    this.keep({ tables: tables.includes(name) ? tables.filter((other) => other !== name) : [...tables, name] });
  }

  protected override picture(): Picture | undefined {
    return this.model.view && runPicture(this.model, this.state.zoom);
  }
}
customElements.define("wattline-run", RunPanel);

function fileName(path: string): string {
  return path.split(/[\\/]/).pop() ?? path;
}
