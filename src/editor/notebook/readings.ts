import { randomBytes } from "node:crypto";
import { mkdirSync } from "node:fs";
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Disposable } from "vscode";
import { log } from "../../model/log";
import type { Run } from "../../model/run";
import { readManifest, runState } from "../../store/manifest";
import { RunTail } from "../../store/tail";
import { startWatch, type WatchProcess } from "../live/watchProcess";
import type { Recorder } from "../shared/recorder";

/** After this many ends in a row it is not started again: the log says what it said. */
const startsLimit = 3;

interface Recording {
  readonly process: WatchProcess;
  readonly tail: RunTail;
  readonly sinceMs: number;
}

/**
 * The machine's readings while a notebook is open, from a `wattline watch --samples` in a folder of this window, read
 * when somebody asks. Nothing is sampled here.
 */
export class MachineReadings implements Disposable {
  private readonly folder: string;
  private recording: Recording | undefined;
  private failures = 0;

  /** @param storage a folder that all windows of this machine share */
  constructor(
    private readonly recorder: Recorder,
    storage: string,
  ) {
    this.folder = join(storage, "notebooks");
    void removeLeftovers(this.folder);
  }

  /** Seconds since the reading began; undefined where nothing is read. */
  get ageS(): number | undefined {
    return this.recording && (Date.now() - this.recording.sinceMs) / 1000;
  }

  start(): void {
    if (this.recording !== undefined || this.failures >= startsLimit) return;
    mkdirSync(this.folder, { recursive: true, mode: 0o700 });
    const path = join(this.folder, randomBytes(8).toString("hex"));
    const process = startWatch(this.recorder, ["--samples", "--out", path], "The notebook's readings", () => {
      this.recording = undefined;
      this.failures++;
    });
    this.recording = { process, tail: new RunTail(path), sinceMs: Date.now() };
  }

  stop(): void {
    this.recording?.process.stop();
    this.recording = undefined;
  }

  /** All readings so far; undefined where there are none yet. */
  async read(): Promise<Run | undefined> {
    const tail = this.recording?.tail;
    if (tail === undefined) return undefined;
    try {
      await tail.poll();
      return tail.run;
    } catch (error) {
      // In its first moments the folder is not there.
      log.debug(`The notebook's readings: ${(error as Error).message}`);
      return undefined;
    }
  }

  dispose(): void {
    this.stop();
  }
}

/** A recorder that was killed could not remove its folder. */
async function removeLeftovers(folder: string): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    const path = join(folder, name);
    const manifest = await readManifest(path).catch(() => undefined);
    if (manifest !== undefined && (await runState(manifest)) !== "running") {
      await rm(path, { recursive: true, force: true }).catch(() => {});
    }
  }
}
