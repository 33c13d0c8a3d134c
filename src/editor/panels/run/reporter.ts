import { Worker } from "node:worker_threads";
import type { Disposable } from "vscode";
import { log } from "../../../model/log";
import type { DeriveAnswer, Derived, DeriveRequest } from "./derived";

/** Asks the second thread, which is started with the first question and ends with the extension. */
export class Reporter implements Disposable {
  private worker: Worker | undefined;
  private readonly waiting = new Map<number, (derived: Derived | undefined) => void>();
  private lastId = 0;

  /** @param program reporter.js */
  constructor(private readonly program: string) {}

  /** Undefined where nothing could be derived; the log has the reason. */
  derive(path: string): Promise<Derived | undefined> {
    const id = ++this.lastId;
    return new Promise((resolve) => {
      this.waiting.set(id, resolve);
      this.worker ??= this.start();
      this.worker.postMessage({ id, path } satisfies DeriveRequest);
    });
  }

  dispose(): void {
    this.stop();
  }

  private start(): Worker {
    const worker = new Worker(this.program, { env: {} });
    worker.on("message", ({ id, derived, fault }: DeriveAnswer) => {
      if (fault !== undefined) log.error(`A report could not be derived: ${fault}`);
      this.waiting.get(id)?.(derived);
      this.waiting.delete(id);
    });
    worker.on("error", (error) => {
      log.error(`The thread that derives reports ended: ${error.stack ?? error.message}`);
      if (this.worker === worker) this.stop();
    });
    // It must not keep the extension host alive.
    worker.unref();
    return worker;
  }

  private stop(): void {
    void this.worker?.terminate();
    this.worker = undefined;
    for (const resolve of this.waiting.values()) resolve(undefined);
    this.waiting.clear();
  }
}
