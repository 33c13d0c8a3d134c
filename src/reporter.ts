/**
 * The extension's second thread: derives reports, which takes a second where a run is long, while the extension host
 * goes on drawing. One run is kept open at a time, read as it grows.
 */
import { parentPort } from "node:worker_threads";
import { type DeriveAnswer, type DeriveRequest, derive } from "./editor/panels/run/derived";
import { RunTail } from "./store/tail";

let tail: RunTail | undefined;
/** One after the other: two would only wait for each other. */
let busy = Promise.resolve();

parentPort?.on("message", (request: DeriveRequest) => {
  busy = busy.then(async () => parentPort?.postMessage(await answer(request)));
});

async function answer({ id, path }: DeriveRequest): Promise<DeriveAnswer> {
  try {
    if (tail?.path !== path) tail = new RunTail(path);
    await tail.poll();
    const { run } = tail;
    // A run that is over does not change any more; its columns are not held for a panel that may stay open for days.
    if (run.state !== "running") tail = undefined;
    return { id, derived: derive(run) };
  } catch (error) {
    tail = undefined;
    return { id, fault: (error as Error).stack ?? String(error) };
  }
}
