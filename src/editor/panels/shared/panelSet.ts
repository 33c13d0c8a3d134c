import { type Disposable, type WebviewPanel, window } from "vscode";
import { log } from "../../../model/log";
import { DisposableStore } from "../../shared/disposableStore";
import { columnForPanel } from "./page";

/** One open panel, as far as the set of them is concerned; see `PanelPage`. */
export interface OpenPanel {
  readonly page: Disposable & {
    readonly visible: boolean;
    readonly onDidDispose: WebviewPanel["onDidDispose"];
    reveal(preserveFocus: boolean): void;
  };
}

export interface PanelSetOptions<P extends OpenPanel> {
  /** Of the kind of panel: `run`. */
  readonly name: string;
  /** What the tab is called until the panel knows better. */
  title(subject: string): string;
  /** Fills a new or a restored webview. */
  make(subject: string, panel: WebviewPanel): P;
  /**
   * After a reload of the window: the subject that a page's kept state (untrusted) names, if it may be shown here, else
   * undefined, and the tab is closed. Pages keep `{ subject }`, see webview/shared/panelElement.ts.
   */
  restore(subject: string): boolean | Promise<boolean>;
  /** The user closed it, or the window did. */
  closed?(subject: string): void;
}

/** The panels of one kind, one a subject (the path of a run, a file, …): a second `show` brings the first to the front. */
export class PanelSet<P extends OpenPanel> implements Disposable {
  private readonly owned = new DisposableStore();
  private readonly panels = new Map<string, P>();

  constructor(private readonly options: PanelSetOptions<P>) {
    this.owned.defer(() => {
      for (const panel of this.panels.values()) panel.page.dispose();
    });
    this.owned.add(
      window.registerWebviewPanelSerializer(panelType(options.name), {
        deserializeWebviewPanel: (panel, state) => this.revive(panel, state),
      }),
    );
  }

  /** The open panels with what each shows. */
  get open(): ReadonlyMap<string, P> {
    return this.panels;
  }

  /** Whether the user sees one of them. */
  get inSight(): boolean {
    return [...this.panels.values()].some(({ page }) => page.visible);
  }

  show(subject: string, { preserveFocus }: { readonly preserveFocus: boolean }): P {
    const existing = this.panels.get(subject);
    if (existing !== undefined) {
      existing.page.reveal(preserveFocus);
      return existing;
    }
    const place = { viewColumn: columnForPanel(), preserveFocus };
    const { name, title } = this.options;
    return this.keep(subject, window.createWebviewPanel(panelType(name), title(subject), place));
  }

  dispose(): void {
    this.owned.dispose();
  }

  private keep(subject: string, webview: WebviewPanel): P {
    const panel = this.options.make(subject, webview);
    this.panels.set(subject, panel);
    panel.page.onDidDispose(() => {
      if (this.panels.get(subject) !== panel) return;
      this.panels.delete(subject);
      this.options.closed?.(subject);
    });
    return panel;
  }

  private async revive(webview: WebviewPanel, state: unknown): Promise<void> {
    const subject = typeof state === "object" && state !== null ? (state as { subject?: unknown }).subject : undefined;
    const here = typeof subject === "string" && (await this.options.restore(subject)) && !this.panels.has(subject);
    const { name } = this.options;
    log.info(
      here
        ? `Panel restored: ${name} ${subject}`
        : `Panel not restored, what it showed is not here: ${JSON.stringify(state)}`,
    );
    if (here) this.keep(subject, webview);
    else webview.dispose();
  }
}

/** VS Code's name for a kind of panel. */
export function panelType(name: string): string {
  return `wattline.${name}`;
}
