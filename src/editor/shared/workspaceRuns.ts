import { join } from "node:path";
import { type Disposable, EventEmitter, RelativePattern, Uri, type WorkspaceFolder, workspace } from "vscode";
import { log } from "../../model/log";
import { runsRoot } from "../../store/runFolder";
import { listRuns, type RunListing } from "../../store/runs";
import { setContext } from "./commands";
import { DisposableStore, every } from "./disposableStore";

/** A recorder that is killed writes nothing, so a run that goes on is looked at again. */
const runningCheckMs = 2000;
/** Several files of a run change together. */
const settleMs = 150;

/** The runs of all folders of this workspace, newest first, kept up to date. */
export class WorkspaceRuns implements Disposable {
  private readonly owned = new DisposableStore();
  private readonly changed = this.owned.add(new EventEmitter<void>());
  private watchers = new DisposableStore();
  private listings: readonly RunListing[] = [];
  private fingerprint = "";
  private reading: Promise<void> | undefined;
  private again = false;
  private timer: NodeJS.Timeout | undefined;

  /** Runs came, went or changed their state, label or report. */
  readonly onDidChange = this.changed.event;

  constructor() {
    this.owned.add(workspace.onDidChangeWorkspaceFolders(() => this.watch()));
    this.owned.add(every(runningCheckMs, () => (this.running ? this.refresh() : undefined)));
    this.owned.defer(() => {
      this.watchers.dispose();
      clearTimeout(this.timer);
    });
    this.watch();
  }

  get all(): readonly RunListing[] {
    return this.listings;
  }

  /** The newest run that goes on. */
  get running(): RunListing | undefined {
    return this.listings.find(({ state }) => state === "running");
  }

  find(path: string): RunListing | undefined {
    return this.listings.find((run) => run.path === path);
  }

  /** The `.wattline/runs` of each folder of the workspace. */
  get roots(): { readonly folder: WorkspaceFolder; readonly path: string }[] {
    return (workspace.workspaceFolders ?? [])
      .filter(({ uri }) => uri.scheme === "file")
      .map((folder) => ({ folder, path: runsRoot(folder.uri.fsPath) }));
  }

  /** Reads the folders now. Calls at the same time share one reading, and a later one begins after it. */
  refresh(): Promise<void> {
    if (this.reading !== undefined) {
      this.again = true;
      return this.reading;
    }
    this.reading = (async () => {
      do {
        this.again = false;
        await this.read();
      } while (this.again);
    })().finally(() => {
      this.reading = undefined;
    });
    return this.reading;
  }

  dispose(): void {
    this.owned.dispose();
  }

  private async read(): Promise<void> {
    const found = await Promise.all(this.roots.map(({ path }) => listRuns(path)));
    const listings = found.length === 1 ? found[0]! : found.flat().sort((a, b) => newer(a, b));
    // A run that goes on grows all the time; its size alone is no change.
    const fingerprint = JSON.stringify(listings, (key, value: unknown) => (key === "bytes" ? undefined : value));
    this.listings = listings;
    if (fingerprint === this.fingerprint) return;
    this.fingerprint = fingerprint;
    log.debug(
      `Runs: ${listings.length}, of which ${listings.filter(({ state }) => state === "running").length} go on.`,
    );
    setContext("wattline.running", this.running !== undefined);
    this.changed.fire();
  }

  private watch(): void {
    this.watchers.dispose();
    this.watchers = new DisposableStore();
    for (const { folder } of this.roots) {
      for (const pattern of [".wattline/runs/*", ".wattline/runs/*/{run,summary,labels}.json"]) {
        const watcher = this.watchers.add(workspace.createFileSystemWatcher(new RelativePattern(folder, pattern)));
        for (const on of [watcher.onDidCreate, watcher.onDidChange, watcher.onDidDelete]) {
          this.watchers.add(on(() => this.soon()));
        }
      }
    }
    void this.refresh();
  }

  private soon(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.refresh(), settleMs);
  }
}

function newer(a: RunListing, b: RunListing): number {
  return Date.parse(b.startedAt || "0") - Date.parse(a.startedAt || "0") || b.id.localeCompare(a.id);
}

/** Whether a path lies in one of the folders that are open, by name; links are the caller's to resolve. */
export function inWorkspace(path: string): boolean {
  return workspace.getWorkspaceFolder(Uri.file(join(path))) !== undefined;
}
