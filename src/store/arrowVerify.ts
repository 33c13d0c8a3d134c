/**
 * Looks over the metadata of an Arrow message before arrow-js does. A run folder may come from anybody, and arrow-js
 * believes every length that a file states: a vector "of four thousand million nodes" fills the memory. The metadata is
 * a FlatBuffer; the three kinds of message that a samples file has are walked here with every offset checked.
 * Layout: arrow/format/Message.fbs and Schema.fbs, flatbuffers.dev/internals.
 */

/** What the framing needs of a message. */
export interface MessageInfo {
  readonly kind: "schema" | "dictionary" | "batch";
  readonly bodyLength: number;
}

/** A samples file has 13 columns; later versions may have more, never these many. */
const columnLimit = 64;
/** Half a second of samples has dozens of rows. */
const rowLimit = 1e7;

class Fault extends Error {}

/** @returns undefined where the metadata is not that of a message which a samples file may have */
export function verifyMessage(metadata: Uint8Array): MessageInfo | undefined {
  try {
    const buffer = new Buffer32(metadata);
    const message = buffer.table(buffer.u32(0));
    const headerType = message.u8(1);
    const bodyLength = message.i64(3);
    check(bodyLength >= 0 && bodyLength <= 2 ** 40);
    check(message.at(4) === undefined);
    const header = message.child(2);
    if (headerType === 1) verifySchema(header);
    else if (headerType === 2) verifyBatch(header.child(1), bodyLength);
    else if (headerType === 3) verifyBatch(header, bodyLength);
    else return undefined;
    return { kind: (["schema", "dictionary", "batch"] as const)[headerType - 1]!, bodyLength };
  } catch (error) {
    if (error instanceof Fault) return undefined;
    throw error;
  }
}

function verifySchema(schema: Table): void {
  check(schema.at(2) === undefined || schema.vectorLength(2, 4) === 0);
  const fields = schema.children(1, columnLimit);
  check(fields.length > 0);
  for (const field of fields) {
    check(field.vectorLength(0, 1) <= 256);
    // Nested types are none of ours.
    check(field.at(5) === undefined || field.vectorLength(5, 4) === 0);
    check(field.at(6) === undefined || field.vectorLength(6, 4) === 0);
    field.child(3);
    if (field.at(4) !== undefined) {
      const dictionary = field.child(4);
      if (dictionary.at(1) !== undefined) dictionary.child(1);
    }
  }
}

function verifyBatch(batch: Table, bodyLength: number): void {
  const rows = batch.i64(0);
  check(rows >= 0 && rows <= rowLimit && rows <= bodyLength);
  check(batch.at(3) === undefined);
  const nodes = batch.vectorLength(1, 16);
  const buffers = batch.vectorLength(2, 16);
  check(nodes <= columnLimit && buffers <= 3 * columnLimit);
  for (let node = 0; node < nodes; node++) {
    const length = batch.vectorI64(1, node * 2);
    check(length >= 0 && length <= rows && batch.vectorI64(1, node * 2 + 1) <= length);
  }
  for (let index = 0; index < buffers; index++) {
    const offset = batch.vectorI64(2, index * 2);
    const length = batch.vectorI64(2, index * 2 + 1);
    check(offset >= 0 && length >= 0 && offset + length <= bodyLength);
  }
}

function check(holds: boolean): void {
  if (!holds) throw new Fault();
}

class Buffer32 {
  private readonly view: DataView;

  constructor(bytes: Uint8Array) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** That many bytes lie at this offset. */
  within(offset: number, bytes: number): number {
    check(offset >= 0 && offset + bytes <= this.view.byteLength);
    return offset;
  }

  u8 = (offset: number) => this.view.getUint8(this.within(offset, 1));
  u16 = (offset: number) => this.view.getUint16(this.within(offset, 2), true);
  u32 = (offset: number) => this.view.getUint32(this.within(offset, 4), true);
  i32 = (offset: number) => this.view.getInt32(this.within(offset, 4), true);
  i64 = (offset: number) => Number(this.view.getBigInt64(this.within(offset, 8), true));

  table(offset: number): Table {
    return new Table(this, this.within(offset, 4));
  }
}

/** A FlatBuffer table: its fields are found through a vtable that lies a signed distance before it. */
class Table {
  private readonly vtable: number;
  private readonly fields: number;

  constructor(
    private readonly buffer: Buffer32,
    private readonly start: number,
  ) {
    this.vtable = start - buffer.i32(start);
    const size = buffer.u16(this.vtable);
    buffer.within(this.vtable, size);
    this.fields = (size - 4) / 2;
  }

  /** Where a field's value lies; undefined where the field is left out. */
  at(field: number): number | undefined {
    const offset = field < this.fields ? this.buffer.u16(this.vtable + 4 + 2 * field) : 0;
    return offset === 0 ? undefined : this.start + offset;
  }

  u8(field: number): number {
    const at = this.at(field);
    return at === undefined ? 0 : this.buffer.u8(at);
  }

  i64(field: number): number {
    const at = this.at(field);
    return at === undefined ? 0 : this.buffer.i64(at);
  }

  child(field: number): Table {
    return this.buffer.table(this.target(field));
  }

  /** The length of a vector whose elements of so many bytes lie within the buffer. */
  vectorLength(field: number, elementBytes: number): number {
    const start = this.target(field);
    const length = this.buffer.u32(start);
    this.buffer.within(start + 4, length * elementBytes);
    return length;
  }

  vectorI64(field: number, index: number): number {
    return this.buffer.i64(this.target(field) + 4 + 8 * index);
  }

  children(field: number, limit: number): Table[] {
    const length = this.vectorLength(field, 4);
    check(length <= limit);
    const first = this.target(field) + 4;
    return Array.from({ length }, (_, index) => {
      const at = first + 4 * index;
      return this.buffer.table(at + this.buffer.u32(at));
    });
  }

  private target(field: number): number {
    const at = this.at(field);
    check(at !== undefined);
    return at! + this.buffer.u32(at!);
  }
}
