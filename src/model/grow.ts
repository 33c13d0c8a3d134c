/** Columns that grow while a file is read: amortized doubling, handed out as exact views. */
type Column = Float64Array | Int32Array | Uint16Array | Uint8Array;

export class Growing<T extends Column> {
  private used = 0;

  /** @param buffer the first storage; its type is the column's */
  constructor(private buffer: T) {}

  get length(): number {
    return this.used;
  }

  push(value: number): void {
    if (this.used === this.buffer.length) {
      const larger = new (this.buffer.constructor as new (length: number) => T)(Math.max(64, this.used * 2));
      larger.set(this.buffer);
      this.buffer = larger;
    }
    this.buffer[this.used++] = value;
  }

  /** What was pushed so far; later pushes do not change it. */
  view(): T {
    return this.buffer.subarray(0, this.used) as T;
  }
}
