import type { Disposable } from "vscode";
import { Thread } from "../shared/thread";
import type { BloatAnswer, BloatQuestion, BloatQuestions } from "./solving";

/** The thread of one panel: holds its solved frontier, which takes up to some 300 MB, for as long as the panel is open. */
export class Solver implements Disposable {
  private readonly thread: Thread<BloatQuestion, BloatAnswer, number>;

  /** @param program bloatSolver.js */
  constructor(program: string) {
    this.thread = new Thread(program);
  }

  /** @throws WattlineError, or an error when it was disposed before it answered */
  async ask<K extends keyof BloatQuestions>(
    kind: K,
    asked: BloatQuestions[K]["asked"],
    progress?: (share: number) => void,
  ): Promise<BloatQuestions[K]["answered"]> {
    return (await this.thread.ask({ kind, ...asked } as BloatQuestion, progress)) as BloatQuestions[K]["answered"];
  }

  /** Ends it, also in the middle of solving; the next question starts another. */
  dispose(): void {
    this.thread.dispose();
  }
}
