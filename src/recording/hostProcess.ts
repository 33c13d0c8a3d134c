/** One process that reads a vendor's library, seen from the sampler: questions with deadlines, a stream of samples. */
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync } from "node:fs";
import { dirname, join } from "node:path";
import { log } from "../model/log";
import type { FromHost, ToHost } from "./hostProtocol";
import { createRing } from "./hostRing";

export class HostProcess {
  private readonly process: ChildProcess;
  private ringClosed = false;
  private readonly listeners = new Set<(message: FromHost | undefined) => void>();
  /** Why it is gone, a sentence; undefined while it lives. */
  gone: string | undefined;
  /** Where it writes samples. */
  readonly ring: number;

  /** @param program sampler.js: the host's program lies beside it. @throws where there is no place for the ring */
  constructor(program: string, env: Readonly<Record<string, string | undefined>>, name: string) {
    this.ring = createRing();
    this.process = spawn(process.execPath, [...smallHeap, join(dirname(program), "meterHost.js")], {
      env: { ...env },
      detached: true,
      stdio: ["ignore", "ignore", "pipe", "ipc", this.ring],
      windowsHide: true,
    });
    this.process.stderr?.on("data", (data: Buffer) => log.warn(`${name}: ${data.toString().trimEnd()}`));
    this.process.on("message", (message) => this.deliver(message as FromHost));
    this.process.on("error", (error) => this.end(`The process that reads it could not be started: ${error.message}.`));
    this.process.on("exit", (code, signal) =>
      this.end(
        signal
          ? `The driver's library crashed the process that reads it (${signal}).`
          : `The process that reads it ended with exit code ${code}.`,
      ),
    );
  }

  /** Hands every message to `listener`, and undefined when the process is gone. @returns stops that */
  listen(listener: (message: FromHost | undefined) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** @returns undefined when no answer came in time or the process is gone */
  ask<T extends FromHost["type"]>(
    question: ToHost,
    answer: T,
    deadlineMs: number,
  ): Promise<Extract<FromHost, { type: T | "failed" }> | undefined> {
    if (this.gone !== undefined) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      const done = (message: FromHost | undefined) => {
        if (message !== undefined && message.type !== answer && message.type !== "failed") return;
        clearTimeout(deadline);
        stop();
        resolve(message as Extract<FromHost, { type: T | "failed" }> | undefined);
      };
      const stop = this.listen(done);
      const deadline = setTimeout(done, deadlineMs, undefined);
      this.process.send(question, (error) => error && done(undefined));
    });
  }

  kill(): void {
    if (this.gone === undefined) this.process.kill("SIGKILL");
  }

  /** After the last samples were taken out. */
  closeRing(): void {
    if (this.ringClosed) return;
    this.ringClosed = true;
    closeSync(this.ring);
  }

  private deliver(message: FromHost): void {
    for (const listener of [...this.listeners]) listener(message);
  }

  private end(reason: string): void {
    if (this.gone !== undefined) return;
    this.gone = reason;
    for (const listener of [...this.listeners]) listener(undefined);
  }
}

/**
 * It holds half a second of samples: a small heap is collected early instead of growing to what the machine has, and by
 * the one thread that is awake. The "memory reducer" would mark everything twice in the first ten seconds, for 2 MB.
 */
export const smallHeap = [
  "--max-semi-space-size=1",
  "--max-old-space-size=64",
  "--single-threaded-gc",
  "--no-memory-reducer",
];
