/** `samples.arrow` as the sampler writes it: appended half a second at a time, whole messages only. */
import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import type { Sample } from "../model/sample";
import { endOfStream, SampleEncoder } from "../store/arrowEncode";

/** What is lost at most when the sampler is killed. */
export const flushPeriodMs = 500;

export class SamplesFile {
  private pending: Sample[] = [];
  private writing: Promise<void> = Promise.resolve();

  private constructor(
    private readonly handle: FileHandle,
    private readonly encoder: SampleEncoder,
  ) {}

  /** @throws where the folder cannot be written */
  static async create(runPath: string, deviceIds: readonly string[]): Promise<SamplesFile> {
    const handle = await open(join(runPath, "samples.arrow"), "wx", 0o600);
    const encoder = new SampleEncoder(deviceIds);
    await handle.write(encoder.header());
    return new SamplesFile(handle, encoder);
  }

  add(samples: readonly Sample[]): void {
    for (const sample of samples) this.pending.push(sample);
  }

  /**
   * Writes what came since the last time as one batch. Not synced to disk: a crash of the recorder loses nothing that
   * was written, and an fsync every half second would disturb the user's own writes.
   */
  flush(): Promise<void> {
    const samples = this.pending;
    if (samples.length === 0) return this.writing;
    this.pending = [];
    const bytes = this.encoder.batch(samples);
    this.writing = this.writing.then(async () => void (await this.handle.write(bytes)));
    return this.writing;
  }

  /** Flushes, ends the stream and closes the file. */
  async close(): Promise<void> {
    await this.flush();
    await this.handle.write(endOfStream);
    await this.handle.close();
  }
}
