import type { Disposable } from "vscode";
import { log } from "../../model/log";
import { RunTail } from "../../store/tail";

/** The recorder flushes every half second. */
const pollMs = 500;
/** Reading and drawing may take this share of the extension host's time; a large run is followed more slowly. */
const busyShare = 0.1;

export interface RunListener {
  /** With the run so far: at once, whenever it has grown, and when it is over; nothing comes after that. */
  grown(tail: RunTail): void;
  /** The run cannot be read (any more). */
  failed(error: unknown): void;
}

interface Followed {
  readonly tail: RunTail;
  readonly listeners: Set<RunListener>;
  timer: NodeJS.Timeout | undefined;
  stopped: boolean;
}

/** Reads runs as they grow, each once however many look at it. */
export class Follower {
  private readonly followed = new Map<string, Followed>();

  follow(path: string, listener: RunListener): Disposable {
    let entry = this.followed.get(path);
    if (entry === undefined) {
      entry = { tail: new RunTail(path), listeners: new Set(), timer: undefined, stopped: false };
      this.followed.set(path, entry);
      void this.poll(path, entry, true);
    } else if (entry.timer !== undefined) {
      // What was read so far is there already; while the first poll goes on there is nothing.
      const { tail, listeners } = entry;
      queueMicrotask(() => listeners.has(listener) && listener.grown(tail));
    }
    entry.listeners.add(listener);
    const held = entry;
    return {
      dispose: () => {
        held.listeners.delete(listener);
        if (held.listeners.size === 0) this.stop(path, held);
      },
    };
  }

  private stop(path: string, entry: Followed): void {
    entry.stopped = true;
    clearTimeout(entry.timer);
    if (this.followed.get(path) === entry) this.followed.delete(path);
  }

  private async poll(path: string, entry: Followed, first: boolean): Promise<void> {
    const started = performance.now();
    try {
      const { state, changed } = await entry.tail.poll();
      if (entry.stopped) return;
      if (changed || first) for (const listener of [...entry.listeners]) listener.grown(entry.tail);
      if (state !== "running") {
        this.stop(path, entry);
        return;
      }
    } catch (error) {
      log.warn(`Following ${path}: ${(error as Error).message}`);
      this.stop(path, entry);
      for (const listener of [...entry.listeners]) listener.failed(error);
      return;
    }
    const tookMs = performance.now() - started;
    if (entry.stopped) return;
    entry.timer = setTimeout(() => void this.poll(path, entry, false), Math.max(pollMs, tookMs / busyShare));
  }
}
