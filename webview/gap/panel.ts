import { html, nothing, type TemplateResult } from "lit";
import type { FromGapPanel, GapView, ToGapPanel } from "../../src/messages/gap";
import type { ToAnyPanel } from "../../src/messages/panel";
import { formatMoment, plural } from "../../src/model/format";
import { groupings, type Pass } from "../../src/model/gap";
import type { Window } from "../shared/chart/zoom";
import { dataTable } from "../shared/dataTable";
import type { MenuItem } from "../shared/menu";
import { commonMenu, PanelElement } from "../shared/panelElement";
import { panelFrame, tableToggle } from "../shared/panelFrame";
import type { Picture } from "../shared/picture";
import { details } from "./details";
import { type Folds, fusionFold, hostFold, measuredFold } from "./folds";
import { type Item, itemsOf, type View } from "./items";
import { legend } from "./legend";
import { notes, tiles } from "./numbers";
import { gapPicture } from "./picture";
import "./roofline";
import "./sequenceChart";
import { type GapPanelState, readState, stateFor, type Tab, tabs, withoutWindows } from "./state";
import { tableColumns, tableRow } from "./words";
import { worstList } from "./worstList";

const tabNames: Readonly<Record<Tab, string>> = {
  gap: "Gap",
  waterline: "Waterline",
  roofline: "Roofline",
  table: "Table",
};
/** Rows of the table behind a chart, and of the table that is shown. */
const rowsBehind = 60;
const rowsShown = 500;

/** The efficiency-gap panel: `<wattline-gap>`. It is given its host before it enters the page. */
export class GapPanel extends PanelElement<ToGapPanel, FromGapPanel, GapPanelState> {
  private view: GapView | undefined;
  private made: { readonly of: GapView; readonly key: string; readonly items: Item[] } | undefined;

  constructor() {
    super(readState);
  }

  protected override hear(message: Exclude<ToGapPanel, ToAnyPanel>): void {
    switch (message.type) {
      case "show": {
        this.view = message.view;
        const next = stateFor(this.state, message.view.path);
        if (next !== this.state) this.replaceState(next);
        break;
      }
      case "select":
        this.selectLine(message.path, message.line);
        break;
    }
  }

  protected override render(): TemplateResult {
    const blank = this.blankPage();
    if (blank !== undefined) return blank;
    const { view } = this;
    const menu = [{ id: "openRun", label: "Open the Run's Panel" }, ...commonMenu.map(grouped)];
    return panelFrame(
      {
        title: view?.title ?? "Efficiency gap",
        facts: view === undefined ? ["reading the run …"] : this.facts(view),
        actions: [],
        menu,
        onMenu: (id) => (id === "openRun" ? this.post({ type: "openRun" }) : void this.pickFromMenu(id)),
        notes: view === undefined ? [] : notes(view.report, view.state),
        ...(view === undefined ? {} : { headline: view.report.headline }),
        tiles: view === undefined ? [] : tiles(view.report),
        busy: view === undefined,
        announcement: "",
      },
      view === undefined ? html`` : this.body(view),
    );
  }

  private facts({ startedAt, report }: GapView): string[] {
    const layers = new Set(report.layers.map(({ name }) => name)).size;
    const { sampled } = report.iterations;
    return [
      "efficiency gap",
      formatMoment(startedAt, new Date()),
      `${plural(layers, "layer")}, ${plural(sampled, "iteration")} measured`,
    ];
  }

  private body(view: GapView): TemplateResult {
    const { report } = view;
    const folds = html`${fusionFold(report, this.folds)}${hostFold(report, this.folds)}${measuredFold(report, this.folds)}`;
    if (report.layers.length === 0) return folds;
    const items = this.items(view);
    const selected = items.find(({ id }) => id === this.state.selected);
    const source = report.energySource ?? "modelled";
    return html`<div class="gap-main">
        <div class="gap-charts">
          <section aria-label="Layers">${this.toolbar(view)} ${this.chart(view, items)}</section>
          ${details(report, selected, (path, line) => this.post({ type: "openSource", path, line }))}
        </div>
        ${worstList(items, this.state.selected, source, (item) => this.open(item.id))}
      </div>
      ${folds}`;
  }

  /** Made once for what is shown: charts know by identity whether they have to begin anew. */
  private items(view: GapView): Item[] {
    const key = `${this.state.view} ${this.state.pass ?? ""}`;
    if (this.made?.of !== view || this.made.key !== key) {
      this.made = { of: view, key, items: itemsOf(view.report, this.state.view, this.state.pass) };
    }
    return this.made.items;
  }

  private toolbar({ report }: GapView): TemplateResult {
    const { tab, view, pass, tableShown } = this.state;
    const bothPasses = report.layers.some((row) => row.pass === "backward");
    const views = (["layer", ...groupings] as const).map(
      (name): MenuItem => ({
        id: name,
        label: `by ${name}`,
        checked: name === view,
      }),
    );
    const passes = ([undefined, "forward", "backward"] as const).map(
      (
        name,
      ) => html`<button class="ghost" type="button" aria-pressed=${pass === name} @click=${() => this.setPass(name)}>
        ${name ?? "both passes"}
      </button>`,
    );
    return html`<div class="gap-toolbar">
      <div class="gap-tabs" role="tablist" aria-label="Charts" @keydown=${this.tabKey}>
        ${tabs.map(
          (name) => html`<button
            class="gap-tab"
            type="button"
            role="tab"
            id="tab-${name}"
            aria-selected=${name === tab}
            aria-controls="gap-chart"
            tabindex=${name === tab ? 0 : -1}
            @click=${() => this.keep({ tab: name })}
          >
            ${tabNames[name]}
          </button>`,
        )}
      </div>
      <div class="section-tools">
        ${bothPasses && view === "layer" ? html`<span class="gap-passes">${passes}</span>` : nothing}
        <wl-menu label="by ${view}" .items=${views} @wl-pick=${(event: CustomEvent<View>) => this.setView(event.detail)}></wl-menu>
        ${tab === "table" ? nothing : tableToggle(tableShown, "Layers", () => this.keep({ tableShown: !tableShown }))}
      </div>
    </div>`;
  }

  private chart({ report }: GapView, items: readonly Item[]): TemplateResult {
    const { tab, selected, tableShown } = this.state;
    const events = {
      choose: (event: CustomEvent<string>) => this.keep({ selected: event.detail }),
      open: (event: CustomEvent<string>) => this.open(event.detail),
    };
    const panel = (body: TemplateResult) =>
      html`<div id="gap-chart" role="tabpanel" aria-labelledby="tab-${tab}">${body}</div>`;
    switch (tab) {
      case "gap":
      case "waterline":
        return panel(html`<wl-sequence
            .kind=${tab}
            .items=${items}
            .zoom=${tab === "gap" ? this.state.gapWindow : this.state.waterlineWindow}
            .selected=${selected}
            .balance=${report.device.balanceFlopsPerByte}
            @wl-zoom=${(event: CustomEvent<Window | null>) => this.zoom(tab, event.detail ?? undefined)}
            @wl-choose=${events.choose}
            @wl-open=${events.open}
          ></wl-sequence>
          ${legend(tab, items)} ${this.table(items, tableShown)}`);
      case "roofline":
        return panel(html`<wl-roofline
            .items=${items}
            .device=${report.device}
            .selected=${selected}
            @wl-choose=${events.choose}
            @wl-open=${events.open}
          ></wl-roofline>
          ${legend(tab, items)} ${this.table(items, tableShown)}`);
      case "table":
        return panel(this.table(items, true));
    }
  }

  /** Rows in the order in which they run where they all fit, else those that lose most. */
  private table(items: readonly Item[], shown: boolean): TemplateResult {
    const most = shown ? rowsShown : rowsBehind;
    const rows = items.length <= most ? items : [...items].sort((a, b) => b.lostS - a.lostS).slice(0, most);
    const caption =
      rows.length < items.length
        ? `The ${rows.length} of ${items.length} rows that lose most; wattline gap --json has all`
        : "Layers in the order in which they run";
    return dataTable({ caption, columns: tableColumns, rows: rows.map((item) => this.row(item)) }, shown);
  }

  private row(item: Item): (string | TemplateResult)[] {
    const cells: (string | TemplateResult)[] = tableRow(item);
    const { file, line } = item;
    if (file === undefined || line === undefined) return cells;
    const place = cells.at(-1) as string;
    return [
      ...cells.slice(0, -1),
      html`<button class="link" type="button" @click=${() => this.open(item.id)}>${place}</button>`,
    ];
  }

  private readonly tabKey = (event: KeyboardEvent) => {
    const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    if (step === 0) return;
    event.preventDefault();
    const tab = tabs[(tabs.indexOf(this.state.tab) + step + tabs.length) % tabs.length]!;
    this.keep({ tab });
    void this.updateComplete.then(() => this.querySelector<HTMLElement>(`#tab-${tab}`)?.focus());
  };

  private readonly folds: Folds = {
    isOpen: (name) => this.state.open.includes(name),
    toggled: (name, open) => {
      if (open === this.state.open.includes(name)) return;
      this.keep({ open: open ? [...this.state.open, name] : this.state.open.filter((other) => other !== name) });
    },
    openSource: (path, line) => this.post({ type: "openSource", path, line }),
  };

  /** Selects, and opens the line where there is one. */
  private open(id: string): void {
    this.keep({ selected: id });
    const item = this.view && this.items(this.view).find((other) => other.id === id);
    if (item?.file !== undefined && item.line !== undefined) {
      this.post({ type: "openSource", path: item.file, line: item.line });
    }
  }

  /** The layer of a line that loses most, shown as a layer whatever was shown before. */
  private selectLine(path: string, line: number): void {
    if (this.view === undefined) return;
    const items = itemsOf(this.view.report, "layer", undefined);
    const isHere = ({ row }: Item) =>
      (row?.file === path && row.line === line) || (row?.callFile === path && row.callLine === line);
    const [most] = items.filter(isHere).sort((a, b) => b.lostS - a.lostS);
    if (most === undefined) return;
    const { pass: _, ...state } = this.state.view === "layer" ? this.state : withoutWindows(this.state);
    this.replaceState({ ...state, view: "layer", selected: most.id });
  }

  private setView(view: View): void {
    const { selected: _, ...state } = withoutWindows(this.state);
    this.replaceState({ ...state, view });
  }

  private setPass(pass: Pass | undefined): void {
    const { pass: _, ...state } = withoutWindows(this.state);
    this.replaceState({ ...state, ...(pass === undefined ? {} : { pass }) });
  }

  private zoom(tab: "gap" | "waterline", window: Window | undefined): void {
    const name = tab === "gap" ? "gapWindow" : "waterlineWindow";
    const { [name]: _, ...state } = this.state;
    this.replaceState({ ...state, ...(window === undefined ? {} : { [name]: window }) });
  }

  protected override picture(): Picture | undefined {
    return this.view && gapPicture(this.view, this.items(this.view), this.state);
  }
}
customElements.define("wattline-gap", GapPanel);

function grouped(item: MenuItem, index: number): MenuItem {
  return index === 0 ? { ...item, startsGroup: true } : item;
}
