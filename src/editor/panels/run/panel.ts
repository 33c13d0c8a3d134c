import { commands, type Disposable, env, Uri, ViewColumn, type WebviewPanel, window, workspace } from "vscode";
import { type FromRunPanel, readFromRunPanel, type ToRunPanel } from "../../../messages/run";
import { WattlineError } from "../../../model/errors";
import { log } from "../../../model/log";
import type { Manifest } from "../../../model/manifest";
import { scriptName } from "../../../store/runFolder";
import type { RunTail } from "../../../store/tail";
import { revealFolder } from "../../runs";
import { runCommand, showError } from "../../shared/commands";
import { DisposableStore } from "../../shared/disposableStore";
import type { Follower } from "../../shared/follower";
import { revealInWorkspace } from "../../shared/revealSource";
import { panelHtml } from "../html";
import { Chunks } from "./chunks";
import type { Derived } from "./derived";
import { reportMarkdown } from "./markdown";
import type { Reporter } from "./reporter";
import { runView } from "./view";

/** During a run the report is derived anew at most this often, and for at most a tenth of the time: what is measured runs here. */
const deriveMs = 2000;
const deriveShare = 0.1;

/** One run in one webview: forwards what its page asks for, and tells it what the run folder says. */
export class RunPanel implements Disposable {
  private readonly owned = new DisposableStore();
  private following: Disposable | undefined;
  private tail: RunTail | undefined;
  private chunks = new Chunks();
  private derived: Derived | undefined;
  private deriving = false;
  private deriveNextMs = 0;
  private gaveUp = false;
  /** VS Code throws the page away while its tab is hidden; it says "ready" when it is there again. */
  private ready = false;
  private failure: unknown;

  constructor(
    readonly path: string,
    private readonly panel: WebviewPanel,
    private readonly follower: Follower,
    private readonly reporter: Reporter,
    private readonly extension: Uri,
  ) {
    const webviews = Uri.joinPath(extension, "dist", "webview");
    panel.webview.options = { enableScripts: true, localResourceRoots: [webviews] };
    panel.iconPath = Uri.joinPath(extension, "media", "panel.svg");
    this.owned.add(panel.webview.onDidReceiveMessage((message: unknown) => this.hear(message)));
    this.owned.add(
      panel.onDidChangeViewState(() => {
        if (!panel.visible) this.ready = false;
      }),
    );
    this.owned.defer(() => this.following?.dispose());
    this.owned.add(panel.onDidDispose(() => this.dispose()));
    panel.webview.html = panelHtml(panel.webview, webviews, "run", "Run");
    this.follow();
  }

  get visible(): boolean {
    return this.panel.visible;
  }

  get onDidDispose() {
    return this.panel.onDidDispose;
  }

  reveal(preserveFocus: boolean): void {
    this.panel.reveal(undefined, preserveFocus);
  }

  /** Labels change in files of their own, also after the end: the run is read again. */
  reload(): void {
    if (this.tail?.run.state !== "running") this.follow();
  }

  /** A line is selected in an editor. */
  select(path: string, line: number): void {
    this.post({ type: "select", line, path });
  }

  dispose(): void {
    this.owned.dispose();
  }

  private follow(): void {
    this.following?.dispose();
    this.following = this.follower.follow(this.path, {
      grown: (tail) => {
        if (this.tail !== tail) {
          this.chunks = new Chunks();
          this.derived = undefined;
          this.deriveNextMs = 0;
          this.gaveUp = false;
        }
        this.tail = tail;
        this.failure = undefined;
        this.panel.title = panelTitle(tail.run.manifest);
        this.tell();
      },
      failed: (error) => {
        this.failure = error;
        this.tell();
      },
    });
  }

  private tell(): void {
    if (!this.ready) return;
    if (this.failure !== undefined) {
      const known = this.failure instanceof WattlineError;
      const message = known ? (this.failure as Error).message : `The run cannot be read: ${String(this.failure)}`;
      this.post({ type: "failed", message, remedy: "Other runs are in the side bar under Wattline." });
      return;
    }
    if (this.tail === undefined) return;
    const { run } = this.tail;
    this.post({ type: "show", view: runView(run, this.derived) });
    for (const message of this.chunks.next(run)) this.post(message);
    void this.derive(this.tail);
  }

  /** Asks for what takes longer, where it is due: during a run now and then, once more when it is over. */
  private async derive(tail: RunTail): Promise<void> {
    const isRunning = tail.run.state === "running";
    const isDue = isRunning ? Date.now() >= this.deriveNextMs : this.derived?.state !== tail.run.state && !this.gaveUp;
    if (this.deriving || !isDue) return;
    this.deriving = true;
    const started = Date.now();
    const derived = await this.reporter.derive(this.path);
    this.deriving = false;
    this.deriveNextMs = started + Math.max(deriveMs, (Date.now() - started) / deriveShare);
    if (this.tail !== tail) return this.tell();
    // Of a run that is over it would fail again.
    this.gaveUp = derived === undefined && tail.run.state !== "running";
    if (derived === undefined) return;
    this.derived = derived;
    if (!this.ready) return;
    this.post({ type: "show", view: runView(tail.run, derived) });
    if (derived.iterations !== undefined) this.post(derived.iterations);
    // The run ended meanwhile.
    if (derived.state !== tail.run.state) void this.derive(tail);
  }

  private post(message: ToRunPanel): void {
    if (this.ready) void this.panel.webview.postMessage(message);
  }

  private hear(untrusted: unknown): void {
    const message = readFromRunPanel(untrusted);
    if (message === undefined) {
      log.warn("The run panel sent something that is no message of ours; it was left alone.");
      return;
    }
    void this.act(message).catch(showError);
  }

  private async act(message: FromRunPanel): Promise<void> {
    switch (message.type) {
      case "ready":
        this.ready = true;
        this.chunks = new Chunks();
        this.tell();
        if (this.derived?.iterations !== undefined) this.post(this.derived.iterations);
        return;
      case "openSource":
        return revealInWorkspace(message.path, message.line, this.panel.viewColumn);
      case "copyMarkdown":
        return this.copyMarkdown();
      case "savePicture":
        return savePicture(this.path, message.format, message.data);
      case "openFolder":
        return revealFolder(this.path);
      case "help":
        return void (await commands.executeCommand(
          "markdown.showPreview",
          Uri.joinPath(this.extension, "media/help/run-panel.md"),
        ));
      case "label":
        return this.trusted("labelRun", { path: this.path });
      case "stop":
        return this.trusted("stopRun", this.path);
      case "profile":
        return this.trusted("profileFile");
    }
  }

  /** What changes or starts something: not in a folder that is not trusted, where its command does not exist. */
  private async trusted(...[name, ...args]: Parameters<typeof runCommand>): Promise<void> {
    if (workspace.isTrusted) await runCommand(name, ...args);
    else void window.showInformationMessage("This folder is not trusted: Wattline shows its runs and changes nothing.");
  }

  private async copyMarkdown(): Promise<void> {
    if (this.derived === undefined) return;
    await env.clipboard.writeText(reportMarkdown(this.derived.report, this.derived.headline?.text));
    void window.setStatusBarMessage("$(check) Copied as Markdown", 3000);
  }
}

/** `train 12:04`: several runs of one script stand side by side. */
function panelTitle({ argv, startedAt }: Manifest): string {
  const moment = new Date(startedAt);
  const two = (value: number) => String(value).padStart(2, "0");
  return `${scriptName(argv)} ${two(moment.getHours())}:${two(moment.getMinutes())}`;
}

/** @param data of an SVG its text, of a PNG its bytes in base64 */
async function savePicture(runPath: string, format: "svg" | "png", data: string): Promise<void> {
  const folder = workspace.workspaceFolders?.[0]?.uri ?? Uri.file(runPath);
  const name = `${runPath.split(/[\\/]/).at(-1)}.${format}`;
  const target = await window.showSaveDialog({
    defaultUri: Uri.joinPath(folder, name),
    filters: format === "svg" ? { SVG: ["svg"] } : { PNG: ["png"] },
  });
  if (target === undefined) return;
  const bytes = Buffer.from(data, format === "svg" ? "utf8" : "base64");
  await workspace.fs.writeFile(target, bytes);
}

/** Beside the code where there is some, else where the user is. */
export function columnForPanel(): ViewColumn {
  return window.activeTextEditor === undefined ? ViewColumn.Active : ViewColumn.Beside;
}
