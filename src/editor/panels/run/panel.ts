import type { Disposable, Uri, WebviewPanel } from "vscode";
import { type FromRunPanel, readFromRunPanel, type ToRunPanel } from "../../../messages/run";
import { log } from "../../../model/log";
import type { Manifest } from "../../../model/manifest";
import { scriptName } from "../../../store/runFolder";
import type { RunTail } from "../../../store/tail";
import type { Follower } from "../../shared/follower";
import { type OwnRequest, type PanelContent, type PanelKind, PanelPage } from "../shared/page";
import type { Thread } from "../shared/thread";
import { Chunks } from "./chunks";
import type { Derived } from "./derived";
import { reportMarkdown } from "./markdown";
import { runView } from "./view";

const kind: PanelKind<FromRunPanel> = { name: "run", help: "run-panel", title: "Run", read: readFromRunPanel };

/** During a run the report is derived anew at most this often, and for at most a tenth of the time: what is measured runs here. */
const deriveMs = 2000;
const deriveShare = 0.1;

/** One run in one webview: forwards what its page asks for, and tells it what the run folder says. */
export class RunPanel implements PanelContent<FromRunPanel> {
  readonly page: PanelPage<ToRunPanel, FromRunPanel>;
  private following: Disposable | undefined;
  private tail: RunTail | undefined;
  private chunks = new Chunks();
  private derived: Derived | undefined;
  private deriving = false;
  private deriveNextMs = 0;
  private gaveUp = false;
  private failure: unknown;

  constructor(
    readonly path: string,
    webview: WebviewPanel,
    private readonly follower: Follower,
    private readonly reporter: Thread<string, Derived>,
    extension: Uri,
  ) {
    this.page = new PanelPage(kind, webview, extension, this);
    this.page.own({ dispose: () => this.following?.dispose() });
    this.follow();
  }

  /** Labels change in files of their own, also after the end: the run is read again. */
  reload(): void {
    if (this.tail?.run.state !== "running") this.follow();
  }

  /** A line is selected in an editor. */
  select(path: string, line: number): void {
    this.page.post({ type: "select", line, path });
  }

  /** The page is there, and knows nothing. */
  tell(): void {
    this.chunks = new Chunks();
    this.tellNews();
    if (this.derived?.iterations !== undefined) this.page.post(this.derived.iterations);
  }

  markdown(): string | undefined {
    return this.derived && reportMarkdown(this.derived.report, this.derived.headline?.text);
  }

  act(request: OwnRequest<FromRunPanel>): Promise<void> {
    switch (request.type) {
      case "label":
        return this.page.runTrusted("labelRun", { path: this.path });
      case "stop":
        return this.page.runTrusted("stopRun", this.path);
      case "profile":
        return this.page.runTrusted("profileFile");
    }
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
        this.page.title = panelTitle(tail.run.manifest);
        this.tellNews();
      },
      failed: (error) => {
        this.failure = error;
        this.tellNews();
      },
    });
  }

  private tellNews(): void {
    if (!this.page.ready) return;
    if (this.failure !== undefined) {
      this.page.postFailure(this.failure, "The run cannot be read", "Other runs are in the side bar under Wattline.");
      return;
    }
    if (this.tail === undefined) return;
    const { run } = this.tail;
    this.page.post({ type: "show", view: runView(run, this.derived) });
    for (const message of this.chunks.next(run)) this.page.post(message);
    void this.derive(this.tail);
  }

  /** Asks for what takes longer, where it is due: during a run now and then, once more when it is over. */
  private async derive(tail: RunTail): Promise<void> {
    const isRunning = tail.run.state === "running";
    const isDue = isRunning ? Date.now() >= this.deriveNextMs : this.derived?.state !== tail.run.state && !this.gaveUp;
    if (this.deriving || !isDue) return;
    this.deriving = true;
    const started = Date.now();
    const derived = await this.reporter.ask(this.path).catch(notDerived);
    this.deriving = false;
    this.deriveNextMs = started + Math.max(deriveMs, (Date.now() - started) / deriveShare);
    if (this.tail !== tail) return this.tellNews();
    // Of a run that is over it would fail again.
    this.gaveUp = derived === undefined && tail.run.state !== "running";
    if (derived === undefined) return;
    this.derived = derived;
    if (!this.page.ready) return;
    this.page.post({ type: "show", view: runView(tail.run, derived) });
    if (derived.iterations !== undefined) this.page.post(derived.iterations);
    // The run ended meanwhile.
    if (derived.state !== tail.run.state) void this.derive(tail);
  }
}

/** The panel goes on with what it has; the log has the reason. */
function notDerived(error: Error): undefined {
  log.error(`A report could not be derived: ${error.message}`);
}

/** `train 12:04`: several runs of one script stand side by side. */
function panelTitle({ argv, startedAt }: Manifest): string {
  const moment = new Date(startedAt);
  const two = (value: number) => String(value).padStart(2, "0");
  return `${scriptName(argv)} ${two(moment.getHours())}:${two(moment.getMinutes())}`;
}
