/** One of the sampler's files, read as it grows, a device at a time. */
import { malformedFile, WattlineError } from "../model/errors";
import { Growing } from "../model/grow";
import { RowDecoder, type StreamRows } from "./arrow";
import type { Column } from "./columns";
import { GrowingFile } from "./files";

/** A day at 100 rows a second and a hundred bytes a row; what is larger was not written by a recorder. */
const limitBytes = 2e9;
const devicesLimit = 1024;

export class RowsTail<Row> {
  private file: GrowingFile | undefined;
  private readonly decoder: RowDecoder;
  private readonly columns = new Map<string, GrowingColumns>();
  private broken = false;
  private shiftS = 0;
  lastS = 0;

  constructor(private readonly layout: readonly Column<Row>[]) {
    this.decoder = new RowDecoder(layout.map(({ name }) => name));
  }

  /**
   * Reads what is new.
   * @param locate where the file is, and what is to be added to its times
   * @returns whether there was something; a fault, a sentence, once: nothing more is read then
   */
  async poll(
    locate: () => Promise<{ readonly path: string; readonly shiftS: number }>,
  ): Promise<{ readonly changed: boolean; readonly fault?: string }> {
    if (this.broken) return { changed: false };
    let changed = false;
    try {
      if (this.file === undefined) {
        const { path, shiftS } = await locate();
        this.file = new GrowingFile(path, limitBytes);
        this.shiftS = shiftS;
      }
      for (;;) {
        const bytes = await this.file.readNew();
        if (bytes.length === 0) return { changed };
        for (const rows of this.decoder.feed(bytes)) {
          this.append(rows, this.file.path);
          changed = true;
        }
        if (this.decoder.damaged) {
          throw malformedFile(this.file.path, "it is no Arrow stream as Wattline writes it, or it is damaged");
        }
      }
    } catch (error) {
      this.broken = true;
      const path = this.file?.path ?? "A file of the run";
      const known = error instanceof WattlineError ? error : malformedFile(path, (error as Error).message);
      return { changed: true, fault: known.message };
    }
  }

  /** By device, columns by the names of fields; absent values are NaN. */
  view<Columns>(): ReadonlyMap<string, Columns> {
    const fields = this.layout.map(({ field }) => field);
    return new Map([...this.columns].map(([id, columns]) => [id, columns.view(fields) as Columns]));
  }

  private append(rows: StreamRows, path: string): void {
    for (let row = 0; row < rows.length; row++) {
      const device = rows.device[row]!;
      let columns = this.columns.get(device);
      if (columns === undefined) {
        if (this.columns.size >= devicesLimit) throw malformedFile(path, "it names too many devices");
        this.columns.set(device, (columns = new GrowingColumns(this.layout.length)));
      }
      const timeS = rows.timeS[row]! + this.shiftS;
      if (!Number.isFinite(timeS)) continue;
      columns.push(timeS, rows.values, row);
      if (timeS > this.lastS) this.lastS = timeS;
    }
  }
}

class GrowingColumns {
  private readonly timeS = new Growing(new Float64Array(256));
  private readonly values: readonly Growing<Float64Array>[];

  constructor(width: number) {
    this.values = Array.from({ length: width }, () => new Growing(new Float64Array(256)));
  }

  push(timeS: number, values: readonly Float64Array[], row: number): void {
    this.timeS.push(timeS);
    for (let column = 0; column < values.length; column++) this.values[column]!.push(values[column]![row]!);
  }

  view(fields: readonly string[]): unknown {
    const views = Object.fromEntries(fields.map((field, column) => [field, this.values[column]!.view()]));
    return { timeS: this.timeS.view(), ...views };
  }
}
