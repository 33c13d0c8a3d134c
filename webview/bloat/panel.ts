import { html, nothing, type TemplateResult } from "lit";
import type { FromBloatPanel, ToBloatPanel } from "../../src/messages/bloat";
import type { ToAnyPanel } from "../../src/messages/panel";
import { type BloatColumns, type PlanColumns, planEnergyJ } from "../../src/model/bloatView";
import { formatQuantity, formatShare } from "../../src/model/format";
import { type PlanExport, planExports } from "../../src/model/planExport";
import type { Window } from "../shared/chart/zoom";
import { fold, pair } from "../shared/fold";
import type { MenuItem } from "../shared/menu";
import { commonMenu, PanelElement } from "../shared/panelElement";
import { type FrameView, panelFrame, sectionTitle, sourceMark } from "../shared/panelFrame";
import type { Picture } from "../shared/picture";
import "./frontier";
import "./gantt";
import { BloatModel, nowJ } from "./model";
import { factorText, facts, headline, tiles } from "./numbers";
import { bloatPicture } from "./picture";
import { type PlanGroup, planGroups } from "./planRows";
import { planTable } from "./planTable";
import { runPicture } from "./runPicture";
import { type RunView, runBody, runFacts, runTiles } from "./runView";
import { type BloatPanelState, type BloatSelection, readState, stateFor, withinProfile } from "./state";

/** After so long without a move the best plan for where the handle is is asked for. */
const restMs = 160;
/** A straggler is seldom slower than this: thermal throttling makes 1.05 to 1.5. */
const stragglerMost = 1.5;

const exportItems: readonly MenuItem[] = [
  ...Object.entries(planExports).map(([id, { label }], k) => ({
    id,
    label,
    ...(k === 3 ? { startsGroup: true } : {}),
  })),
  { id: "import", label: "Compare a Frequency Plan…", startsGroup: true },
];

/** The energy-bloat panel: `<wattline-bloat>`. */
export class BloatPanel extends PanelElement<ToBloatPanel, FromBloatPanel, BloatPanelState> {
  private readonly model = new BloatModel();
  private groups: readonly PlanGroup[] = [];
  private groupsOf: BloatColumns | undefined;
  /** The plan as it was when the slider last rested. */
  private rested: PlanColumns | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    super(readState);
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.release.push(() => clearTimeout(this.timer));
  }

  protected override hear(message: Exclude<ToBloatPanel, ToAnyPanel>): void {
    this.model.take(message);
    if (message.type === "show") {
      const { view } = message;
      const size = view.kind === "profile" ? view.columns : undefined;
      this.replaceState(withinProfile(stateFor(this.state, view.subject), size));
      this.rested = undefined;
    }
    if (message.type === "plan") this.rested = undefined;
    if (message.type === "measured") this.setStraggler(message.slowdown);
    const { columns } = this.model;
    if (columns !== undefined && this.groupsOf !== columns) {
      this.groupsOf = columns;
      this.groups = planGroups(columns);
    }
    if (message.type === "plans" && message.complete) this.rest();
  }

  /** The deadline that the plan is for. */
  private atS(columns: BloatColumns): number {
    const { atS, straggler } = this.state;
    const last = Math.max(columns.slowestUsefulTimeS, (straggler ?? 1) * columns.minimumTimeS);
    return Math.min(last, Math.max(columns.minimumTimeS, atS ?? (straggler ?? 1) * columns.minimumTimeS));
  }

  protected override render(): TemplateResult {
    const blank = this.blankPage();
    if (blank !== undefined) return blank;
    const { view } = this.model;
    if (view?.kind === "profile") return this.profile(view.columns);
    if (view?.kind === "run") return this.run(view);
    return panelFrame({ ...this.frame(), busy: view?.kind !== "stopped" }, this.waiting());
  }

  private run(view: RunView): TemplateResult {
    const pick = (part: string | undefined) => {
      const { part: _, ...rest } = this.state;
      this.replaceState({ ...rest, ...(part === undefined ? {} : { part }) });
    };
    const { part, tables } = this.state;
    return panelFrame(
      {
        title: view.title,
        facts: runFacts(view),
        actions: [],
        menu: commonMenu,
        onMenu: (id) => void this.pickFromMenu(id),
        notes: [],
        headline: view.headline,
        tiles: runTiles(view.report),
        busy: false,
        announcement: "",
      },
      runBody(view, { part, tables }, { pick, table: (name) => this.toggleTable(name) }),
    );
  }

  private waiting(): TemplateResult {
    const { view, share } = this.model;
    if (view === undefined) return html``;
    if (view.kind === "stopped") {
      return html`<p class="muted">The solver was stopped.</p>
        <p><vscode-button @click=${() => this.post({ type: "solve" })}>Solve Again</vscode-button></p>`;
    }
    return html`<div class="solving">
      <label for="solving">Solving the frontier</label>
      <progress id="solving" max="1" .value=${share}></progress>
      <span class="muted">${formatShare(share)}</span>
      <vscode-button appearance="secondary" @click=${() => this.post({ type: "cancel" })}>Cancel</vscode-button>
    </div>`;
  }

  private profile(columns: BloatColumns): TemplateResult {
    const atS = this.atS(columns);
    const plan = this.model.planAt(atS);
    return panelFrame(
      this.frame(columns, plan, atS),
      html`<div class="bloat-halves">${this.frontier(columns, plan, atS)}${this.plan(columns, plan, atS)}</div>
        ${this.gantt(columns, plan, atS)} ${this.solved(columns, plan)}`,
    );
  }

  private frame(columns?: BloatColumns, plan?: PlanColumns, atS = 0): FrameView {
    const { view, compared } = this.model;
    const fastest = this.model.plans[0];
    return {
      title: columns?.name ?? view?.title ?? "Energy bloat",
      facts: columns === undefined ? [view === undefined ? "reading the profile …" : ""] : facts(columns),
      actions: columns === undefined ? [] : [this.exportMenu()],
      menu: commonMenu.map((item) => (item.id === "openFolder" ? { ...item, label: "Reveal the File" } : item)),
      onMenu: (id) => void this.pickFromMenu(id),
      notes: compared === undefined || columns === undefined ? [] : [{ kind: "info", text: this.comparison(columns) }],
      ...(columns !== undefined && fastest !== undefined && { headline: this.sentence(columns, fastest) }),
      tiles: view === undefined || columns !== undefined ? tiles(columns, plan, atS) : [],
      busy: columns === undefined,
      announcement: this.model.complete ? "The frontier is solved." : "",
    };
  }

  private sentence(columns: BloatColumns, fastest: PlanColumns): string {
    const { straggler } = this.state;
    const plan = straggler === undefined ? undefined : this.model.planAt(straggler * columns.minimumTimeS);
    return headline(columns, fastest, plan === undefined ? undefined : { factor: straggler!, plan });
  }

  private comparison(columns: BloatColumns): string {
    const { name, iterationTimeS, energyJ } = this.model.compared!;
    const now = nowJ(columns);
    const own = this.model.planAt(Math.max(iterationTimeS, columns.minimumTimeS));
    const ours =
      own === undefined
        ? ""
        : ` Wattline's plan for the same time takes ${formatQuantity(planEnergyJ(own, columns, iterationTimeS), "J")}.`;
    return `${name} takes ${formatQuantity(iterationTimeS, "s")} and ${formatQuantity(energyJ, "J")}, ${formatShare(1 - energyJ / now)} less than now.${ours}`;
  }

  private exportMenu(): TemplateResult {
    return html`<wl-menu
      label="Export"
      .items=${exportItems}
      @wl-pick=${(event: CustomEvent<string>) => this.export(event.detail)}
    ></wl-menu>`;
  }

  private export(id: string): void {
    const { columns } = this.model;
    if (columns === undefined) return;
    if (id === "import") this.post({ type: "import" });
    else this.post({ type: "export", form: id as PlanExport, timeS: this.atS(columns) });
  }

  private frontier(columns: BloatColumns, plan: PlanColumns | undefined, atS: number): TemplateResult {
    return html`<div class="bloat-left">
      <wl-frontier
        .columns=${columns}
        .plans=${this.model.plans}
        .planCount=${this.model.plans.length}
        .plan=${plan}
        .atS=${atS}
        .straggler=${this.state.straggler}
        .compared=${this.model.compared}
        .tableShown=${this.state.tables.includes("frontier")}
        @wl-time=${(event: CustomEvent<number>) => this.go(event.detail)}
        @wl-table=${() => this.toggleTable("frontier")}
      ></wl-frontier>
      ${this.straggler(columns)}
    </div>`;
  }

  private straggler(columns: BloatColumns): TemplateResult {
    const { straggler } = this.state;
    const { measured } = this.model;
    const factor = straggler ?? 1;
    const most = Math.max(stragglerMost, factor);
    const text =
      straggler === undefined ? "none" : `${factorText(factor)}, ${formatQuantity(factor * columns.minimumTimeS, "s")}`;
    return html`<div class="straggler">
      <label for="straggler">Straggler</label>
      <input
        id="straggler"
        type="range"
        min="1"
        max=${most}
        step="0.01"
        .value=${String(factor)}
        aria-valuetext=${text}
        @input=${(event: Event) => this.setStraggler(Number((event.currentTarget as HTMLInputElement).value))}
      />
      <span class="straggler-value">${text}</span>
      <button class="ghost" type="button" title="Take the slowest rank of a run" @click=${() => this.post({ type: "measure" })}>
        From a run…
      </button>
      ${
        measured === undefined || measured.slowdown !== straggler
          ? nothing
          : html`<p class="muted remark">Rank ${measured.rank} of ${measured.run} takes ${factorText(measured.slowdown)} as long as the median of the others. ${sourceMark("measured")}</p>`
      }
    </div>`;
  }

  private plan(columns: BloatColumns, plan: PlanColumns | undefined, atS: number): TemplateResult {
    const title = plan === undefined ? "Plan" : this.planTitle(columns, plan, atS);
    return html`<section class="plan" aria-label="The plan">
      ${sectionTitle(title)}
      ${
        plan === undefined
          ? html`<p class="muted unknown">Known in a moment.</p>`
          : planTable({
              columns,
              groups: this.groups,
              plan,
              rested: this.rested ?? plan,
              selection: this.state.selection,
              select: (selection) => this.select(selection),
            })
      }
    </section>`;
  }

  private planTitle(columns: BloatColumns, plan: PlanColumns, atS: number): string {
    const now = nowJ(columns, atS);
    const share = 1 - planEnergyJ(plan, columns, atS) / now;
    return `Plan for ${formatQuantity(atS, "s")}${share > 0 ? `, saves ${formatShare(share)}` : ""}`;
  }

  private gantt(columns: BloatColumns, plan: PlanColumns | undefined, atS: number): TemplateResult {
    return html`<wl-gantt
      .columns=${columns}
      .plan=${plan}
      .endS=${Math.max(atS, columns.minimumTimeS)}
      .zoom=${this.state.zoom}
      .colourBy=${this.state.colourBy}
      .selection=${this.state.selection}
      @wl-zoom=${(event: CustomEvent<Window | null>) => this.zoom(event.detail ?? undefined)}
      @wl-select=${(event: CustomEvent<BloatSelection | null>) => this.select(event.detail ?? undefined)}
      @wl-colour=${(event: CustomEvent<"power" | "clock">) => this.keep({ colourBy: event.detail })}
    ></wl-gantt>`;
  }

  private solved(columns: BloatColumns, plan: PlanColumns | undefined): TemplateResult {
    const { waitingPowerW, blockingPowerW, notes, minimumEnergyTimeS, slowestUsefulTimeS } = columns;
    const waiting =
      blockingPowerW > 0
        ? `A device that waits draws ${formatQuantity(blockingPowerW, "W")} by the profile, all together ${formatQuantity(waitingPowerW, "W")}.`
        : "The profile says nothing of what a device draws while it waits: waiting costs nothing here.";
    const body = html`<dl class="pairs">
        ${pair("Energies", html`${sourceMark("modelled")} Sums of the profile's own numbers over one iteration; as good as the profile is.`)}
        ${pair("Waiting", waiting)}
        ${pair("Frontier", `Solved exactly for operations that may lie between two of their clocks: no plan is below. Least energy at ${formatQuantity(minimumEnergyTimeS, "s")}; slower than ${formatQuantity(slowestUsefulTimeS, "s")} saves nothing.`)}
        ${pair("Plan", `Of clocks that exist, its iteration time kept by longest path${plan?.optimal ? "; proved to be the best" : ""}. Changing a clock takes time of its own, which is not counted.`)}
      </dl>
      ${notes.length === 0 ? nothing : html`<h3>Remarks</h3><ul class="remarks">${notes.map((note) => html`<li>${note}</li>`)}</ul>`}`;
    const { solvedOpen: open } = this.state;
    const toggled = (solvedOpen: boolean) => {
      if (solvedOpen !== this.state.solvedOpen) this.keep({ solvedOpen });
    };
    return fold({ title: "How this was computed", inShort: "from the profile, not measured", open, toggled }, body);
  }

  private go(atS: number): void {
    this.keep({ atS });
    this.rest();
  }

  /** The plan follows the straggler, until the handle is moved by itself. */
  private setStraggler(factor: number): void {
    const { straggler: _, atS: __, ...rest } = this.state;
    const rounded = Math.round(factor * 100) / 100;
    const kept = factor === this.model.measured?.slowdown ? factor : rounded;
    this.replaceState({ ...rest, ...(kept > 1 ? { straggler: kept } : {}) });
    this.rest();
  }

  /** When nothing has moved for a while: the best plan for this very time, and the list of single operations. */
  private rest(): void {
    const { columns } = this.model;
    if (columns === undefined) return;
    this.rested ??= this.model.planAt(this.atS(columns));
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      const atS = this.atS(columns);
      if (this.model.columns !== columns) return;
      this.rested = undefined;
      if (this.model.complete && !this.model.isSearched(atS)) this.post({ type: "plan", timeS: atS });
      this.requestUpdate();
    }, restMs);
  }

  private select(selection: BloatSelection | undefined): void {
    const { selection: _, ...rest } = this.state;
    this.replaceState({ ...rest, ...(selection === undefined ? {} : { selection }) });
  }

  private zoom(zoom: Window | undefined): void {
    const { zoom: _, ...rest } = this.state;
    this.replaceState({ ...rest, ...(zoom === undefined ? {} : { zoom }) });
  }

  private toggleTable(name: string): void {
    const { tables } = this.state;
    this.keep({ tables: tables.includes(name) ? tables.filter((other) => other !== name) : [...tables, name] });
  }

  protected override picture(): Picture | undefined {
    if (this.model.view?.kind === "run") return runPicture(this.model.view);
    const { columns, plans } = this.model;
    if (columns === undefined || plans[0] === undefined) return undefined;
    const atS = this.atS(columns);
    return bloatPicture({
      title: columns.name ?? this.model.view!.title,
      columns,
      plans,
      plan: this.model.planAt(atS)!,
      atS,
      sentence: this.sentence(columns, plans[0]),
      tiles: tiles(columns, this.model.planAt(atS), atS),
      colourBy: this.state.colourBy,
      straggler: this.state.straggler,
    });
  }
}
customElements.define("wattline-bloat", BloatPanel);
