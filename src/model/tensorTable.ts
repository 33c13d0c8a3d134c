/**
 * The tensors of a checkpoint as columns: a mixture of experts has a hundred thousand, and what a header alone can tell
 * has to be told in milliseconds.
 */
import type { TensorInfo } from "./quantization";

/** What a header says of one tensor; its name is handed over byte by byte before (see `TensorTable`). */
export interface TensorRow {
  readonly dtype: string;
  readonly file: number;
  readonly offset: number;
  readonly bytes: number;
}

const slabBytes = 2 ** 20;
const decoder = new TextDecoder();

/** More than any model has, and few enough to keep in memory. */
export const mostTensors = 1_000_000;

export class TensorTable {
  count = 0;
  /** Names of element types; `dtype[i]` is an index into them. */
  readonly dtypes: string[] = [];
  /** One name of each pattern: names that differ in their digits alone share a pattern. */
  readonly patterns: string[] = [];

  dtype = new Uint8Array(0);
  file = new Uint16Array(0);
  pattern = new Uint32Array(0);
  /** From the start of the file. */
  offset = new Float64Array(0);
  bytes = new Float64Array(0);
  elements = new Float64Array(0);
  private rank = new Uint8Array(0);
  private shapeAt = new Uint32Array(0);
  private shapes = new Float64Array(0);
  private shapesUsed = 0;
  private nameAt = new Float64Array(0);
  private nameLength = new Uint32Array(0);

  private readonly slabs: Uint8Array[] = [];
  private slabUsed = slabBytes;
  private readonly patternIds = new Map<number, number>();
  private seen = new Int32Array(16384).fill(-1);
  private hashA = new Int32Array(0);
  private hashB = new Int32Array(0);

  /**
   * @param name UTF-8 bytes from `from` to `to`; @param shape its first `rank` numbers, outermost first
   * @returns false where there is a tensor of this name already
   */
  add(name: Uint8Array, from: number, to: number, shape: ArrayLike<number>, rank: number, row: TensorRow): boolean {
    const index = this.count;
    if (index === this.dtype.length) this.resize(Math.max(8192, index * 2));
    const length = to - from;
    if (this.slabUsed + length > (this.slabs.at(-1)?.length ?? 0)) {
      this.slabs.push(new Uint8Array(Math.max(slabBytes, length)));
      this.slabUsed = 0;
    }
    const slab = this.slabs.at(-1)!;
    const at = this.slabUsed;
    const others = copyAndHash(name, from, length, slab, at, hashes);
    const [a, b, p] = [hashes[0]!, hashes[1]!, hashes[2]!];
    if (!this.remember(a, b)) return false;
    this.hashA[index] = a;
    this.hashB[index] = b;
    this.nameAt[index] = (this.slabs.length - 1) * 2 ** 32 + this.slabUsed;
    this.nameLength[index] = length;
    this.slabUsed = at + length;
    if (this.shapesUsed + rank > this.shapes.length) this.shapes = grown(this.shapes, 2 * (this.shapesUsed + rank));
    this.shapeAt[index] = this.shapesUsed;
    this.rank[index] = rank;
    let elements = 1;
    for (let i = 0; i < rank; i++) {
      const size = shape[i]!;
      this.shapes[this.shapesUsed++] = size;
      elements *= size;
    }
    this.elements[index] = elements;
    this.dtype[index] = this.idOfType(row.dtype);
    this.file[index] = row.file;
    this.offset[index] = row.offset;
    this.bytes[index] = row.bytes;
    this.count++;
    const key = (p >>> 0) * 2 ** 20 + Math.min(others, 2 ** 20 - 1);
    let pattern = this.patternIds.get(key);
    if (pattern === undefined) {
      pattern = this.patterns.length;
      this.patternIds.set(key, pattern);
      this.patterns.push(this.name(index));
    }
    this.pattern[index] = pattern;
    return true;
  }

  /** Makes room for so many more at once: growing row by row copies every column again and again. */
  reserve(more: number): void {
    const rows = Math.min(mostTensors, this.count + more);
    if (rows > this.dtype.length) this.resize(rows);
    if (this.shapesUsed + 2 * more > this.shapes.length) this.shapes = grown(this.shapes, this.shapesUsed + 2 * more);
    let slots = this.seen.length;
    while (slots < 2 * rows) slots *= 2;
    if (slots > this.seen.length) this.rehash(slots);
  }

  name(index: number): string {
    const at = this.nameAt[index]!;
    const slab = this.slabs[Math.floor(at / 2 ** 32)]!;
    const start = at % 2 ** 32;
    return decoder.decode(slab.subarray(start, start + this.nameLength[index]!));
  }

  rankOf(index: number): number {
    return this.rank[index]!;
  }

  shape(index: number): number[] {
    const at = this.shapeAt[index]!;
    return Array.from(this.shapes.subarray(at, at + this.rank[index]!));
  }

  dtypeOf(index: number): string {
    return this.dtypes[this.dtype[index]!]!;
  }

  info(index: number): TensorInfo {
    return {
      name: this.name(index),
      dtype: this.dtypeOf(index),
      shape: this.shape(index),
      file: this.file[index]!,
      offset: this.offset[index]!,
      bytes: this.bytes[index]!,
    };
  }

  private idOfType(dtype: string): number {
    const id = this.dtypes.indexOf(dtype);
    return id >= 0 ? id : this.dtypes.push(dtype) - 1;
  }

  /** False where these hashes are those of a name before: equal names always, others once in 2^64. */
  private remember(a: number, b: number): boolean {
    if (this.count * 2 >= this.seen.length) this.rehash(this.seen.length * 4);
    const mask = this.seen.length - 1;
    for (let slot = slotOf(a, b) & mask; ; slot = (slot + 1) & mask) {
      const before = this.seen[slot]!;
      if (before < 0) {
        this.seen[slot] = this.count;
        return true;
      }
      if (this.hashA[before] === a && this.hashB[before] === b) return false;
    }
  }

  private rehash(slots: number): void {
    this.seen = new Int32Array(slots).fill(-1);
    const mask = this.seen.length - 1;
    for (let i = 0; i < this.count; i++) {
      let slot = slotOf(this.hashA[i]!, this.hashB[i]!) & mask;
      while (this.seen[slot]! >= 0) slot = (slot + 1) & mask;
      this.seen[slot] = i;
    }
  }

  private resize(size: number): void {
    this.dtype = grown(this.dtype, size);
    this.file = grown(this.file, size);
    this.pattern = grown(this.pattern, size);
    this.offset = grown(this.offset, size);
    this.bytes = grown(this.bytes, size);
    this.elements = grown(this.elements, size);
    this.rank = grown(this.rank, size);
    this.shapeAt = grown(this.shapeAt, size);
    this.nameAt = grown(this.nameAt, size);
    this.nameLength = grown(this.nameLength, size);
    this.hashA = grown(this.hashA, size);
    this.hashB = grown(this.hashB, size);
  }
}

const hashes = new Int32Array(3);

/**
 * Copies a name and makes two hashes of it and one of its pattern, which leaves digits out; a function of its own, so
 * that the engine compiles it early. @returns bytes that are no digits
 */
function copyAndHash(
  name: Uint8Array,
  from: number,
  length: number,
  slab: Uint8Array,
  at: number,
  into: Int32Array,
): number {
  let a = 0x011c9dc5;
  let b = 0x1e3779b9;
  let p = 0x2545f491;
  let others = 0;
  for (let i = 0; i < length; i++) {
    const byte = name[from + i]!;
    slab[at + i] = byte;
    a = Math.imul(a ^ byte, 0x01000193);
    b = Math.imul(b ^ byte, 0x2c1b3c6d);
    if (byte < 48 || byte > 57) {
      p = Math.imul(p ^ byte, 0x01000193);
      others++;
    }
  }
  into[0] = a;
  into[1] = b;
  into[2] = p;
  return others;
}

/** Low bits that depend on all bits of both. */
function slotOf(a: number, b: number): number {
  const mixed = Math.imul(a ^ (b >>> 16), 0x1e3779b1);
  return mixed ^ (mixed >>> 15);
}

type Column = Uint8Array | Uint16Array | Uint32Array | Int32Array | Float64Array;

function grown<T extends Column>(column: T, least: number): T {
  const larger = new (column.constructor as new (length: number) => T)(least);
  larger.set(column);
  return larger;
}
