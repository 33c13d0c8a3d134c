import { type Disposable, type Memento, Uri, type WebviewPanel, window } from "vscode";
import { log } from "../../../model/log";
import { runPanelType } from "../../contributions";
import { registerCommand } from "../../shared/commands";
import { DisposableStore } from "../../shared/disposableStore";
import type { Follower } from "../../shared/follower";
import type { WorkspaceRuns } from "../../shared/workspaceRuns";
import { columnForPanel, RunPanel } from "./panel";
import { Reporter } from "./reporter";

const selectionSettlesMs = 100;
/** Panels of runs that went on when the user closed them, so that they stay closed. */
const closedKey = "closedPanels";

/** The run panels, one a run. Holds no numbers: see analysis. */
export class RunPanels implements Disposable {
  private readonly owned = new DisposableStore();
  private readonly open = new Map<string, RunPanel>();
  private readonly reporter: Reporter;

  constructor(
    private readonly runs: WorkspaceRuns,
    private readonly follower: Follower,
    private readonly extension: Uri,
    private readonly memory: Memento,
  ) {
    this.reporter = this.owned.add(new Reporter(Uri.joinPath(extension, "dist", "reporter.js").fsPath));
    this.owned.defer(() => {
      for (const panel of this.open.values()) panel.dispose();
    });
    this.owned.add(
      registerCommand("openRun", (run) => {
        const path = typeof run === "string" ? run : run?.path;
        if (typeof path === "string") this.show(path, { preserveFocus: false });
      }),
    );
    this.owned.add(
      window.registerWebviewPanelSerializer(runPanelType, {
        deserializeWebviewPanel: (panel, state) => this.revive(panel, state),
      }),
    );
    this.owned.add(this.marksSelection());
    this.owned.add(runs.onDidChange(() => this.labelsMayHaveChanged()));
  }

  /** Whether the user sees a panel of ours. */
  get inSight(): boolean {
    return [...this.open.values()].some(({ visible }) => visible);
  }

  show(path: string, { preserveFocus }: { readonly preserveFocus: boolean }): void {
    const existing = this.open.get(path);
    if (existing !== undefined) {
      existing.reveal(preserveFocus);
      return;
    }
    const place = { viewColumn: columnForPanel(), preserveFocus };
    this.keep(path, window.createWebviewPanel(runPanelType, this.runs.find(path)?.script ?? "Run", place));
  }

  /**
   * After a reload: shows a run that goes on, unless its panel is back already or the user had closed it. VS Code brings
   * panels back by itself, but in a browser it may forget those of the last seconds.
   */
  showAgain(path: string): void {
    if (!this.open.has(path) && !this.closed.includes(path)) this.show(path, { preserveFocus: true });
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

  private keep(path: string, panel: WebviewPanel): void {
    const run = new RunPanel(path, panel, this.follower, this.reporter, this.extension);
    this.open.set(path, run);
    this.remember(path, false);
    run.onDidDispose(() => {
      if (this.open.get(path) !== run) return;
      this.open.delete(path);
      this.remember(path, true);
    });
  }

  /** After a reload of the window. The page's state names the run; it counts only if it is a run of this workspace. */
  private async revive(panel: WebviewPanel, state: unknown): Promise<void> {
    await this.runs.refresh();
    const path = typeof state === "object" && state !== null ? (state as { run?: unknown }).run : undefined;
    const isHere = typeof path === "string" && this.runs.find(path) !== undefined && !this.open.has(path);
    log.info(isHere ? `Panel restored: ${path}` : `Panel not restored, its run is not here: ${JSON.stringify(state)}`);
    if (isHere) this.keep(path, panel);
    else panel.dispose();
  }

  /** The line that the user is on is marked in the charts. */
  private marksSelection(): Disposable {
    let timer: NodeJS.Timeout | undefined;
    const listening = window.onDidChangeTextEditorSelection(({ textEditor, selections }) => {
      if (this.open.size === 0 || textEditor.document.languageId !== "python") return;
      clearTimeout(timer);
      const { path, line } = { path: textEditor.document.uri.fsPath, line: (selections[0]?.active.line ?? 0) + 1 };
      timer = setTimeout(() => {
        for (const panel of this.open.values()) if (panel.visible) panel.select(path, line);
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
    for (const [path, panel] of this.open) {
      const labels = JSON.stringify(this.runs.find(path)?.labels ?? {});
      if ((this.labels.get(path) ?? labels) !== labels) panel.reload();
      this.labels.set(path, labels);
    }
  }
}
