import { commands, type Disposable, env, Uri, ViewColumn, type WebviewPanel, window, workspace } from "vscode";
import type { FromAnyPanel, ToAnyPanel } from "../../../messages/panel";
import { WattlineError } from "../../../model/errors";
import { log } from "../../../model/log";
import { revealFolder } from "../../runs";
import { runCommand, showError } from "../../shared/commands";
import { DisposableStore } from "../../shared/disposableStore";
import { revealInWorkspace } from "../../shared/revealSource";
import { panelHtml } from "./html";
import { savePicture } from "./savePicture";

/** What all panels of one kind have in common. */
export interface PanelKind<From extends { type: string }> {
  /** Of the bundle (`webview/NAME/main.ts`) and of VS Code's name for the panel (`wattline.NAME`). */
  readonly name: string;
  /** The page under `media/help` that "What Is This" opens, without its ending. */
  readonly help: string;
  /** What its page is called until it knows better. */
  readonly title: string;
  /** The check that every message from the page has to pass. */
  read(message: unknown): From | undefined;
}

/** What only one kind of panel asks for. */
export type OwnRequest<From extends { type: string }> = Exclude<From, FromAnyPanel>;

/** What a panel shows and does; the page around it does what all panels do. */
export interface PanelContent<From extends { type: string }> {
  /** The file or folder that is shown: "Open Folder" goes there and a saved picture is called after it. */
  readonly path: string;
  /** The page is there and knows nothing (again): it wants to be told everything that there is to tell. */
  tell(): void;
  /** What "Copy as Markdown" copies. Undefined: nothing yet. */
  markdown(): string | undefined;
  /** What only this panel asks for. Errors are shown. */
  act(request: OwnRequest<From>): unknown;
}

/**
 * One webview: its page, whether that listens, its messages (checked), and what every panel can do. It belongs to the
 * content, which disposes of it with itself; the webview closing disposes of what was given to `own`.
 */
export class PanelPage<To extends { type: string }, From extends { type: string }> implements Disposable {
  private readonly owned = new DisposableStore();
  /** VS Code throws the page away while its tab is hidden; it says "ready" when it is there again. */
  private isReady = false;

  constructor(
    private readonly kind: PanelKind<From>,
    private readonly panel: WebviewPanel,
    private readonly extension: Uri,
    private readonly content: PanelContent<From>,
  ) {
    const webviews = Uri.joinPath(extension, "dist", "webview");
    panel.webview.options = { enableScripts: true, localResourceRoots: [webviews] };
    panel.iconPath = Uri.joinPath(extension, "media", "panel.svg");
    this.owned.add(panel.webview.onDidReceiveMessage((message: unknown) => this.hear(message)));
    this.owned.add(
      panel.onDidChangeViewState(() => {
        if (!panel.visible) this.isReady = false;
      }),
    );
    this.owned.add(panel.onDidDispose(() => this.dispose()));
    panel.webview.html = panelHtml(panel.webview, webviews, kind.name, kind.title);
  }

  /** Whether it listens. What is posted to a page that does not is lost; it is told everything when it does. */
  get ready(): boolean {
    return this.isReady;
  }

  get visible(): boolean {
    return this.panel.visible;
  }

  set title(title: string) {
    this.panel.title = title;
  }

  get onDidDispose() {
    return this.panel.onDidDispose;
  }

  /** Disposed of when the webview is closed. */
  own<T extends Disposable>(disposable: T): T {
    return this.owned.add(disposable);
  }

  reveal(preserveFocus: boolean): void {
    this.panel.reveal(undefined, preserveFocus);
  }

  post(message: To | ToAnyPanel): void {
    if (this.isReady) void this.panel.webview.postMessage(message);
  }

  /** Our own sentences as they are; of anything else what it says after `intro`. */
  postFailure(error: unknown, intro: string, remedy: string): void {
    const message = error instanceof WattlineError ? error.message : `${intro}: ${String(error)}`;
    this.post({ type: "failed", message, remedy });
  }

  /** Runs what changes or starts something: not in a folder that is not trusted, where its command does not exist. */
  async runTrusted(...[name, ...args]: Parameters<typeof runCommand>): Promise<void> {
    if (workspace.isTrusted) await runCommand(name, ...args);
    else void window.showInformationMessage("This folder is not trusted: Wattline shows its runs and changes nothing.");
  }

  dispose(): void {
    this.isReady = false;
    this.owned.dispose();
  }

  private hear(untrusted: unknown): void {
    const message = this.kind.read(untrusted);
    if (message === undefined) {
      log.warn(`The ${this.kind.name} panel sent something that is no message of ours; it was left alone.`);
      return;
    }
    void this.act(message).catch(showError);
  }

  private async act(message: From): Promise<void> {
    const request = message as FromAnyPanel;
    switch (request.type) {
      case "ready":
        this.isReady = true;
        return this.content.tell();
      case "openSource":
        return revealInWorkspace(request.path, request.line, this.panel.viewColumn);
      case "copyMarkdown":
        return this.copyMarkdown();
      case "savePicture":
        return savePicture(this.content.path, request.format, request.data);
      case "openFolder":
        return revealFolder(this.content.path);
      case "help":
        return void (await commands.executeCommand(
          "markdown.showPreview",
          Uri.joinPath(this.extension, "media", "help", `${this.kind.help}.md`),
        ));
      default:
        await this.content.act(message as OwnRequest<From>);
    }
  }

  private async copyMarkdown(): Promise<void> {
    const text = this.content.markdown();
    if (text === undefined) return;
    await env.clipboard.writeText(text);
    void window.setStatusBarMessage("$(check) Copied as Markdown", 3000);
  }
}

/** Beside the code where there is some, else where the user is. */
export function columnForPanel(): ViewColumn {
  return window.activeTextEditor === undefined ? ViewColumn.Active : ViewColumn.Beside;
}
