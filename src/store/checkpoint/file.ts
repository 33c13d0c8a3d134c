/** Checkpoint files as they are read: regular files only, in bounded pieces, faults with the file's name. */
import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { malformedFile, type WattlineError } from "../../model/errors";

/** Untrusted text in a message: what could drive a terminal is shown as `?`, and 120 characters are enough. */
export function shown(text: string): string {
  const short = text.length > 120 ? `${text.slice(0, 120)}…` : text;
  return `"${short.replace(/[^\x20-\x7e…]/g, "?")}"`;
}

export class CheckpointFile {
  readonly bytes: number;
  private readonly descriptor: number;

  /** @throws WattlineError where it is not there, may not be read, or is a pipe or a device */
  constructor(readonly path: string) {
    try {
      // A pipe would wait for its writer for ever.
      this.descriptor = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    } catch (error) {
      throw unreadable(path, error);
    }
    const found = fstatSync(this.descriptor);
    if (!found.isFile()) {
      this.close();
      throw malformedFile(path, "it is no regular file");
    }
    this.bytes = found.size;
  }

  /** Fills `into` from `offset`. @throws WattlineError where the file ends before */
  read(offset: number, into: Uint8Array): void {
    let done = 0;
    while (done < into.length) {
      let count: number;
      try {
        count = readSync(this.descriptor, into, done, into.length - done, offset + done);
      } catch (error) {
        throw unreadable(this.path, error);
      }
      // A piece that lies wholly behind the end reads nothing, too: where the file ends is for the system to say.
      if (count === 0) {
        throw malformedFile(this.path, `it ends at byte ${fstatSync(this.descriptor).size}, before its tensors do`);
      }
      done += count;
    }
  }

  close(): void {
    closeSync(this.descriptor);
  }
}

function unreadable(path: string, error: unknown): WattlineError {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === "ENOENT" || code === "ENOTDIR") return malformedFile(path, "there is no such file");
  return malformedFile(path, (error as Error).message);
}

/** Opens, hands over, closes whatever happens. */
export function withFile<T>(path: string, use: (file: CheckpointFile) => T): T {
  const file = new CheckpointFile(path);
  try {
    return use(file);
  } finally {
    file.close();
  }
}
