import { type Disposable, type Memento, Uri, window } from "vscode";
import { registerCommand } from "../../shared/commands";
import { DisposableStore } from "../../shared/disposableStore";
import type { Follower } from "../../shared/follower";
import type { WorkspaceRuns } from "../../shared/workspaceRuns";
import { PanelSet } from "../shared/panelSet";
import { Thread } from "../shared/thread";
import type { Derived } from "./derived";
import { RunPanel } from "./panel";

const selectionSettlesMs = 100;
/** Panels of runs that went on when the user closed them, so that they stay closed. */
const closedKey = "closedPanels";

/** The run panels, one a run. Holds no numbers: see analysis. */
export class RunPanels implements Disposable {
  private readonly owned = new DisposableStore();
  private readonly panels: PanelSet<RunPanel>;

  constructor(
    private readonly runs: WorkspaceRuns,
    follower: Follower,
    extension: Uri,
    private readonly memory: Memento,
  ) {
    const reporter = this.owned.add(new Thread<string, Derived>(Uri.joinPath(extension, "dist", "reporter.js").fsPath));
    this.panels = this.owned.add(
      new PanelSet<RunPanel>({
        name: "run",
        title: (path) => runs.find(path)?.script ?? "Run",
        make: (path, webview) => {
          this.remember(path, false);
          return new RunPanel(path, webview, follower, reporter, extension);
        },
        // It counts only if it is a run of this workspace.
        restore: async (path) => {
          await runs.refresh();
          return runs.find(path) !== undefined;
        },
        closed: (path) => this.remember(path, true),
      }),
    );
    this.owned.add(
      registerCommand("openRun", (run) => {
        const path = typeof run === "string" ? run : run?.path;
        if (typeof path === "string") this.show(path, { preserveFocus: false });
      }),
    );
    this.owned.add(this.marksSelection());
    this.owned.add(runs.onDidChange(() => this.labelsMayHaveChanged()));
  }

  /** Whether the user sees a panel of ours. */
  get inSight(): boolean {
    return this.panels.inSight;
  }

  show(path: string, place: { readonly preserveFocus: boolean }): void {
    this.panels.show(path, place);
  }

  /**
   * After a reload: shows a run that goes on, unless its panel is back already or the user had closed it. VS Code brings
   * panels back by itself, but in a browser it may forget those of the last seconds.
   */
  showAgain(path: string): void {
    if (!this.panels.open.has(path) && !this.closed.includes(path)) this.show(path, { preserveFocus: true });
  }

  dispose(): void {
    this.owned.dispose();
  }

  private get closed(): readonly string[] {
    return this.memory.get<readonly string[]>(closedKey) ?? [];
  }

  private remember(path: string, isClosed: boolean): void {
    const goesOn = this.closed.filter((other) => other !== path && this.runs.find(other)?.state === "running");
    const next = isClosed && this.runs.find(path)?.state === "running" ? [...goesOn, path] : goesOn;
    if (next.length > 0 || this.closed.length > 0) void this.memory.update(closedKey, next);
  }

  /** The line that the user is on is marked in the charts. */
  private marksSelection(): Disposable {
    let timer: NodeJS.Timeout | undefined;
    const listening = window.onDidChangeTextEditorSelection(({ textEditor, selections }) => {
      if (this.panels.open.size === 0 || textEditor.document.languageId !== "python") return;
      clearTimeout(timer);
      const { path, line } = { path: textEditor.document.uri.fsPath, line: (selections[0]?.active.line ?? 0) + 1 };
      timer = setTimeout(() => {
        for (const panel of this.panels.open.values()) if (panel.page.visible) panel.select(path, line);
      }, selectionSettlesMs);
    });
    return {
      dispose() {
        clearTimeout(timer);
        listening.dispose();
      },
    };
  }

  private readonly labels = new Map<string, string>();

  private labelsMayHaveChanged(): void {
    for (const [path, panel] of this.panels.open) {
      const labels = JSON.stringify(this.runs.find(path)?.labels ?? {});
      if ((this.labels.get(path) ?? labels) !== labels) panel.reload();
      this.labels.set(path, labels);
    }
  }
}
