/**
 * A number in a sysfs file that is read again and again: the descriptor stays open, a read allocates nothing, and a
 * file that goes away (driver unloaded, device unplugged: ENODEV) is opened anew when it is back.
 */
import { decimal, errorCode, type Files } from "./files";

export class CounterFile {
  private descriptor: number | undefined;
  /** Why the last `read` gave NaN, a sentence. */
  failure = "";

  constructor(
    private readonly files: Files,
    readonly path: string,
    /** Shared by all files of a meter: a read ends before the next begins. 32 bytes hold every 64-bit number. */
    private readonly buffer: Uint8Array,
  ) {}

  /** The number now, in the file's unit; NaN where it cannot be had, with the reason in `failure`. */
  read(): number {
    try {
      this.descriptor ??= this.files.open(this.path);
      const length = this.files.read(this.descriptor, this.buffer);
      const value = decimal(this.buffer, length);
      if (!Number.isNaN(value)) return value;
      // An emptied file may be one that was replaced: the next read opens the path again.
      this.close();
      this.failure = `${this.path} holds no number`;
    } catch (error) {
      this.close();
      this.failure = `${this.path} cannot be read (${errorCode(error)})`;
    }
    return Number.NaN;
  }

  close(): void {
    if (this.descriptor === undefined) return;
    const descriptor = this.descriptor;
    this.descriptor = undefined;
    try {
      this.files.close(descriptor);
    } catch {
      // A descriptor of a device that went away may refuse to close; it is gone either way.
    }
  }
}
