import { type Disposable, type Uri, type WebviewPanel, window } from "vscode";
import type { FromBloatPanel, ToBloatPanel } from "../../../messages/bloat";
import { WattlineError } from "../../../model/errors";
import type { Follower } from "../../shared/follower";
import { type PanelContent, PanelPage } from "../shared/page";
import { bloatKind } from "./kind";
import { wasteMarkdown } from "./markdown";
import type { WasteReports } from "./reports";
import type { Waste } from "./wasteOf";

/** While a run goes on its report is derived at most this often, and for at most a tenth of the time. */
const deriveMs = 3000;
const deriveShare = 0.1;

/** Where one run's joules bought nothing, in one webview, also while the run goes on. */
export class RunWastePanel implements PanelContent<FromBloatPanel> {
  readonly page: PanelPage<ToBloatPanel, FromBloatPanel>;
  private waste: Waste | undefined;
  private failure: unknown;
  private deriving = false;
  private again = false;
  private nextMs = 0;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    readonly path: string,
    webview: WebviewPanel,
    private readonly reports: WasteReports,
    follower: Follower,
    extension: Uri,
  ) {
    this.page = new PanelPage(bloatKind, webview, extension, this);
    const following: Disposable = follower.follow(path, {
      grown: () => void this.derive(),
      failed: (error) => this.fail(error),
    });
    this.page.own(following);
    this.page.own({ dispose: () => clearTimeout(this.timer) });
  }

  /** The page is there, and knows nothing. */
  tell(): void {
    if (this.waste !== undefined) {
      const { title, startedAt, headline, report } = this.waste;
      this.page.post({ type: "show", view: { kind: "run", subject: this.path, title, startedAt, headline, report } });
    } else if (this.failure !== undefined) {
      const remedy = "A run needs a meter that could be read, and a traced loop: the run's own panel says what it has.";
      this.page.postFailure(this.failure, "The run cannot be read", remedy);
    }
  }

  markdown(): string | undefined {
    return this.waste && wasteMarkdown(this.waste);
  }

  act(): void {
    void window.showInformationMessage("That is for the profile of a pipeline; this is a run.");
  }

  /** Now, or when it is due: what is measured runs on this machine. */
  private async derive(): Promise<void> {
    if (this.deriving) {
      this.again = true;
      return;
    }
    const waitMs = this.nextMs - Date.now();
    if (waitMs > 0) {
      this.timer ??= setTimeout(() => {
        this.timer = undefined;
        void this.derive();
      }, waitMs);
      return;
    }
    this.deriving = true;
    const started = Date.now();
    try {
      this.waste = await this.reports.of(this.path);
      this.failure = undefined;
      this.page.title = `${this.waste.title} bloat`;
      this.tell();
    } catch (error) {
      // Of a run that goes on there may be enough later.
      this.fail(error);
    } finally {
      this.deriving = false;
      this.nextMs = started + Math.max(deriveMs, (Date.now() - started) / deriveShare);
    }
    if (!this.again) return;
    this.again = false;
    void this.derive();
  }

  private fail(error: unknown): void {
    this.failure = error;
    if (this.waste === undefined || !(error instanceof WattlineError)) this.tell();
  }
}
