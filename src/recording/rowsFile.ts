/** `samples.arrow` and `processes.arrow` as the sampler writes them: appended half a second at a time, whole messages only. */
import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import { endOfStream, RowEncoder } from "../store/arrowEncode";
import type { Column, TimedRow } from "../store/columns";

/** What is lost at most when the sampler is killed. */
export const flushPeriodMs = 500;

export class RowsFile<Row extends TimedRow> {
  private pending: Row[] = [];
  private writing: Promise<void> = Promise.resolve();

  private constructor(
    private readonly handle: FileHandle,
    private readonly encoder: RowEncoder<Row>,
  ) {}

  /** @throws where the folder cannot be written */
  static async create<Row extends TimedRow>(
    path: { readonly folder: string; readonly name: string },
    columns: readonly Column<Row>[],
    deviceIds: readonly string[],
  ): Promise<RowsFile<Row>> {
    const handle = await open(join(path.folder, path.name), "wx", 0o600);
    const encoder = new RowEncoder(columns, deviceIds);
    await handle.write(encoder.header());
    return new RowsFile(handle, encoder);
  }

  add(rows: readonly Row[]): void {
    for (const row of rows) this.pending.push(row);
  }

  /**
   * Writes what came since the last time as one batch. Not synced to disk: a crash of the recorder loses nothing that
   * was written, and an fsync every half second would disturb the user's own writes.
   */
  flush(): Promise<void> {
    const rows = this.pending;
    if (rows.length === 0) return this.writing;
    this.pending = [];
    const bytes = this.encoder.batch(rows);
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
