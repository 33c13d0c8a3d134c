import { spawn } from "node:child_process";
import { log } from "../../model/log";
import type { Recorder } from "../shared/recorder";

export interface WatchProcess {
  /** It ends by itself soon after. */
  stop(): void;
}

/**
 * Starts a `wattline watch`, which ends when its standard input closes: that happens however this process ends.
 * @param words what follows `watch`
 * @param name for the log
 * @param ended called where it ends without being stopped, or cannot be started
 */
export function startWatch(
  recorder: Recorder,
  words: readonly string[],
  name: string,
  ended: () => void,
): WatchProcess {
  const [program, ...args] = recorder.argv("watch", ...words);
  const env = { ...process.env, ...recorder.env() };
  const child = spawn(program, args, { env, stdio: ["pipe", "ignore", "pipe"] });
  let stopped = false;
  log.debug(`${name} started (pid ${child.pid}).`);
  child.stdin.on("error", () => {});
  child.stderr.on("data", (text: Buffer) => log.warn(`${name}: ${text.toString().trim()}`));
  child.once("error", (error) => log.warn(`${name} could not be started: ${error.message}`));
  child.once("close", (code) => {
    if (stopped) return;
    log.warn(`${name} ended with ${code}.`);
    ended();
  });
  return {
    stop() {
      stopped = true;
      child.stdin.end();
    },
  };
}
