/**
 * How samples come from the process that reads a vendor's library to the sampler: rows of a file in memory that both
 * have open. A message a sample would wake the sampler each time, which costs more than the reading; and what was
 * written here outlives a crash in the library's next call, and a hang.
 *
 * The file has no name any more once it is open, so nothing is left of it whatever happens. A row has its number in
 * its first and last place: where both are as expected it is whole, and new.
 */
import { closeSync, openSync, readSync, unlinkSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Sample } from "../model/sample";
import { sampleColumns } from "../store/columns";

/** Number, device, time, the columns of a sample, time of the poll, number. */
const width = 4 + sampleColumns.length + 1;
const rowBytes = 8 * width;
const deviceAt = 1;
const timeAt = 2;
const valuesAt = 3;
const pollAt = width - 2;
const numberAt = width - 1;
/** Five seconds of eight GPUs at 100 Hz; it is emptied twice a second. */
const capacity = 4096;
/** In place of a device: a reading that brought nothing new. */
const noDevice = -1;

/** An empty ring. The room is taken now: a full disk later cannot cost a sample. @throws where no file can be made */
export function createRing(): number {
  let failure: unknown;
  for (const folder of [...(process.platform === "linux" ? ["/dev/shm"] : []), tmpdir()]) {
    const path = join(folder, `wattline-${process.pid}-${Math.random().toString(36).slice(2)}`);
    try {
      const descriptor = openSync(path, "wx+", 0o600);
      try {
        unlinkSync(path);
        writeSync(descriptor, new Uint8Array(capacity * rowBytes), 0, capacity * rowBytes, 0);
        return descriptor;
      } catch (error) {
        closeSync(descriptor);
        throw error;
      }
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

export class RingWriter {
  private readonly rows = new Float64Array(width * 32);
  private written = 0;

  constructor(
    private readonly descriptor: number,
    private readonly deviceIds: readonly string[],
  ) {}

  /** @param pollS when they were read, seconds since the run's start; without samples: that nothing was new */
  write(samples: readonly Sample[], pollS: number): void {
    if (samples.length === 0) {
      this.number(0, pollS);
      this.rows[deviceAt] = noDevice;
      this.flush(1);
      return;
    }
    const most = this.rows.length / width;
    for (let from = 0; from < samples.length; from += most) {
      const count = Math.min(most, samples.length - from);
      for (let row = 0; row < count; row++) this.fill(row, samples[from + row]!, pollS);
      this.flush(count);
    }
  }

  private fill(row: number, sample: Sample, pollS: number): void {
    const at = row * width;
    this.number(row, pollS);
    this.rows[at + deviceAt] = this.deviceIds.indexOf(sample.deviceId);
    this.rows[at + timeAt] = sample.timeS;
    for (let column = 0; column < sampleColumns.length; column++) {
      this.rows[at + valuesAt + column] = sampleColumns[column]!.of(sample) ?? Number.NaN;
    }
  }

  private number(row: number, pollS: number): void {
    const at = row * width;
    this.rows[at] = this.rows[at + numberAt] = this.written + row + 1;
    this.rows[at + pollAt] = pollS;
  }

  private flush(count: number): void {
    const place = this.written % capacity;
    const first = Math.min(count, capacity - place);
    const bytes = new Uint8Array(this.rows.buffer);
    writeSync(this.descriptor, bytes, 0, first * rowBytes, place * rowBytes);
    if (first < count) writeSync(this.descriptor, bytes, first * rowBytes, (count - first) * rowBytes, 0);
    this.written += count;
  }
}

export interface Drained {
  readonly samples: readonly Sample[];
  /** Of the first and of the last reading, seconds since the run's start; undefined where there was none. */
  readonly firstPollS: number | undefined;
  readonly pollS: number | undefined;
}

export class RingReader {
  private readonly rows = new Float64Array(width * 64);
  private readonly bytes = new Uint8Array(this.rows.buffer);
  private taken = 0;

  constructor(
    readonly descriptor: number,
    private readonly deviceIds: readonly string[],
  ) {}

  /** What was written since the last time; where the writer was a whole round ahead, that round is lost. */
  drain(): Drained {
    const samples: Sample[] = [];
    let firstPollS: number | undefined;
    let pollS: number | undefined;
    for (;;) {
      const place = this.taken % capacity;
      const count = Math.min(this.rows.length / width, capacity - place);
      readSync(this.descriptor, this.bytes, 0, count * rowBytes, place * rowBytes);
      for (let row = 0; row < count; row++) {
        const at = row * width;
        const number = this.rows[at]!;
        if (number !== this.rows[at + numberAt]) return { samples, firstPollS, pollS };
        if (number <= this.taken || (number - 1) % capacity !== place + row) return { samples, firstPollS, pollS };
        this.taken = number;
        pollS = this.rows[at + pollAt]!;
        firstPollS ??= pollS;
        const deviceId = this.deviceIds[this.rows[at + deviceAt]!];
        if (deviceId !== undefined) samples.push(this.sample(at, deviceId));
      }
    }
  }

  private sample(at: number, deviceId: string): Sample {
    const { rows } = this;
    const from = at + valuesAt;
    // In the order of `sampleColumns`.
    return {
      deviceId,
      timeS: rows[at + timeAt]!,
      timeErrorS: rows[from]!,
      energyJ: orAbsent(rows[from + 1]!),
      energyIntegratedJ: orAbsent(rows[from + 2]!),
      powerW: orAbsent(rows[from + 3]!),
      powerInstantW: orAbsent(rows[from + 4]!),
      utilization: orAbsent(rows[from + 5]!),
      memoryBytes: orAbsent(rows[from + 6]!),
      smClockMhz: orAbsent(rows[from + 7]!),
      memoryClockMhz: orAbsent(rows[from + 8]!),
      temperatureC: orAbsent(rows[from + 9]!),
      throttle: orAbsent(rows[from + 10]!),
    };
  }
}

const orAbsent = (value: number) => (Number.isNaN(value) ? undefined : value);
