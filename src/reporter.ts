/**
 * The extension's second thread: derives reports, which takes a second where a run is long, while the extension host
 * goes on drawing. One run is kept open at a time, read as it grows.
 */
import { type Derived, derive } from "./editor/panels/run/derived";
import { answerQuestions } from "./editor/panels/shared/answer";
import { RunTail } from "./store/tail";

let tail: RunTail | undefined;

/** A question is the path of a run folder. */
answerQuestions<string, Derived>(async (path) => {
  try {
    if (tail?.path !== path) tail = new RunTail(path);
    await tail.poll();
    const { run } = tail;
    // A run that is over does not change any more; its columns are not held for a panel that may stay open for days.
    if (run.state !== "running") tail = undefined;
    return derive(run);
  } catch (error) {
    tail = undefined;
    throw error;
  }
});
