/**
 * JSON read from bytes, a piece at a time, without building values: headers may have 100 MB, may be nested without end
 * and may name a key twice, and none of that may cost more than its bytes.
 */

/** The bytes at hand end within the value: read more and begin it again. */
export const needMore = Symbol("need more bytes");

/** What is wrong, without a full stop. */
export class JsonFault extends Error {}

const quote = 0x22;
const backslash = 0x5c;

export class JsonBytes {
  at = 0;
  /** Of the last string: the place of its bytes between the quotes, and whether it has escapes. */
  from = 0;
  to = 0;
  escaped = false;

  constructor(
    public bytes: Uint8Array,
    public end: number,
    /** Whether more bytes follow `end`. */
    public open: boolean,
  ) {}

  private atEnd(): never {
    if (this.open) throw needMore;
    throw new JsonFault("the JSON ends too early");
  }

  /** The next byte that is no white space; not taken. */
  peek(): number {
    const { bytes, end } = this;
    let at = this.at;
    while (at < end) {
      const byte = bytes[at]!;
      if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) {
        this.at = at;
        return byte;
      }
      at++;
    }
    this.at = at;
    return this.atEnd();
  }

  /** Takes one byte after white space. */
  take(byte: number): void {
    const found = this.peek();
    if (found !== byte) {
      throw new JsonFault(`the JSON has ${shownByte(found)} where ${shownByte(byte)} should be`);
    }
    this.at++;
  }

  /** Takes it where it stands there. */
  takeIf(byte: number): boolean {
    if (this.peek() !== byte) return false;
    this.at++;
    return true;
  }

  /** Takes a string; `from`, `to` and `escaped` say where it is. */
  string(): void {
    this.take(quote);
    const { bytes, end } = this;
    let at = this.at;
    this.from = at;
    this.escaped = false;
    while (at < end) {
      const byte = bytes[at]!;
      if (byte === quote) {
        this.to = at;
        this.at = at + 1;
        return;
      }
      if (byte === backslash) {
        this.escaped = true;
        at++;
      } else if (byte < 0x20) throw new JsonFault("a string of the JSON has a control character");
      at++;
    }
    this.atEnd();
  }

  /** Text of the last string. */
  text(): string {
    const raw = Buffer.from(this.bytes.buffer, this.bytes.byteOffset + this.from, this.to - this.from).toString("utf8");
    if (!this.escaped) return raw;
    try {
      return JSON.parse(`"${raw}"`) as string;
    } catch {
      throw new JsonFault("a string of the JSON has a malformed escape");
    }
  }

  /** Whether the last string is this one, of plain ASCII. */
  is(word: string): boolean {
    if (this.escaped) return this.text() === word;
    if (this.to - this.from !== word.length) return false;
    for (let i = 0; i < word.length; i++) if (this.bytes[this.from + i] !== word.charCodeAt(i)) return false;
    return true;
  }

  /** Takes a whole number of at least 0 that a double holds exactly. */
  size(): number {
    const first = this.peek();
    if (first === 0x2d) throw new JsonFault("a size is negative");
    const { bytes, end } = this;
    let at = this.at;
    let value = 0;
    while (at < end) {
      const byte = bytes[at]!;
      if (byte < 0x30 || byte > 0x39) {
        if (at === this.at || byte === 0x2e || byte === 0x65 || byte === 0x45) {
          throw new JsonFault("a size is no whole number");
        }
        this.at = at;
        return value;
      }
      value = value * 10 + (byte - 0x30);
      if (value > Number.MAX_SAFE_INTEGER) throw new JsonFault("a size is larger than any file");
      at++;
    }
    return this.atEnd();
  }

  /** Passes over one value of any kind. */
  skip(mostDepth: number): void {
    const first = this.peek();
    const close = first === 0x7b ? 0x7d : first === 0x5b ? 0x5d : undefined;
    if (close === undefined) {
      if (first === quote) this.string();
      else this.word();
      return;
    }
    if (mostDepth === 0) throw new JsonFault("the JSON is nested too deep");
    this.at++;
    if (this.takeIf(close)) return;
    do {
      if (close === 0x7d) {
        this.string();
        this.take(0x3a);
      }
      this.skip(mostDepth - 1);
    } while (this.takeIf(0x2c));
    this.take(close);
  }

  /** A number, true, false or null. */
  private word(): void {
    const { bytes, end } = this;
    const start = this.at;
    let at = start;
    while (at < end && isWord(bytes[at]!) && at - start < 64) at++;
    if (at === end) this.atEnd();
    const text = String.fromCharCode(...bytes.subarray(start, at));
    if (!/^(true|false|null|-?\d+(\.\d+)?([eE][+-]?\d+)?)$/.test(text))
      throw new JsonFault("the JSON has a malformed value");
    this.at = at;
  }
}

/** Letters, digits, signs and the point. */
function isWord(byte: number): boolean {
  return (
    (byte >= 0x30 && byte <= 0x39) ||
    (byte >= 0x61 && byte <= 0x7a) ||
    byte === 0x2d ||
    byte === 0x2b ||
    byte === 0x2e ||
    byte === 0x45
  );
}

function shownByte(byte: number): string {
  return byte > 0x20 && byte < 0x7f ? `"${String.fromCharCode(byte)}"` : `byte 0x${byte.toString(16).padStart(2, "0")}`;
}
