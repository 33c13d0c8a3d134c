import { basename, dirname } from "node:path";
import { RelativePattern, Uri, ViewColumn, type WebviewPanel, window, workspace } from "vscode";
import type { BloatPanelView, FromBloatPanel, ToBloatPanel } from "../../../messages/bloat";
import type { PlanColumns } from "../../../model/bloatView";
import { type PlanExport, planExports } from "../../../model/planExport";
import { type OwnRequest, type PanelContent, PanelPage } from "../shared/page";
import { saveAs } from "../shared/savePicture";
import { bloatKind } from "./kind";
import { bloatMarkdown } from "./markdown";
import { Solver } from "./solver";

/** A message of more than this waits in the editor's queue while others pass. */
const chunkBytes = 1e6;
const savesSettleMs = 150;

/** One profile in one webview: solved in a thread, anew whenever the file is saved. */
export class ProfilePanel implements PanelContent<FromBloatPanel> {
  readonly page: PanelPage<ToBloatPanel, FromBloatPanel>;
  private readonly solver: Solver;
  private view: BloatPanelView;
  private plans: PlanColumns[] = [];
  private complete = false;
  private compared: Extract<ToBloatPanel, { type: "compared" }> | undefined;
  private failure: unknown;
  /** Counts solves: what an earlier one still sends is dropped. */
  private round = 0;

  constructor(
    readonly path: string,
    webview: WebviewPanel,
    private readonly measure: () => Promise<Extract<ToBloatPanel, { type: "measured" }> | undefined>,
    extension: Uri,
  ) {
    this.solver = new Solver(Uri.joinPath(extension, "dist", "bloatSolver.js").fsPath);
    this.view = { kind: "solving", ...this.named };
    this.page = new PanelPage(bloatKind, webview, extension, this);
    this.page.title = basename(path).replace(/\.pipeline\.json$/, "");
    this.page.own(this.solver);
    this.page.own({ dispose: () => void this.round++ });
    this.watch();
    void this.solve();
  }

  /** The page is there, and knows nothing. */
  tell(): void {
    if (this.failure !== undefined) {
      this.tellFailure();
      return;
    }
    this.page.post({ type: "show", view: this.view });
    if (this.view.kind !== "profile") return;
    this.page.post({ type: "plans", plans: this.plans, complete: this.complete });
    if (this.compared !== undefined) this.page.post(this.compared);
  }

  markdown(): string | undefined {
    const fastest = this.plans[0];
    return this.view.kind === "profile" && fastest !== undefined
      ? bloatMarkdown(this.view.title, this.view.columns, fastest)
      : undefined;
  }

  async act(request: OwnRequest<FromBloatPanel>): Promise<void> {
    switch (request.type) {
      case "plan":
        return this.plan(request.timeS);
      case "export":
        return this.export(request.form, request.timeS);
      case "import":
        return this.import();
      case "measure":
        return this.measureStraggler();
      case "solve":
        return this.solve();
      case "cancel":
        return this.cancel();
    }
  }

  private get named() {
    return { subject: this.path, title: basename(this.path) };
  }

  private watch(): void {
    const folder = Uri.file(dirname(this.path));
    const watcher = this.page.own(
      workspace.createFileSystemWatcher(new RelativePattern(folder, literally(basename(this.path)))),
    );
    let timer: NodeJS.Timeout | undefined;
    const changed = () => {
      clearTimeout(timer);
      timer = setTimeout(() => void this.solve(), savesSettleMs);
    };
    this.page.own(watcher.onDidChange(changed));
    this.page.own(watcher.onDidCreate(changed));
    this.page.own({ dispose: () => clearTimeout(timer) });
  }

  private async solve(): Promise<void> {
    const round = ++this.round;
    // What it was doing is about what the file said before.
    this.solver.dispose();
    this.failure = undefined;
    this.plans = [];
    this.complete = false;
    this.show({ kind: "solving", ...this.named });
    try {
      const tellProgress = (share: number) => this.round === round && this.page.post({ type: "progress", share });
      const solved = await this.solver.ask("solve", { path: this.path }, tellProgress);
      if (this.round !== round) return;
      this.show({ kind: "profile", ...this.named, columns: solved.columns });
      await this.fillTable(round, solved.plans, solved.columns.operations);
    } catch (error) {
      if (this.round !== round) return;
      this.failure = error;
      this.tellFailure();
    }
  }

  /** Plan by plan first, because the first says what is lost; then as many as a message carries. */
  private async fillTable(round: number, plans: number, operations: number): Promise<void> {
    const most = Math.max(1, Math.floor(chunkBytes / (10 * operations)));
    let to = 1;
    for (let from = 0; from < plans; from = to) {
      to = Math.min(plans, from + (from === 0 ? 1 : Math.min(most, 16)));
      const some = await this.solver.ask("table", { from, to });
      if (this.round !== round) return;
      this.plans.push(...some);
      this.complete = to === plans;
      this.page.post({ type: "plans", plans: some, complete: this.complete });
    }
  }

  private cancel(): void {
    if (this.view.kind !== "solving") return;
    this.round++;
    this.solver.dispose();
    this.show({ kind: "stopped", ...this.named });
  }

  private show(view: BloatPanelView): void {
    this.view = view;
    this.page.post({ type: "show", view });
  }

  private tellFailure(): void {
    const remedy = "Mend the file and save it: it is read again at once. docs/bloat.md has the format.";
    this.page.postFailure(this.failure, "The frontier could not be solved", remedy);
  }

  private async plan(timeS: number): Promise<void> {
    const { round } = this;
    if (this.view.kind !== "profile") return;
    const plan = await this.solver.ask("plan", { timeS });
    if (this.round === round) this.page.post({ type: "plan", plan });
  }

  private async export(form: PlanExport, timeS: number): Promise<void> {
    if (this.view.kind !== "profile") return;
    const text = await this.solver.ask("export", { form, timeS });
    const { file, language } = planExports[form];
    // Files that other programs read are saved; what a person goes on with opens beside the panel.
    if (form === "json" || form === "csv" || form === "zeus") {
      const name = form === "zeus" ? file : `${basename(this.path).replace(/\.pipeline\.json$/, "")}-${file}`;
      const ending = file.slice(file.lastIndexOf(".") + 1);
      await saveAs(name, { [planExports[form].label]: [ending] }, Buffer.from(text));
      return;
    }
    const document = await workspace.openTextDocument({ content: text, language });
    await window.showTextDocument(document, ViewColumn.Beside);
  }

  private async measureStraggler(): Promise<void> {
    const found = await this.measure();
    if (found === undefined) return;
    this.page.post(found);
  }

  private async import(): Promise<void> {
    if (this.view.kind !== "profile") return;
    const [picked] =
      (await window.showOpenDialog({
        title: "A frequency plan for this pipeline",
        openLabel: "Compare",
        defaultUri: Uri.file(dirname(this.path)),
        filters: { "Frequency plans": ["csv", "py"] },
      })) ?? [];
    if (picked === undefined) return;
    const { round } = this;
    const result = await this.solver.ask("compare", { path: picked.fsPath });
    if (this.round !== round) return;
    this.compared = { type: "compared", name: basename(picked.fsPath), ...result };
    this.page.post(this.compared);
  }
}

/** A file's name as a glob that means that file alone. */
function literally(name: string): string {
  return name.replace(/[[\]{}*?]/g, (character) => (character === "[" ? "[[]" : `[${character}]`));
}
