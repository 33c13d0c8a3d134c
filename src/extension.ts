/** The extension: builds the few shared services, then a line a feature, each handed what it needs. */
import { join } from "node:path";
import { type Disposable, type ExtensionContext, window, workspace } from "vscode";
import { codeLens } from "./editor/codeLens";
import { LoopsOfDocument } from "./editor/codeLens/loops";
import { layerLens } from "./editor/layerLens";
import { IdleWatch } from "./editor/live";
import { metersView } from "./editor/meters";
import { notebookCells } from "./editor/notebook";
import { bloatPanels } from "./editor/panels/bloat";
import { WasteReports } from "./editor/panels/bloat/reports";
import { gapPanels } from "./editor/panels/gap";
import { GapReports } from "./editor/panels/gap/reports";
import { quantization } from "./editor/panels/quant";
import { RunPanels } from "./editor/panels/run";
import { profile } from "./editor/profile";
import { calibrate } from "./editor/profile/calibrate";
import { example } from "./editor/profile/example";
import { Starts } from "./editor/profile/starts";
import { profileTasks } from "./editor/profile/task";
import { runChanges, runsView } from "./editor/runs";
import { keepWithinBounds } from "./editor/runs/keep";
import { notifyAtEnd } from "./editor/runs/notifyAtEnd";
import { registerCommand } from "./editor/shared/commands";
import { DisposableStore } from "./editor/shared/disposableStore";
import { Follower } from "./editor/shared/follower";
import { recorderAt } from "./editor/shared/recorder";
import { WorkspaceRuns } from "./editor/shared/workspaceRuns";
import { statusBar } from "./editor/statusBar";
import { log, registerLog } from "./model/log";

export async function activate(context: ExtensionContext): Promise<void> {
  const owned = new DisposableStore();
  context.subscriptions.push(owned);
  const output = owned.add(window.createOutputChannel("Wattline", { log: true }));
  registerLog(output);
  owned.defer(() => void registerLog(undefined));
  try {
    owned.add(registerCommand("showLog", () => output.show()));
    compose(context, owned);
    log.info(`Wattline ${context.extension.packageJSON.version} is ready.`);
  } catch (error) {
    // VS Code itself says nothing to the user when an extension fails to start.
    log.error((error as Error).stack ?? String(error));
    void window.showErrorMessage(`Wattline could not start: ${(error as Error).message}. The log "Wattline" has more.`);
    throw error;
  }
}

function compose(context: ExtensionContext, owned: DisposableStore): void {
  const runs = owned.add(new WorkspaceRuns());
  const follower = new Follower();
  const panels = owned.add(new RunPanels(runs, follower, context.extensionUri, context.workspaceState));

  // What shows runs, also in folders that are not trusted.
  owned.add(runsView({ runs }));
  const gapReports = owned.add(new GapReports(runs, context.asAbsolutePath("dist/gapReporter.js")));
  owned.add(gapPanels({ runs, reports: gapReports, extension: context.extensionUri }));
  const waste = owned.add(new WasteReports(context.asAbsolutePath("dist/bloatSolver.js")));
  owned.add(bloatPanels({ runs, follower, reports: waste, extension: context.extensionUri }));

  // What starts programs, reads settings that name them, or changes files.
  const trusted = (): Disposable => {
    const store = new DisposableStore();
    const dist = context.asAbsolutePath("dist");
    const recorder = recorderAt(dist);
    const storage = context.storageUri ?? context.globalStorageUri;
    const starts = new Starts(join(storage.fsPath, "starts"));
    const loops = store.add(new LoopsOfDocument(join(dist, "grammars")));
    const idle = store.add(new IdleWatch(recorder, runs, context.globalStorageUri.fsPath));
    const showRun = (path: string) => panels.show(path, { preserveFocus: true });
    store.add(statusBar({ runs, follower, idle }));
    store.add(notebookCells({ recorder, storage: context.globalStorageUri.fsPath }));
    store.add(metersView({ recorder, idle }));
    store.add(codeLens({ runs, loops }));
    store.add(layerLens({ runs, reports: gapReports }));
    store.add(quantization({ loops, recorder, extension: context.extensionUri }));
    store.add(profileTasks({ recorder, starts }));
    const showAgain = (path: string) => panels.showAgain(path);
    store.add(profile({ recorder, runs, loops, starts, showRun, showAgain, memory: context.workspaceState }));
    store.add(calibrate({ recorder }));
    store.add(example({ examples: context.asAbsolutePath("examples") }));
    store.add(runChanges({ runs }));
    store.add(keepWithinBounds({ runs }));
    store.add(notifyAtEnd({ runs, panelInSight: () => panels.inSight }));
    return store;
  };
  if (workspace.isTrusted) owned.add(trusted());
  else owned.add(workspace.onDidGrantWorkspaceTrust(() => void owned.add(trusted())));
}
