/**
 * Writes FlatBuffers, as much of them as Arrow's messages need: tables, vectors and strings, front to back
 * (flatbuffers.dev/internals). A program that writes a few messages a second need not load a library for it.
 */

/** A field of a table: a number of so many bytes, or the place where an offset goes; undefined: left out. */
export type Field = { readonly bytes: 1 | 2 | 4 | 8; readonly value: number } | "offset" | undefined;

const bytesOf = (field: Field) => (field === undefined ? 0 : field === "offset" ? 4 : field.bytes);

export class FlatBuffer {
  private readonly view: DataView<ArrayBuffer>;
  private end = 4;

  constructor(capacity: number) {
    this.view = new DataView(new ArrayBuffer(capacity));
  }

  /** What was written, filled up to a multiple of eight bytes. */
  bytes(): Uint8Array {
    return new Uint8Array(this.view.buffer, 0, align(this.end, 8, 0));
  }

  /** The table that everything else hangs from. @returns where its fields lie */
  root(fields: readonly Field[]): number[] {
    return this.table(0, fields);
  }

  /** A table to which the offset at `from` points. @returns where its fields lie; 0 for one that is left out */
  table(from: number, fields: readonly Field[]): number[] {
    const vtable = align(this.end, 2, 0);
    // Behind the table's own offset lie the fields, the widest first: each is then where its width wants it.
    const start = align(vtable + 4 + 2 * fields.length, 8, 4);
    const places = new Array<number>(fields.length).fill(0);
    let at = start + 4;
    for (const width of [8, 4, 2, 1]) {
      fields.forEach((field, index) => {
        if (bytesOf(field) !== width) return;
        places[index] = at;
        at += width;
      });
    }
    this.end = at;
    this.view.setUint16(vtable, 4 + 2 * fields.length, true);
    this.view.setUint16(vtable + 2, at - start, true);
    this.view.setInt32(start, start - vtable, true);
    fields.forEach((field, index) => {
      this.view.setUint16(vtable + 4 + 2 * index, places[index] === 0 ? 0 : places[index]! - start, true);
      if (typeof field === "object") this.set(places[index]!, field.bytes, field.value);
    });
    this.point(from, start);
    return places;
  }

  /** A vector of structs of 64-bit integers, `values` one after another. @returns where the first integer lies */
  structs(from: number, width: number, values: readonly number[]): number {
    const start = align(this.end, 8, 4);
    this.view.setUint32(start, values.length / width, true);
    for (const [index, value] of values.entries()) this.set(start + 4 + 8 * index, 8, value);
    this.end = start + 4 + 8 * values.length;
    this.point(from, start);
    return start + 4;
  }

  /** A vector of offsets. @returns where each offset goes */
  offsets(from: number, length: number): number[] {
    const start = align(this.end, 4, 0);
    this.view.setUint32(start, length, true);
    this.end = start + 4 + 4 * length;
    this.point(from, start);
    return Array.from({ length }, (_, index) => start + 4 + 4 * index);
  }

  string(from: number, text: string): void {
    const start = align(this.end, 4, 0);
    const bytes = new TextEncoder().encode(text);
    this.view.setUint32(start, bytes.length, true);
    new Uint8Array(this.view.buffer).set(bytes, start + 4);
    this.end = start + 4 + bytes.length + 1;
    this.point(from, start);
  }

  private point(from: number, to: number): void {
    this.view.setUint32(from, to - from, true);
  }

  private set(at: number, bytes: 1 | 2 | 4 | 8, value: number): void {
    if (bytes === 8) this.view.setBigInt64(at, BigInt(value), true);
    else if (bytes === 4) this.view.setInt32(at, value, true);
    else if (bytes === 2) this.view.setInt16(at, value, true);
    else this.view.setUint8(at, value);
  }
}

/** The next offset that leaves `rest` when divided by `unit`. */
export function align(offset: number, unit: number, rest: number): number {
  return offset + ((((rest - offset) % unit) + unit) % unit);
}
