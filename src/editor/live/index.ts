import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { type Disposable, EventEmitter } from "vscode";
import { type LiveTotals, liveDraw } from "../../analysis/liveTotals";
import { type Live, liveSchema, liveSchemaName } from "../../model/live";
import { readJson } from "../../store/files";
import { DisposableStore, every } from "../shared/disposableStore";
import type { Recorder } from "../shared/recorder";
import { onSetting, setting } from "../shared/settings";
import type { WorkspaceRuns } from "../shared/workspaceRuns";
import { startWatch, type WatchProcess } from "./watchProcess";

/** `live.json` is rewritten once a second; one this old was left behind. */
const staleMs = 5000;
const readMs = 1000;
/** After this many ends in a row the watch is not started again: the log says what it said. */
const startsLimit = 3;

/**
 * What the machine draws while no run goes on, from a `wattline watch` of which one serves all windows: a window starts
 * it where none writes, and it ends with the window. Nothing is sampled here.
 */
export class IdleWatch implements Disposable {
  private readonly owned = new DisposableStore();
  private readonly changed = this.owned.add(new EventEmitter<void>());
  private readonly folder: string;
  private process: WatchProcess | undefined;
  private failures = 0;
  private last: LiveTotals | undefined;

  readonly onDidChange = this.changed.event;

  /** @param storage a folder that all windows of this machine share */
  constructor(
    private readonly recorder: Recorder,
    private readonly runs: WorkspaceRuns,
    storage: string,
  ) {
    this.folder = join(storage, "live");
    this.owned.add(every(readMs, () => this.tick()));
    this.owned.add(runs.onDidChange(() => void this.tick()));
    this.owned.add(onSetting("idlePower", () => void this.tick()));
    this.owned.defer(() => this.stop());
    void this.tick();
  }

  /** Undefined while nothing is known. */
  get totals(): LiveTotals | undefined {
    return this.last;
  }

  dispose(): void {
    this.owned.dispose();
  }

  /** A run has its own sampler: reading everything twice would only add to what is measured. */
  private get wanted(): boolean {
    return setting("idlePower") && this.runs.running === undefined;
  }

  private async tick(): Promise<void> {
    const live = await this.read();
    const fresh = live !== undefined && Math.abs(Date.now() - live.at) < staleMs;
    if (!this.wanted) this.stop();
    else if (!fresh) this.start();
    const before = this.last;
    this.last = fresh && this.wanted ? liveDraw(live) : undefined;
    if (this.last !== before) this.changed.fire();
  }

  private async read(): Promise<Live | undefined> {
    return readJson(join(this.folder, "live.json"), liveSchema, liveSchemaName).catch(() => undefined);
  }

  private start(): void {
    if (this.process !== undefined || this.failures >= startsLimit) return;
    mkdirSync(this.folder, { recursive: true, mode: 0o700 });
    this.process = startWatch(this.recorder, ["--out", this.folder], "The idle watch", () => {
      this.process = undefined;
      this.failures++;
    });
  }

  private stop(): void {
    this.process?.stop();
    this.process = undefined;
  }
}
