/** The recorder's end of the sampler process: starts it, waits for its devices, stops it in order. */
import { type ChildProcess, spawn } from "node:child_process";
import { log } from "../model/log";
import { smallHeap } from "./hostProcess";
import type { FromSampler, SamplerConfig, ToSampler } from "./samplerProtocol";

type Ready = Extract<FromSampler, { type: "ready" }>;
type Ended = Extract<FromSampler, { type: "ended" }>;

/** A meter that does not answer must not keep the user waiting for the command to begin. */
const readyDeadlineMs = 5_000;
/** Stopping takes a last reading and a flush. */
const stopDeadlineMs = 3_000;

export class SamplerHandle {
  private readonly process: ChildProcess;
  private readonly waiting = new Set<(message: FromSampler | undefined) => void>();
  private gone = false;
  private stopping = false;

  /**
   * @param program sampler.js
   * @param env the recorder's own environment: under Electron it keeps what makes Electron into Node
   */
  constructor(program: string, env: NodeJS.ProcessEnv) {
    this.process = spawn(process.execPath, [...smallHeap, program], {
      env,
      // A session of its own: Ctrl-C and Ctrl-Z at the terminal are for the user's command.
      detached: true,
      stdio: ["ignore", "ignore", "pipe", "ipc"],
      windowsHide: true,
    });
    this.process.stderr?.on("data", (data: Buffer) => log.warn(`sampler: ${data.toString().trimEnd()}`));
    this.process.on("message", (message) => this.deliver(message as FromSampler));
    this.process.on("error", (error) => {
      log.error(`The sampler could not be started: ${error.message}`);
      this.end();
    });
    this.process.on("exit", (code, signal) => {
      if (code !== 0 && !this.stopping) log.warn(`The sampler ended with ${signal ?? code}.`);
      this.end();
    });
  }

  /** @returns what can be read, or why nothing is measured in this run */
  async start(config: SamplerConfig): Promise<Ready | { readonly type: "failed"; readonly message: string }> {
    const message = await this.ask<Ready | Extract<FromSampler, { type: "failed" }>>(
      { type: "start", config },
      ["ready", "failed"],
      readyDeadlineMs,
    );
    if (message !== undefined) return message;
    this.kill();
    return { type: "failed", message: "The sampler did not answer within five seconds, so nothing is measured." };
  }

  /** Takes the last readings and ends the process. Undefined when it had died before. */
  async stop(): Promise<Ended | undefined> {
    this.stopping = true;
    const ended = await this.ask<Ended>({ type: "stop" }, ["ended"], stopDeadlineMs);
    // Having said so, it ends by itself, or goes on for other runs; nobody has to wait for that.
    if (ended === undefined) this.kill();
    else this.release();
    return ended;
  }

  get pid(): number | undefined {
    return this.process.pid;
  }

  private release(): void {
    if (this.process.connected) this.process.disconnect();
    this.process.stderr?.destroy();
    this.process.unref();
  }

  /** Ends the process if it is still there. */
  kill(): void {
    this.stopping = true;
    if (!this.gone) this.process.kill("SIGKILL");
  }

  private ask<M extends FromSampler>(
    question: ToSampler,
    answers: readonly FromSampler["type"][],
    deadlineMs: number,
  ): Promise<M | undefined> {
    if (this.gone) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      const done = (message: FromSampler | undefined) => {
        if (message !== undefined && !answers.includes(message.type)) return;
        clearTimeout(deadline);
        this.waiting.delete(done);
        resolve(message as M | undefined);
      };
      const deadline = setTimeout(done, deadlineMs, undefined);
      this.waiting.add(done);
      this.process.send(question, (error) => error && done(undefined));
    });
  }

  private deliver(message: FromSampler): void {
    for (const waiter of [...this.waiting]) waiter(message);
  }

  private end(): void {
    this.gone = true;
    for (const waiter of [...this.waiting]) waiter(undefined);
  }
}
