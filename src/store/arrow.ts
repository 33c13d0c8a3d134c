/**
 * The files that a sampler writes, read: the only module that knows arrow-js. Plain typed columns come out.
 *
 * A file is an Arrow IPC stream: schema, one dictionary (the devices), then a record batch at each flush
 * (arrowEncode.ts). A stream cut anywhere is readable up to its last whole message, so the framing is looked at before
 * arrow-js is: it throws on a cut stream.
 */
import { RecordBatchReader } from "apache-arrow";
import { type MessageInfo, verifyMessage } from "./arrowVerify";
import { sampleColumns } from "./columns";

/** The name of a sample's field, in the order in which a `SampleDecoder` hands out columns. */
export const sampleFields = sampleColumns.map(({ field }) => field);

/** One message of a stream: where it begins, where the next one does. */
interface Frame {
  readonly start: number;
  readonly end: number;
  readonly kind: MessageInfo["kind"];
}

/** The whole messages in `bytes` from `start`; stops at the first that is cut, malformed, or the end mark. */
function* frames(bytes: Uint8Array, start = 0): Generator<Frame> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = start;
  while (at + 8 <= bytes.length) {
    const metadataLength = view.getInt32(at + 4, true);
    if (view.getInt32(at, true) !== -1 || metadataLength <= 0 || at + 8 + metadataLength > bytes.length) return;
    const message = verifyMessage(bytes.subarray(at + 8, at + 8 + metadataLength));
    if (message === undefined) return;
    const end = at + 8 + metadataLength + message.bodyLength;
    if (end > bytes.length) return;
    yield { start: at, end, kind: message.kind };
    at = end;
  }
}

/** Whether what stands at `at`, behind the last whole message, can still become one when more is written. */
function mayGrow(bytes: Uint8Array, at: number): boolean {
  if (at + 8 > bytes.length) return true;
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, 8);
  const metadataLength = view.getInt32(4, true);
  if (view.getInt32(0, true) !== -1 || metadataLength < 0 || metadataLength > messageLimitBytes) return false;
  const whole = at + 8 + metadataLength <= bytes.length;
  return metadataLength === 0 || !whole || verifyMessage(bytes.subarray(at + 8, at + 8 + metadataLength)) !== undefined;
}

/** How many bytes of `bytes` are whole messages (the end mark not counted). */
export function wholeLength(bytes: Uint8Array): number {
  let end = 0;
  for (const frame of frames(bytes)) end = frame.end;
  return end;
}

/** The rows of a batch. `values[c]` belongs to the decoder's column c; absent values are NaN. */
export interface StreamRows {
  readonly length: number;
  readonly timeS: Float64Array;
  readonly device: readonly string[];
  readonly values: readonly Float64Array[];
}

/** Half a second of samples has kilobytes; a length beyond this is not one of ours and would fill the memory. */
const messageLimitBytes = 64e6;

/**
 * Reads a stream that grows: feed it what was appended since the last time. Bytes of a message that is not whole yet
 * are kept until the rest comes.
 */
export class RowDecoder {
  private header: Uint8Array | undefined;
  private pending: Uint8Array = new Uint8Array(0);
  /** What stands behind the last whole message is none and cannot become one: nothing more will be read. */
  damaged = false;

  /** @param names of the columns that are wanted, beside `time_s` and `device`; one that a file has not is all NaN */
  constructor(private readonly names: readonly string[]) {}

  /** @returns the batches that are whole now; `damaged` says whether more can come */
  feed(bytes: Uint8Array): StreamRows[] {
    const all = this.pending.length === 0 ? bytes : concatenate(this.pending, bytes);
    let whole = 0;
    let firstBatch = -1;
    for (const frame of frames(all)) {
      if (frame.kind === "batch" && firstBatch < 0) firstBatch = frame.start;
      whole = frame.end;
    }
    this.damaged ||= !mayGrow(all, whole) || all.length - whole > messageLimitBytes;
    if (firstBatch < 0) {
      // The header alone, or less: nothing to read yet.
      this.pending = all.slice();
      return [];
    }
    this.header ??= all.slice(0, firstBatch);
    this.pending = all.slice(whole);
    const batches: StreamRows[] = [];
    try {
      for (const batch of decode(concatenate(this.header, all.subarray(firstBatch, whole)), this.names))
        batches.push(batch);
    } catch {
      this.damaged = true;
    }
    return batches;
  }
}

/** Of `samples.arrow`; columns in the order of `sampleFields`. */
export class SampleDecoder extends RowDecoder {
  constructor() {
    super(sampleColumns.map(({ name }) => name));
  }
}

function* decode(bytes: Uint8Array, names: readonly string[]): Generator<StreamRows> {
  for (const batch of RecordBatchReader.from(bytes)) {
    const time = batch.getChild("time_s");
    const device = batch.getChild("device");
    if (time === null || device === null) throw new Error("the columns time_s and device are missing");
    yield {
      length: batch.numRows,
      timeS: Float64Array.from({ length: batch.numRows }, (_, row) => Number(time.get(row))),
      device: Array.from({ length: batch.numRows }, (_, row) => String(device.get(row))),
      values: names.map((name) => {
        const column = batch.getChild(name);
        return Float64Array.from({ length: batch.numRows }, (_, row) => {
          const value: unknown = column?.get(row) ?? null;
          return value === null ? Number.NaN : Number(value);
        });
      }),
    };
  }
}

function concatenate(first: Uint8Array, second: Uint8Array): Uint8Array {
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}
