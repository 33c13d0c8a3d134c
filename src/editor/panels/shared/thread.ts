import { Worker } from "node:worker_threads";
import type { Disposable } from "vscode";
import { WattlineError } from "../../../model/errors";
import { log } from "../../../model/log";
import type { Question, Reply } from "./answer";

interface Waiting<A, P> {
  done(answer: A): void;
  failed(error: Error): void;
  progress(progress: P): void;
}

/**
 * A second thread, for what takes longer than a frame: started with the first question, ended with `dispose`, and
 * started again by a question after that. Its program answers with `answerQuestions`.
 */
export class Thread<Q, A, P = never> implements Disposable {
  private worker: Worker | undefined;
  private readonly waiting = new Map<number, Waiting<A, P>>();
  private lastId = 0;

  /** @param program path of the bundle under `dist` */
  constructor(private readonly program: string) {}

  /** @throws what the thread threw; an error when it is disposed before it answers */
  ask(question: Q, progress: (progress: P) => void = () => undefined): Promise<A> {
    const id = ++this.lastId;
    return new Promise((done, failed) => {
      this.waiting.set(id, { done, failed, progress });
      this.worker ??= this.start();
      this.worker.postMessage({ id, question } satisfies Question<Q>);
    });
  }

  /** Ends the thread in the middle of whatever it does: also the way to cancel. */
  dispose(): void {
    this.stop(new Error("The thread was ended before it had answered."));
  }

  private start(): Worker {
    const worker = new Worker(this.program, { env: {} });
    worker.on("message", (reply: Reply<A, P>) => this.hear(reply));
    worker.on("error", (error) => {
      log.error(`The thread ${this.program} ended: ${error.stack ?? error.message}`);
      if (this.worker === worker) this.stop(error);
    });
    // It must not keep the extension host alive.
    worker.unref();
    return worker;
  }

  private hear(reply: Reply<A, P>): void {
    const call = this.waiting.get(reply.id);
    if (call === undefined) return;
    if ("progress" in reply) {
      call.progress(reply.progress);
      return;
    }
    this.waiting.delete(reply.id);
    if ("answer" in reply) call.done(reply.answer);
    else call.failed(reply.expected ? new WattlineError(reply.fault) : new Error(reply.fault));
  }

  private stop(reason: Error): void {
    void this.worker?.terminate();
    this.worker = undefined;
    const calls = [...this.waiting.values()];
    this.waiting.clear();
    for (const call of calls) call.failed(reason);
  }
}
