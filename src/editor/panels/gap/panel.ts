import type { Uri, WebviewPanel } from "vscode";
import { type FromGapPanel, readFromGapPanel, type ToGapPanel } from "../../../messages/gap";
import { runCommand } from "../../shared/commands";
import { type OwnRequest, type PanelContent, type PanelKind, PanelPage } from "../shared/page";
import type { GapAnswer } from "./answer";
import { gapMarkdown } from "./markdown";
import type { GapReports } from "./reports";

const kind: PanelKind<FromGapPanel> = {
  name: "gap",
  help: "gap-panel",
  title: "Efficiency Gap",
  read: readFromGapPanel,
};

/** A line of code whose layers are to be selected. */
export interface LayerPlace {
  readonly path: string;
  /** From 1. */
  readonly line: number;
}

/** The efficiency gap of one run. Holds no numbers: see analysis/efficiency. */
export class GapPanel implements PanelContent<FromGapPanel> {
  readonly page: PanelPage<ToGapPanel, FromGapPanel>;
  private answer: GapAnswer | undefined;
  private failure: unknown;
  private place: LayerPlace | undefined;

  constructor(
    readonly path: string,
    webview: WebviewPanel,
    private readonly reports: GapReports,
    extension: Uri,
  ) {
    this.page = new PanelPage(kind, webview, extension, this);
    void this.read();
  }

  /** Asks again: the run was going on when it was read. */
  async read(): Promise<void> {
    try {
      this.answer = await this.reports.of(this.path);
      this.failure = undefined;
      this.page.title = `${this.answer.view.title} gap`;
    } catch (error) {
      this.failure = error;
    }
    this.tell();
  }

  get isOfRunningRun(): boolean {
    return this.answer?.view.state === "running";
  }

  /** The layers of a line are to be selected, now or as soon as they are there. */
  select(place: LayerPlace): void {
    this.place = place;
    if (this.answer !== undefined) this.tellPlace();
  }

  tell(): void {
    if (this.failure !== undefined) {
      const remedy = "Other runs are in the side bar under Wattline.";
      this.page.postFailure(this.failure, "The run cannot be read", remedy);
      return;
    }
    if (this.answer === undefined) return;
    const { view } = this.answer;
    const reason = view.report.notes.find(({ code }) => code === "no-layers")?.message;
    if (reason !== undefined && view.report.host === undefined) {
      this.page.post({ type: "empty", reason: "No layers were measured in this run.", remedy: reason });
      return;
    }
    this.page.post({ type: "show", view });
    this.tellPlace();
  }

  markdown(): string | undefined {
    return this.answer && gapMarkdown(this.answer.view);
  }

  act(request: OwnRequest<FromGapPanel>): Thenable<unknown> {
    switch (request.type) {
      case "openRun":
        return runCommand("openRun", this.path);
    }
  }

  /** Once: what the user selects afterwards stays selected. */
  private tellPlace(): void {
    if (this.place === undefined || !this.page.ready) return;
    this.page.post({ type: "select", ...this.place });
    this.place = undefined;
  }
}
