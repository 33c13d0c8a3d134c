/**
 * When things are done in a process that reads meters.
 *
 * A timer of Node costs as much again as the system takes to wake the process up at all (measured: 121 µs against 57 µs
 * of CPU time on a virtual machine, quiet). So on Linux a sampler sleeps in a system call of its own, ppoll(2), which
 * ends early when the other end of its pipe has something to say, and goes back to Node's loop twice a second, or at
 * once when there is something to do there. Elsewhere, and while it is told to, it uses timers like everybody.
 */
import { performance } from "node:perf_hooks";

export interface Pace {
  /** Calls once after so many milliseconds. Work that returns a promise keeps Node's loop going until it is done. */
  after(milliseconds: number, work: () => void | Promise<void>): Task;
  /** Calls again and again, up to a quarter of the period late where that saves waking up. */
  every(milliseconds: number, work: () => void): Task;
}

export interface Task {
  cancel(): void;
}

/** Node's timers. */
export const timerPace: Pace = {
  after: (milliseconds, work) => {
    // Up: what comes before its time comes again at once.
    const timer = setTimeout(() => void work(), Math.ceil(milliseconds));
    return { cancel: () => clearTimeout(timer) };
  },
  every: (milliseconds, work) => {
    const timer = setInterval(work, milliseconds);
    return { cancel: () => clearInterval(timer) };
  },
};

/** Sleeps for milliseconds or until something wants the process. @returns whether something does */
export type Sleep = (milliseconds: number) => boolean;

/** Away from Node's loop for no longer. */
const longestStayMs = 500;

interface Entry extends Task {
  atMs: number;
  readonly slackMs: number;
  readonly everyMs: number | undefined;
  readonly work: () => void | Promise<void>;
}

export class SleepingPace implements Pace {
  private readonly entries = new Set<Entry>();
  private readonly timers = new Map<Entry, Task>();
  private unsettled = 0;
  private armed = false;
  /** Comes instead of the next turn while something is unsettled. */
  private timer: NodeJS.Timeout | undefined;
  private isAwake = false;

  constructor(
    private readonly sleep: Sleep,
    private readonly nowMs: () => number = () => performance.now(),
  ) {}

  after(milliseconds: number, work: () => void | Promise<void>): Task {
    return this.add(this.nowMs() + milliseconds, 0, undefined, work);
  }

  every(milliseconds: number, work: () => void): Task {
    return this.add(this.nowMs() + milliseconds, milliseconds / 4, milliseconds, work);
  }

  /** From now on with timers: somebody waits for answers that come through Node's loop. */
  stayAwake(): void {
    this.isAwake = true;
    for (const entry of this.entries) this.time(entry);
  }

  private add(atMs: number, slackMs: number, everyMs: number | undefined, work: Entry["work"]): Task {
    const entry: Entry = { atMs, slackMs, everyMs, work, cancel: () => this.remove(entry) };
    this.entries.add(entry);
    if (this.isAwake) this.time(entry);
    else this.arm();
    return entry;
  }

  private remove(entry: Entry): void {
    this.entries.delete(entry);
    this.timers.get(entry)?.cancel();
    this.timers.delete(entry);
  }

  private time(entry: Entry): void {
    this.timers.get(entry)?.cancel();
    const again = () => {
      this.run(entry);
      if (this.entries.has(entry)) this.time(entry);
    };
    this.timers.set(entry, timerPace.after(Math.max(0, entry.atMs - this.nowMs()), again));
  }

  private arm(): void {
    clearTimeout(this.timer);
    if (this.armed) return;
    this.armed = true;
    setImmediate(this.turn);
  }

  private readonly turn = (): void => {
    this.armed = false;
    if (this.isAwake || this.entries.size === 0) return;
    if (this.unsettled > 0) {
      // Whatever is waited for comes through Node's loop.
      this.runDue();
      clearTimeout(this.timer);
      this.timer = setTimeout(this.turn, Math.min(longestStayMs, Math.max(0, this.nextMs() - this.nowMs())));
      return;
    }
    const untilMs = this.nowMs() + longestStayMs;
    while (this.entries.size > 0 && this.unsettled === 0 && !this.isAwake) {
      const waitMs = Math.min(this.nextMs(), untilMs) - this.nowMs();
      if (waitMs > 0 && this.sleep(waitMs)) break;
      const isRepeated = this.runDue();
      // What is done every so often begins to write, and wants to go on with it.
      if (isRepeated || this.nowMs() >= untilMs) break;
    }
    if (this.entries.size > 0) this.arm();
  };

  private nextMs(): number {
    let next = Number.POSITIVE_INFINITY;
    for (const { atMs, slackMs } of this.entries) next = Math.min(next, atMs + slackMs);
    return next;
  }

  /** @returns whether something was done that is done again and again */
  private runDue(): boolean {
    const nowMs = this.nowMs();
    let isRepeated = false;
    for (const entry of [...this.entries]) {
      if (entry.atMs > nowMs || !this.entries.has(entry)) continue;
      this.run(entry);
      isRepeated ||= entry.everyMs !== undefined;
    }
    return isRepeated;
  }

  private run(entry: Entry): void {
    if (entry.everyMs === undefined) this.remove(entry);
    else entry.atMs = Math.max(entry.atMs + entry.everyMs, this.nowMs());
    const promise = entry.work();
    if (promise === undefined) return;
    this.unsettled++;
    const settled = () => {
      this.unsettled--;
      if (!this.isAwake) this.arm();
    };
    promise.then(settled, settled);
  }
}
