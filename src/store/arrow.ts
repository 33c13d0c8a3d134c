/**
 * `samples.arrow` as bytes: the only module that knows arrow-js. Plain typed columns go in and come out.
 *
 * The file is an Arrow IPC stream: schema, one dictionary (the devices, known when the run starts), then a record
 * batch at each flush. A stream cut anywhere is readable up to its last whole message, so the framing is looked at
 * before arrow-js is: it throws on a cut stream.
 */
import {
  Dictionary,
  Field,
  Float32,
  Float64,
  Int16,
  makeData,
  RecordBatch,
  RecordBatchReader,
  RecordBatchStreamWriter,
  Schema,
  Struct,
  type TypeMap,
  Uint64,
  Utf8,
  vectorFromArray,
} from "apache-arrow";
import type { Sample } from "../model/sample";
import { type MessageInfo, verifyMessage } from "./arrowVerify";

/** Column names of the file with the field of a sample that each holds; f64 where a float's 24 bits would lose digits. */
const columns = [
  ["time_error_s", "timeErrorS", "f32"],
  ["energy_j", "energyJ", "f64"],
  ["energy_integrated_j", "energyIntegratedJ", "f64"],
  ["power_w", "powerW", "f32"],
  ["power_instant_w", "powerInstantW", "f32"],
  ["utilization", "utilization", "f32"],
  ["memory_bytes", "memoryBytes", "f64"],
  ["sm_clock_mhz", "smClockMhz", "f32"],
  ["memory_clock_mhz", "memoryClockMhz", "f32"],
  ["temperature_c", "temperatureC", "f32"],
  ["throttle", "throttle", "u64"],
] as const satisfies readonly (readonly [string, keyof Sample, "f32" | "f64" | "u64"])[];

/** The name of a sample's field, in the order in which `decodeBatches` hands out columns. */
export const sampleFields = columns.map(([, field]) => field);

const arrowTypes = { f32: () => new Float32(), f64: () => new Float64(), u64: () => new Uint64() };

/** Ends every stream: the continuation mark and a length of zero. */
export const endOfStream = Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0);

/** Makes the bytes of a stream of samples: `header()` once, then `batch()` a flush, then `endOfStream`. */
export class SampleEncoder {
  private readonly schema: Schema<TypeMap>;
  private readonly vocabulary;
  private readonly rowOf: ReadonlyMap<string, number>;
  private readonly headerBytes: Uint8Array;

  /** @param deviceIds every device that will have samples */
  constructor(deviceIds: readonly string[]) {
    this.vocabulary = vectorFromArray([...deviceIds], new Utf8());
    this.rowOf = new Map(deviceIds.map((id, row) => [id, row]));
    this.schema = new Schema<TypeMap>([
      new Field("time_s", new Float64(), false),
      new Field("device", new Dictionary(new Utf8(), new Int16(), 0, false), false),
      ...columns.map(([name, , type]) => new Field(name, arrowTypes[type](), true)),
    ]);
    const whole = this.stream([]);
    this.headerBytes = whole.subarray(0, headerLength(whole));
  }

  header(): Uint8Array {
    return this.headerBytes;
  }

  /** One record batch. A sample of a device that was not named at the start is a mistake of the caller and throws. */
  batch(samples: readonly Sample[]): Uint8Array {
    const whole = this.stream(samples);
    return whole.subarray(this.headerBytes.length, whole.length - endOfStream.length);
  }

  private stream(samples: readonly Sample[]): Uint8Array {
    const writer = new RecordBatchStreamWriter<TypeMap>();
    writer.write(this.recordBatch(samples));
    writer.finish();
    return writer.toUint8Array(true);
  }

  private recordBatch(samples: readonly Sample[]): RecordBatch<TypeMap> {
    const length = samples.length;
    const rows = Int16Array.from(samples, ({ deviceId }) => {
      const row = this.rowOf.get(deviceId);
      if (row === undefined) throw new Error(`A sample of ${deviceId}, which is no device of this stream.`);
      return row;
    });
    const [time, device, ...rest] = this.schema.fields;
    return new RecordBatch(
      this.schema,
      makeData({
        type: new Struct(this.schema.fields),
        length,
        nullCount: 0,
        children: [
          makeData({ type: time!.type as Float64, data: Float64Array.from(samples, ({ timeS }) => timeS) }),
          makeData({ type: device!.type as Dictionary<Utf8, Int16>, data: rows, dictionary: this.vocabulary }),
          ...rest.map((field, index) => nullable(field, columns[index]![2], samples, columns[index]![1])),
        ],
      }),
    );
  }
}

function nullable(field: Field, type: keyof typeof arrowTypes, samples: readonly Sample[], name: keyof Sample) {
  const values = new Float64Array(samples.length);
  const nullBitmap = new Uint8Array(Math.ceil(samples.length / 64) * 8);
  let nullCount = 0;
  for (let row = 0; row < samples.length; row++) {
    const value = samples[row]![name] as number | undefined;
    if (value !== undefined && Number.isFinite(value)) {
      values[row] = value;
      nullBitmap[row >> 3]! |= 1 << (row & 7);
    } else nullCount++;
  }
  const common = { length: samples.length, nullCount, nullBitmap };
  if (type === "f64") return makeData({ type: field.type as Float64, data: values, ...common });
  if (type === "f32") return makeData({ type: field.type as Float32, data: Float32Array.from(values), ...common });
  return makeData({ type: field.type as Uint64, data: BigUint64Array.from(values, (bits) => BigInt(bits)), ...common });
}

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

function headerLength(bytes: Uint8Array): number {
  for (const frame of frames(bytes)) if (frame.kind === "batch") return frame.start;
  return 0;
}

/** How many bytes of `bytes` are whole messages (the end mark not counted). */
export function wholeLength(bytes: Uint8Array): number {
  let end = 0;
  for (const frame of frames(bytes)) end = frame.end;
  return end;
}

/** The rows of a batch. `values[c]` belongs to `sampleFields[c]`; absent values are NaN. */
export interface SampleRows {
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
export class SampleDecoder {
  private header: Uint8Array | undefined;
  private pending: Uint8Array = new Uint8Array(0);
  /** What stands behind the last whole message is none and cannot become one: nothing more will be read. */
  damaged = false;

  /** @returns the batches that are whole now; `damaged` says whether more can come */
  feed(bytes: Uint8Array): SampleRows[] {
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
    const batches: SampleRows[] = [];
    try {
      for (const batch of decode(concatenate(this.header, all.subarray(firstBatch, whole)))) batches.push(batch);
    } catch {
      this.damaged = true;
    }
    return batches;
  }
}

function* decode(bytes: Uint8Array): Generator<SampleRows> {
  for (const batch of RecordBatchReader.from(bytes)) {
    const time = batch.getChild("time_s");
    const device = batch.getChild("device");
    if (time === null || device === null) throw new Error("the columns time_s and device are missing");
    yield {
      length: batch.numRows,
      timeS: Float64Array.from({ length: batch.numRows }, (_, row) => Number(time.get(row))),
      device: Array.from({ length: batch.numRows }, (_, row) => String(device.get(row))),
      values: columns.map(([name]) => {
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
