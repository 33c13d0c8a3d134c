/**
 * The sampler's rows as an Arrow IPC stream: schema, one dictionary (the devices, known when the run starts), then a
 * record batch at each flush. Written by hand, for arrow-js would be half of what the sampler loads and keeps; it reads
 * the files (arrow.ts), as any other Arrow reader does. Layout: arrow.apache.org/docs/format/Columnar.html and
 * format/Message.fbs, Schema.fbs of apache/arrow.
 */
import type { Sample } from "../model/sample";
import { type Column, sampleColumns, type TimedRow } from "./columns";
import { align, type Field, FlatBuffer } from "./flatBuffer";

/** Ends every stream: the continuation mark and a length of zero. */
export const endOfStream = Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0);

const metadataVersion5 = 4;
const header = { schema: 1, dictionary: 2, batch: 3 } as const;
const typeOf = { int: 2, float: 3, utf8: 5 } as const;
const single = 1;
const double = 2;

const byte = (value: number): Field => ({ bytes: 1, value });
const short = (value: number): Field => ({ bytes: 2, value });
const int = (value: number): Field => ({ bytes: 4, value });
const long = (value: number): Field => ({ bytes: 8, value });

type Values = Float64Array | Float32Array | BigUint64Array | Int16Array | Int32Array | Uint8Array;

/** One column of a batch: its values, and which rows have one. Without nulls there is no bitmap. */
interface Data {
  readonly nullCount: number;
  readonly bitmap: Uint8Array | undefined;
  readonly buffers: readonly Values[];
}

/** Makes the bytes of a stream: `header()` once, then `batch()` a flush, then `endOfStream`. */
export class RowEncoder<Row extends TimedRow> {
  private readonly rowOf: ReadonlyMap<string, number>;
  private readonly headerBytes: Uint8Array;

  /** @param deviceIds every device that will have rows */
  constructor(
    private readonly columns: readonly Column<Row>[],
    deviceIds: readonly string[],
  ) {
    this.rowOf = new Map(deviceIds.map((id, row) => [id, row]));
    this.headerBytes = joined([schemaMessage(columns), dictionaryMessage(deviceIds)]);
  }

  header(): Uint8Array {
    return this.headerBytes;
  }

  /** One record batch. A row of a device that was not named at the start is a mistake of the caller and throws. */
  batch(rows: readonly Row[]): Uint8Array {
    const time = new Float64Array(rows.length);
    const device = new Int16Array(rows.length);
    for (let row = 0; row < rows.length; row++) {
      time[row] = rows[row]!.timeS;
      const index = this.rowOf.get(rows[row]!.deviceId);
      if (index === undefined) throw new Error(`A row of ${rows[row]!.deviceId}, which is no device of this stream.`);
      device[row] = index;
    }
    const data = [plain(time), plain(device), ...this.columns.map((column) => nullable(column, rows))];
    return batchMessage(header.batch, rows.length, data);
  }
}

/** For `samples.arrow`. */
export class SampleEncoder extends RowEncoder<Sample> {
  constructor(deviceIds: readonly string[]) {
    super(sampleColumns, deviceIds);
  }
}

const plain = (values: Values): Data => ({ nullCount: 0, bitmap: undefined, buffers: [values] });

function nullable<Row extends TimedRow>({ of, type }: Column<Row>, rows: readonly Row[]): Data {
  const values =
    type === "f64"
      ? new Float64Array(rows.length)
      : type === "f32"
        ? new Float32Array(rows.length)
        : new BigUint64Array(rows.length);
  const bitmap = new Uint8Array((rows.length + 7) >> 3);
  let nullCount = 0;
  for (let row = 0; row < rows.length; row++) {
    const value = of(rows[row]!);
    if (value === undefined || !Number.isFinite(value)) {
      nullCount++;
      continue;
    }
    if (values instanceof BigUint64Array) values[row] = BigInt(value);
    else values[row] = value;
    bitmap[row >> 3]! |= 1 << (row & 7);
  }
  return { nullCount, bitmap, buffers: [values] };
}

function schemaMessage<Row>(columns: readonly Column<Row>[]): Uint8Array {
  const flat = new FlatBuffer(1024 + 256 * (columns.length + 2));
  const [, , at] = flat.root([short(metadataVersion5), byte(header.schema), "offset", long(0)]);
  const [, fields] = flat.table(at!, [short(0), "offset"]);
  const names = ["time_s", "device", ...columns.map(({ name }) => name)];
  flat.offsets(fields!, names.length).forEach((from, index) => {
    const kind = index === 0 ? "f64" : index === 1 ? "device" : columns[index - 2]!.type;
    const typeCode = kind === "device" ? typeOf.utf8 : kind === "u64" ? typeOf.int : typeOf.float;
    const isDevice = kind === "device" ? ("offset" as const) : undefined;
    const nulls = byte(index < 2 ? 0 : 1);
    const [name, , , type, dictionary, children] = flat.table(from, [
      "offset",
      nulls,
      byte(typeCode),
      "offset",
      isDevice,
      "offset",
    ]);
    flat.string(name!, names[index]!);
    if (kind === "device") {
      flat.table(type!, []);
      const [, indexType] = flat.table(dictionary!, [long(0), "offset", byte(0)]);
      flat.table(indexType!, [int(16), byte(1)]);
    } else if (kind === "u64") flat.table(type!, [int(64), byte(0)]);
    else flat.table(type!, [short(kind === "f64" ? double : single)]);
    flat.offsets(children!, 0);
  });
  return framed(flat.bytes(), []);
}

/** The ids one after another, and where each begins. */
function dictionaryMessage(ids: readonly string[]): Uint8Array {
  const texts = ids.map((id) => new TextEncoder().encode(id));
  const starts = new Int32Array(ids.length + 1);
  texts.forEach((text, index) => {
    starts[index + 1] = starts[index]! + text.length;
  });
  return batchMessage(header.dictionary, ids.length, [
    { nullCount: 0, bitmap: undefined, buffers: [starts, joined(texts)] },
  ]);
}

function batchMessage(kind: 2 | 3, length: number, data: readonly Data[]): Uint8Array {
  const nodes: number[] = [];
  const buffers: number[] = [];
  const body: Values[] = [];
  let end = 0;
  for (const { nullCount, bitmap, buffers: values } of data) {
    nodes.push(length, nullCount);
    for (const buffer of [nullCount > 0 ? bitmap! : new Uint8Array(0), ...values]) {
      buffers.push(end, buffer.byteLength);
      body.push(buffer);
      end = align(end + buffer.byteLength, 8, 0);
    }
  }
  const flat = new FlatBuffer(256 + 8 * (nodes.length + buffers.length));
  const [, , at] = flat.root([short(metadataVersion5), byte(kind), "offset", long(end)]);
  const batchAt = kind === header.batch ? at! : flat.table(at!, [long(0), "offset", byte(0)])[1]!;
  const [, nodesAt, buffersAt] = flat.table(batchAt, [long(length), "offset", "offset"]);
  flat.structs(nodesAt!, 2, nodes);
  flat.structs(buffersAt!, 2, buffers);
  return framed(flat.bytes(), body);
}

/** The continuation mark, the length of the metadata, the metadata; then the body, each buffer on a multiple of eight. */
function framed(metadata: Uint8Array, body: readonly Values[]): Uint8Array {
  const bodyLength = body.reduce((sum, { byteLength }) => sum + align(byteLength, 8, 0), 0);
  const bytes = new Uint8Array(8 + metadata.length + bodyLength);
  const view = new DataView(bytes.buffer);
  view.setInt32(0, -1, true);
  view.setInt32(4, metadata.length, true);
  bytes.set(metadata, 8);
  let at = 8 + metadata.length;
  for (const { buffer, byteOffset, byteLength } of body) {
    bytes.set(new Uint8Array(buffer, byteOffset, byteLength), at);
    at = align(at + byteLength, 8, 0);
  }
  return bytes;
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
