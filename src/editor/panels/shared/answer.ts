/** What passes between the extension and a second thread of ours, and the thread's own side of it. No VS Code here. */
import { parentPort } from "node:worker_threads";
import { WattlineError } from "../../../model/errors";

export interface Question<Q> {
  readonly id: number;
  readonly question: Q;
}

export type Reply<A, P = never> =
  | { readonly id: number; readonly answer: A }
  | { readonly id: number; readonly progress: P }
  /** `expected`: a sentence of ours for people; else a fault of the program, with its stack. */
  | { readonly id: number; readonly fault: string; readonly expected: boolean };

/** Answers every question that comes, one after the other: two at a time would only wait for each other. */
export function answerQuestions<Q, A, P = never>(
  answer: (question: Q, tell: (progress: P) => void) => A | Promise<A>,
): void {
  let busy = Promise.resolve();
  parentPort?.on("message", ({ id, question }: Question<Q>) => {
    const reply = (told: Reply<A, P>) => parentPort?.postMessage(told);
    busy = busy.then(async () => {
      try {
        reply({ id, answer: await answer(question, (progress) => reply({ id, progress })) });
      } catch (error) {
        const expected = error instanceof WattlineError;
        const { message, stack } = error instanceof Error ? error : new Error(String(error));
        reply({ id, fault: expected ? message : (stack ?? message), expected });
      }
    });
  });
}
