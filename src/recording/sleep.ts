/** ppoll(2) through koffi: the one system call that a sampler sleeps in. */
import { log } from "../model/log";
import { type Sleep, SleepingPace } from "./pace";

/** Where `stdio` has "ipc" in fourth place, as for every process that Wattline starts to read meters. */
const pipeDescriptor = 3;
const readable = 1;
const nobody = -1;

/** @returns undefined where the system has no such call, or koffi cannot be had */
export async function sleepingPace(): Promise<SleepingPace | undefined> {
  if (process.platform !== "linux") return undefined;
  try {
    const { default: koffi } = await import("koffi");
    const ppoll = koffi
      .load(null)
      .func("ppoll", "int", ["void *", "unsigned long", "void *", "void *"]) as unknown as Call;
    return new SleepingPace(sleepWith(ppoll));
  } catch (error) {
    log.debug(`Timers instead of ppoll: ${(error as Error).message}`);
    return undefined;
  }
}

type Call = (fds: ArrayBufferView, count: number, timeout: ArrayBufferView, mask: null) => number;

function sleepWith(ppoll: Call): Sleep {
  // struct pollfd: int fd; short events, revents. struct timespec: two longs.
  const pollfd = new Int32Array(2);
  const timeout = new Float64Array(2);
  const words = new Uint32Array(timeout.buffer);
  return (milliseconds) => {
    pollfd[0] = process.connected ? pipeDescriptor : nobody;
    pollfd[1] = readable;
    const seconds = Math.floor(milliseconds / 1000);
    words[0] = seconds;
    words[1] = 0;
    words[2] = Math.round((milliseconds - seconds * 1000) * 1e6);
    words[3] = 0;
    // Something to read, a closed pipe, or a signal (-1).
    return ppoll(pollfd, 1, timeout, null) !== 0;
  };
}
