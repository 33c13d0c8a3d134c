import { LitElement, type TemplateResult } from "lit";
import type { FromAnyPanel, ToAnyPanel } from "../../src/messages/panel";
import type { Host } from "./host";
import type { MenuItem } from "./menu";
import { emptyState } from "./panelFrame";
import { type Picture, svgToPng } from "./picture";
import { onThemeChange } from "./theme";

/** What every panel has in its title bar; those of a panel itself go before or after. */
export const commonMenu: readonly MenuItem[] = [
  { id: "copyMarkdown", label: "Copy as Markdown" },
  { id: "svg", label: "Save Picture as SVG" },
  { id: "png", label: "Save Picture as PNG" },
  { id: "openFolder", label: "Open Run Folder" },
  { id: "help", label: "What Is This", startsGroup: true },
];

/** What a panel keeps over a hidden tab and a reload of the window. `subject` is what the editor finds it by. */
export interface KeptState {
  readonly subject: string;
}

/**
 * A panel's element: its host, the small state that it keeps, and what its title bar does. It is given its host before
 * it enters the page, and draws again with every message, change of its state, and change of theme.
 */
export abstract class PanelElement<
  To extends { type: string },
  From extends { type: string },
  State extends KeptState,
> extends LitElement {
  static override properties = { state: { state: true } };

  declare protected state: State;
  /** Why there is nothing to show, if that is so. */
  private blank: ToAnyPanel | undefined;
  private host: Host<To, From | FromAnyPanel> | undefined;
  /** What the folder of this panel's subject is called on a button. */
  protected readonly folderLabel: string = "Open Run Folder";
  /** Called when the element leaves the page. */
  protected readonly release: (() => void)[] = [];

  /** @param readState what was kept (by any version of the panel), as far as it is what this version keeps */
  constructor(private readonly readState: (kept: unknown) => State) {
    super();
    this.state = readState(undefined);
  }

  /** Takes a message. That there is nothing to show has been seen to, see `blankPage`. */
  protected abstract hear(message: Exclude<To, ToAnyPanel>): void;

  /** What "Save Picture" saves; undefined while there is nothing. */
  protected abstract picture(): Picture | undefined;

  /** Begins to listen and says that the panel is ready to be told everything. */
  start(host: Host<To, From | FromAnyPanel>): void {
    this.host = host;
    this.state = this.readState(host.getState());
    const stop = host.onMessage((message) => {
      this.take(message as Exclude<To, ToAnyPanel> | ToAnyPanel);
      this.requestUpdate();
    });
    this.release.push(stop);
    host.post({ type: "ready" });
  }

  protected override createRenderRoot() {
    return this;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.release.push(onThemeChange(() => this.requestUpdate()));
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    for (const release of this.release.splice(0)) release();
  }

  /**
   * The page while there is nothing to show, else undefined.
   * @param action the one button of an empty panel
   */
  protected blankPage(action?: { readonly label: string; run(): void }): TemplateResult | undefined {
    const { blank } = this;
    if (blank?.type === "empty") return emptyState("empty", blank.reason, blank.remedy, action);
    if (blank?.type !== "failed") return undefined;
    const folder = { label: this.folderLabel, run: () => this.post({ type: "openFolder" }) };
    return emptyState("failed", blank.message, blank.remedy, folder);
  }

  private take(message: Exclude<To, ToAnyPanel> | ToAnyPanel): void {
    if (message.type === "empty" || message.type === "failed") {
      this.blank = message as ToAnyPanel;
      return;
    }
    if (message.type === "show") this.blank = undefined;
    this.hear(message as Exclude<To, ToAnyPanel>);
  }

  protected post(message: From | FromAnyPanel): void {
    this.host?.post(message);
  }

  protected keep(change: Partial<State>): void {
    this.replaceState({ ...this.state, ...change });
  }

  protected replaceState(state: State): void {
    this.state = state;
    this.host?.setState(state);
  }

  /** An item of `commonMenu`. */
  protected async pickFromMenu(id: string): Promise<void> {
    if (id === "copyMarkdown" || id === "openFolder" || id === "help") return this.post({ type: id });
    if (id !== "svg" && id !== "png") return;
    const picture = this.picture();
    if (picture === undefined) return;
    this.post({ type: "savePicture", format: id, data: id === "svg" ? picture.svg : await svgToPng(picture) });
  }
}
