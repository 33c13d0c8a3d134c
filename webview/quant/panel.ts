import { html, nothing, type TemplateResult } from "lit";
import type { ToAnyPanel } from "../../src/messages/panel";
import type { FromQuantPanel, QuantView, ToQuantPanel } from "../../src/messages/quant";
import { formatBytes, formatCount, formatRange, unknownText } from "../../src/model/format";
import { commonMenu, PanelElement } from "../shared/panelElement";
import { type FrameView, type Note, panelFrame, sectionTitle, type Tile } from "../shared/panelFrame";
import type { Picture } from "../shared/picture";
import { cacheSection } from "./cache";
import { codeSection } from "./code";
import { controls } from "./controls";
import { formatTable } from "./formats";
import { layerSection } from "./layers";
import { quantPicture } from "./picture";
import { adviceSection, ruleSection } from "./rules";
import { freshState, type QuantPanelState, readState } from "./state";
import { verifySection } from "./verify";

const menu = commonMenu.map((item) => (item.id === "openFolder" ? { ...item, label: "Open Folder" } : item));

/** The quantization panel: `<wattline-quant>`. It is given its host before it enters the page. */
export class QuantPanel extends PanelElement<ToQuantPanel, FromQuantPanel, QuantPanelState> {
  protected override readonly folderLabel = "Open Folder";
  private view: QuantView | undefined;
  private announcement = "";

  constructor() {
    super(readState);
  }

  protected override hear(message: Exclude<ToQuantPanel, ToAnyPanel>): void {
    if (message.type !== "show") return;
    const before = this.view;
    this.view = message.view;
    this.announcement = announced(before, message.view);
    if (this.state.subject !== message.view.path)
      this.replaceState({ ...freshState, open: this.state.open, subject: message.view.path });
  }

  protected override render(): TemplateResult {
    const blank = this.blankPage();
    if (blank !== undefined) return blank;
    const { view } = this;
    return panelFrame(this.frame(view), view === undefined ? html`` : this.body(view));
  }

  private frame(view: QuantView | undefined): FrameView {
    return {
      title: view?.title ?? "Quantization",
      facts: view === undefined ? ["reading the checkpoint …"] : facts(view),
      actions: [],
      menu,
      onMenu: (id) => void this.pickFromMenu(id),
      notes: view === undefined ? [] : notes(view),
      ...(view === undefined ? {} : { headline: view.report.headline }),
      tiles: view === undefined ? [] : tiles(view),
      busy: view === undefined,
      announcement: this.announcement,
    };
  }

  private body(view: QuantView): TemplateResult {
    const has = (name: string) => this.state.open.includes(name);
    return html`
      ${controls({
        view,
        device: (name) => this.post({ type: "device", name }),
        request: (request) => this.post({ type: "request", ...request }),
      })}
      ${formatTable(view)}
      <div class="halves">
        ${this.layers(view)}
        <div class="stack">
          ${ruleSection(view, has("rules"), (open) => this.setOpen("rules", open))}
          ${cacheSection(view)}
        </div>
      </div>
      ${codeSection({
        view,
        chosen: this.state.snippet,
        choose: (snippet) => this.keep({ snippet }),
        insert: (id) => this.post({ type: "insert", id }),
        copy: (id) => this.post({ type: "copy", id }),
      })}
      ${verifySection({
        view,
        start: () => this.post({ type: "verify" }),
        cancel: () => this.post({ type: "cancelVerify" }),
      })}
      ${adviceSection(view)}
    `;
  }

  private layers({ map, scan }: QuantView): TemplateResult {
    if (map !== undefined) {
      return layerSection({
        map,
        selected: this.state.layer,
        tableShown: this.state.open.includes("layers"),
        select: (cell) => this.keep({ layer: cell.name }),
        toggleTable: () => this.setOpen("layers", !this.state.open.includes("layers")),
      });
    }
    const isRunning = scan.state === "running";
    const button = isRunning
      ? html`<vscode-button appearance="secondary" @click=${() => this.post({ type: "cancelScan" })}>Cancel</vscode-button>`
      : scan.state === "none" && scan.canStart
        ? html`<vscode-button appearance="secondary" @click=${() => this.post({ type: "scan" })}>Read the Weights</vscode-button>`
        : nothing;
    return html`<section aria-label="Layers">
      ${sectionTitle("Layers", button)}
      ${
        isRunning
          ? html`<p>Reading weights: ${formatBytes(scan.doneBytes)}${scan.totalBytes > 0 ? ` of ${formatBytes(scan.totalBytes)}` : ""}.</p>
              <progress max="1" .value=${scan.totalBytes > 0 ? scan.doneBytes / scan.totalBytes : 0}></progress>`
          : html`<p class="muted unknown">${scan.state === "none" ? scan.reason : "No linear weights were found."}</p>`
      }
    </section>`;
  }

  private setOpen(name: string, open: boolean): void {
    if (this.state.open.includes(name) === open) return;
    this.keep({ open: open ? [...this.state.open, name] : this.state.open.filter((other) => other !== name) });
  }

  protected override picture(): Picture | undefined {
    return this.view && quantPicture(this.view);
  }
}
customElements.define("wattline-quant", QuantPanel);

function facts({ report }: QuantView): TemplateResult[] {
  const { model, device } = report;
  const texts = [
    ...(model.architecture === undefined ? [] : [model.architecture]),
    `${parameterText(model.parameters)} parameters`,
    `${model.dtype}${model.source === "config" ? " (by config.json)" : ""}`,
    device === undefined ? "no device" : `${device.count > 1 ? `${device.count} × ` : ""}${device.name}`,
  ];
  return texts.map((text) => html`<span class="clip" title=${text}>${text}</span>`);
}

/** `8.03B`, as models are called. */
function parameterText(count: number): string {
  if (count < 1e6) return formatCount(count);
  return count < 1e9 ? `${(count / 1e6).toPrecision(3)}M` : `${(count / 1e9).toPrecision(3)}B`;
}

function notes({ report }: QuantView): Note[] {
  const own = report.warnings.filter(({ code }) => code === "device" || code === "note");
  return [
    ...own.map(({ message }): Note => ({ kind: "info", text: message })),
    ...(report.skipped.length === 0
      ? []
      : [
          {
            kind: "warning",
            text: `${report.skipped.length} ${report.skipped.length === 1 ? "tensor was" : "tensors were"} left out: ${report.skipped[0]!.name}, ${report.skipped[0]!.reason}.`,
          } satisfies Note,
        ]),
  ];
}

function tiles({ report }: QuantView): Tile[] {
  const row = report.formats.find(({ format }) => format === report.proposal.format);
  const [number, unit] = formatBytes(report.model.weightBytes).split(" ");
  const [proposed, proposedUnit] = formatBytes(report.proposal.weightBytes).split(" ");
  const percent = row?.recovery?.percent;
  const time = formatRange(row?.timePerTokenS, "s");
  const [timeNumber, timeUnit] = [time.replace(/ \D+$/, ""), / (\D+)$/.exec(time)?.[1] ?? ""];
  return [
    { label: "Weights now", number: number!, unit: unit ?? "", reason: report.model.dtype },
    {
      label: "Proposed",
      number: proposed!,
      unit: proposedUnit ?? "",
      reason: `${report.proposal.format}${report.proposal.overrides.length > 0 ? " with exceptions" : ""}`,
      title: report.proposal.recipe,
    },
    {
      label: "Time a token",
      number: time === unknownText ? unknownText : timeNumber,
      unit: timeUnit,
      ...(time === unknownText ? { reason: "not predicted for this device" } : { source: "modelled" }),
    },
    {
      label: "Accuracy kept",
      number: percent === undefined ? unknownText : percent.toFixed(1),
      unit: percent === undefined ? "" : "%",
      ...(percent === undefined ? { reason: "nobody published it" } : { reason: "nearest published model" }),
      ...(row?.recovery === undefined ? {} : { title: row.recovery.citation }),
    },
  ];
}

/** What a screen reader should hear once. */
function announced(before: QuantView | undefined, view: QuantView): string {
  if (before?.scan.state === "running" && view.scan.state === "done") return "All weights were read.";
  if (before?.verify.state === "running" && view.verify.state === "done") return "Your data was measured.";
  if (before !== undefined && before.report.headline !== view.report.headline) return view.report.headline;
  return "";
}
