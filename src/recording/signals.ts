/**
 * Signals between terminal, recorder and the user's command.
 *
 * The command shares the recorder's process group, as it would share a shell's: Ctrl-C and Ctrl-\ at the terminal reach
 * both from the kernel, and sending them on would make two of one (a second Ctrl-C breaks a program off while it saves
 * its checkpoint). A signal that was sent to the recorder alone is sent on.
 */
import { readFileSync, readlinkSync } from "node:fs";
import { constants } from "node:os";

/** What a shell answers for a command that a signal ended. */
export function exitCodeOf(exit: { readonly code: number | null; readonly signal: NodeJS.Signals | null }): number {
  if (exit.signal !== null) return 128 + (constants.signals[exit.signal] ?? 0);
  return exit.code ?? 1;
}

const fromKeyboard: readonly NodeJS.Signals[] = ["SIGINT", "SIGQUIT"];
const forwarded: readonly NodeJS.Signals[] = ["SIGINT", "SIGQUIT", "SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2"];

/**
 * Keeps the recorder alive through the signals that end its command, and sends on those that the command did not get.
 * @param command whether it has started, and what gives it a signal
 * @returns takes the handlers away again
 */
export function forwardSignals(command: {
  readonly started: () => boolean;
  readonly send: (signal: NodeJS.Signals) => void;
}): () => void {
  const handlers = forwarded
    // Node keeps SIGUSR1 for its debugger unless somebody listens; Windows knows neither.
    .filter((signal) => process.platform !== "win32" || fromKeyboard.includes(signal))
    .map((signal) => {
      const handler = () => {
        if (signal === "SIGHUP" && hangupIgnored()) return;
        // Before the command has started, a key at the terminal reached nobody but the recorder.
        if (command.started() && fromKeyboard.includes(signal) && inForeground()) return;
        command.send(signal);
      };
      process.on(signal, handler);
      return () => void process.off(signal, handler);
    });
  return () => {
    for (const remove of handlers) remove();
  };
}

/** Whether our process group is the one that the terminal's keyboard talks to: then the command got the key itself. */
function inForeground(): boolean {
  try {
    const stat = readFileSync("/proc/self/stat", "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    // Fields 5 (process group) and 8 (the terminal's foreground group; -1 without a terminal), counted from 3.
    return fields[2] === fields[5];
  } catch {
    return process.stdin.isTTY === true;
  }
}

let underNohup: boolean | undefined;

/**
 * Whether we run under `nohup` from a terminal. Node takes back the ignored hang-up that nohup set, for itself and for
 * what it starts, so a training run would die with the ssh session that it was meant to outlive. GNU nohup leaves a
 * mark: standard input is /dev/null opened for writing only, so that reading it fails.
 */
export function hangupIgnored(): boolean {
  underNohup ??= readNohupMark();
  return underNohup;
}

function readNohupMark(): boolean {
  try {
    const flags = /^flags:\s*([0-7]+)/m.exec(readFileSync("/proc/self/fdinfo/0", "utf8"))?.[1];
    const accessMode = Number.parseInt(flags ?? "0", 8) & 3;
    return readlinkSync("/proc/self/fd/0") === "/dev/null" && accessMode === 1;
  } catch {
    return false;
  }
}

/** The command so that it ignores a hang-up, as nohup meant it to: a shell sets that and becomes the command. */
export function ignoringHangup(argv: readonly string[]): string[] {
  return ["/bin/sh", "-c", 'trap "" HUP; exec "$0" "$@"', ...argv];
}
