import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { type Disposable, EventEmitter } from "vscode";
import { type LiveTotals, liveDraw } from "../../analysis/liveTotals";
import { type Live, liveSchema, liveSchemaName } from "../../model/live";
import { log } from "../../model/log";
import { readJson } from "../../store/files";
import { DisposableStore, every } from "../shared/disposableStore";
import type { Recorder } from "../shared/recorder";
import { onSetting, setting } from "../shared/settings";
import type { WorkspaceRuns } from "../shared/workspaceRuns";

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
  private process: ChildProcess | undefined;
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
    const [program, ...args] = this.recorder.argv("watch", "--out", this.folder);
    const env = { ...process.env, ...this.recorder.env() };
    // It ends when its standard input closes, which happens however this process ends.
    const child = spawn(program!, args, { env, stdio: ["pipe", "ignore", "pipe"] });
    this.process = child;
    log.debug(`Idle watch started (pid ${child.pid}).`);
    child.stdin.on("error", () => {});
    child.stderr.on("data", (text: Buffer) => log.warn(`Idle watch: ${text.toString().trim()}`));
    child.once("error", (error) => log.warn(`The idle watch could not be started: ${error.message}`));
    child.once("close", (code) => {
      if (this.process !== child) return;
      this.process = undefined;
      this.failures++;
      log.warn(`The idle watch ended with ${code}.`);
    });
  }

  private stop(): void {
    const child = this.process;
    this.process = undefined;
    child?.stdin?.end();
  }
}
