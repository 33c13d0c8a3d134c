/** Worker threads for a scan. Each holds 26 MB of buffers, so that a few of them stay within the bound of 300 MB. */
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { WattlineError } from "../../model/errors";
import type { ScanPartial, ScanPool, ScanTask } from "../../model/quantScan";

/** Buffers and heap of a thread are about 40 MB. */
const mostThreads = 4;

interface Reply {
  readonly id: number;
  readonly partial?: ScanPartial;
  readonly fault?: string;
  readonly expected?: boolean;
}

export interface PoolOptions {
  /** The built worker, `quantScan.js`. */
  readonly program: string;
  readonly paths: readonly string[];
  readonly threads?: number;
  readonly kernels?: "wasm" | "plain";
}

/** Starts the threads; a thread that dies rejects what it had to do. */
export function openScanPool({ program, paths, threads, kernels = "wasm" }: PoolOptions): ScanPool {
  const size = Math.max(1, Math.min(mostThreads, threads ?? availableParallelism()));
  const workers = Array.from({ length: size }, () => new Thread(program, { paths: [...paths], kernels }));
  return {
    size,
    run: (task) => workers.reduce((idlest, worker) => (worker.waiting < idlest.waiting ? worker : idlest)).run(task),
    close: async () => void (await Promise.all(workers.map((worker) => worker.end()))),
  };
}

class Thread {
  private readonly worker: Worker;
  private readonly calls = new Map<number, { done(partial: ScanPartial): void; failed(error: Error): void }>();
  private next = 0;
  private gone: Error | undefined;

  constructor(program: string, workerData: unknown) {
    this.worker = new Worker(program, {
      workerData,
      resourceLimits: { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 8 },
    });
    this.worker.on("message", (reply: Reply) => this.settle(reply));
    this.worker.on("error", (error) => this.fail(error instanceof Error ? error : new Error(String(error))));
    this.worker.on("exit", (code) => this.fail(new Error(`The scan's thread ended with ${code}.`)));
  }

  get waiting(): number {
    return this.calls.size;
  }

  run(task: ScanTask): Promise<ScanPartial> {
    if (this.gone !== undefined) return Promise.reject(this.gone);
    const id = this.next++;
    return new Promise((done, failed) => {
      this.calls.set(id, { done, failed });
      this.worker.postMessage({ id, task });
    });
  }

  async end(): Promise<void> {
    await this.worker.terminate();
  }

  private settle({ id, partial, fault, expected }: Reply): void {
    const call = this.calls.get(id);
    this.calls.delete(id);
    if (partial !== undefined) call?.done(partial);
    else call?.failed(expected ? new WattlineError(fault ?? "The scan failed.") : new Error(fault));
  }

  private fail(error: Error): void {
    this.gone ??= error;
    for (const call of this.calls.values()) call.failed(error);
    this.calls.clear();
  }
}
