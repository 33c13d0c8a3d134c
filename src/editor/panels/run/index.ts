import { type Disposable, type Uri, type WebviewPanel, window } from "vscode";
import { runPanelType } from "../../contributions";
import { registerCommand } from "../../shared/commands";
import { DisposableStore } from "../../shared/disposableStore";
import type { Follower } from "../../shared/follower";
import type { WorkspaceRuns } from "../../shared/workspaceRuns";
import { columnForPanel, RunPanel } from "./panel";

const selectionSettlesMs = 100;

/** The run panels, one a run. Holds no numbers: see analysis. */
export class RunPanels implements Disposable {
  private readonly owned = new DisposableStore();
  private readonly open = new Map<string, RunPanel>();

  constructor(
    private readonly runs: WorkspaceRuns,
    private readonly follower: Follower,
    private readonly extension: Uri,
  ) {
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

  dispose(): void {
    this.owned.dispose();
  }

  private keep(path: string, panel: WebviewPanel): void {
    const run = new RunPanel(path, panel, this.follower, this.extension);
    this.open.set(path, run);
    run.onDidDispose(() => this.open.get(path) === run && this.open.delete(path));
  }

  /** After a reload of the window. The page's state names the run; it counts only if it is a run of this workspace. */
  private async revive(panel: WebviewPanel, state: unknown): Promise<void> {
    await this.runs.refresh();
    const path = typeof state === "object" && state !== null ? (state as { run?: unknown }).run : undefined;
    if (typeof path === "string" && this.runs.find(path) !== undefined && !this.open.has(path)) this.keep(path, panel);
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
