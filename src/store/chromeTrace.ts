/**
 * Reads a trace in the Chrome trace event format (an object with `traceEvents`, or an array of events), an event at a
 * time: such files have gigabytes, and no more than one event and one piece of the file is held. Gzip is seen by its
 * first bytes.
 *
 * Format: "Trace Event Format", Google, docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU.
 */
import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import type { Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { malformedFile } from "../model/errors";

export interface TraceListener {
  /** One event, any JSON value. */
  event(value: unknown): void;
  /** Another field of the outer object. */
  field(name: string, value: unknown): void;
}

/** No event, and no field beside them, is longer than this. */
const valueLimitBytes = 16 * 1024 * 1024;
const nestingLimit = 512;

const [quote, backslash, comma, colon] = [0x22, 0x5c, 0x2c, 0x3a];
const [openBrace, closeBrace, openBracket, closeBracket] = [0x7b, 0x7d, 0x5b, 0x5d];

/**
 * @throws WattlineError naming the file and the place where it is no such trace, is cut off, or cannot be unpacked
 */
export async function readChromeTrace(path: string, listener: TraceListener): Promise<void> {
  const scanner = new Scanner(path, listener);
  try {
    for await (const piece of (await opened(path)) as AsyncIterable<Buffer>) scanner.feed(piece);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    if (code === "Z_BUF_ERROR") throw malformedFile(path, `it is cut off: the packed data end ${scanner.place}`);
    throw malformedFile(path, code.startsWith("Z_") ? `it cannot be unpacked ${scanner.place} (${message})` : message);
  }
  scanner.end();
}

async function opened(path: string): Promise<Readable> {
  const handle = await open(path);
  try {
    if (!(await handle.stat()).isFile()) throw malformedFile(path, "it is no regular file");
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(2), 0, 2, 0);
    const packed = bytesRead === 2 && buffer[0] === 0x1f && buffer[1] === 0x8b;
    const stream = createReadStream(path, { highWaterMark: 1 << 20 });
    if (!packed) return stream;
    const unpacked = createGunzip({ chunkSize: 1 << 18 });
    stream.once("error", (error) => unpacked.destroy(error));
    return stream.pipe(unpacked);
  } finally {
    await handle.close();
  }
}

type Expected = "start" | "key" | "colon" | "value" | "after value" | "event" | "after event" | "end";

class Scanner {
  private bytes: Buffer = Buffer.alloc(0);
  private at = 0;
  /** Bytes of the file before `bytes`. */
  private passed = 0;
  private events = 0;
  private expected: Expected = "start";
  private isArray = false;
  private key = "";
  private sawEvents = false;

  constructor(
    private readonly path: string,
    private readonly listener: TraceListener,
  ) {}

  /** For sentences: `at byte 12,345, after 17 events`. */
  get place(): string {
    const byte = (this.passed + this.at).toLocaleString("en");
    return `at byte ${byte}, after ${this.events.toLocaleString("en")} event${this.events === 1 ? "" : "s"}`;
  }

  feed(piece: Buffer): void {
    const rest = this.bytes.subarray(this.at);
    this.passed += this.at;
    this.at = 0;
    this.bytes = rest.length === 0 ? piece : Buffer.concat([rest, piece]);
    while (this.step());
  }

  end(): void {
    this.feed(Buffer.from("\n"));
    // Writers may leave out the array's end: the format allows it.
    const open = this.isArray && this.expected === "after event" && this.at === this.bytes.length;
    if (this.expected !== "end" && !open) this.fail(this.expected === "start" ? "it is empty" : "it is cut off");
    if (!this.isArray && !this.sawEvents) throw malformedFile(this.path, "it has no traceEvents: it is no such trace");
  }

  private fail(fault: string): never {
    throw malformedFile(this.path, `${fault} (${this.place})`);
  }

  /** Takes one token or value. @returns false where more bytes are needed */
  private step(): boolean {
    const { bytes } = this;
    let byte = bytes[this.at];
    while (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) byte = bytes[++this.at];
    if (byte === undefined) return false;
    switch (this.expected) {
      case "start":
        // A byte order mark is no fault.
        if (byte === 0xef && this.passed + this.at === 0) {
          if (bytes.length < 3) return false;
          return this.take(3, "start");
        }
        if (byte === openBrace) return this.take(1, "key");
        if (byte !== openBracket) this.fail("it begins neither with an object nor with a list");
        this.isArray = true;
        this.sawEvents = true;
        return this.take(1, "event");
      case "key":
        if (byte === closeBrace) return this.take(1, "end");
        if (byte !== quote) this.fail("a field has no name");
        return this.value((value) => {
          this.key = value as string;
          this.expected = "colon";
        });
      case "colon":
        if (byte !== colon) this.fail("a field has no value");
        return this.take(1, "value");
      case "value":
        if (this.key === "traceEvents" && byte === openBracket) {
          this.sawEvents = true;
          return this.take(1, "event");
        }
        return this.value((value) => {
          this.listener.field(this.key, value);
          this.expected = "after value";
        });
      case "after value":
        if (byte === comma) return this.take(1, "key");
        if (byte !== closeBrace) this.fail("a comma is missing between two fields");
        return this.take(1, "end");
      case "event":
        if (byte === closeBracket) return this.take(1, this.isArray ? "end" : "after value");
        return this.value((value) => {
          this.events++;
          this.listener.event(value);
          this.expected = "after event";
        });
      case "after event":
        if (byte === comma) return this.take(1, "event");
        if (byte !== closeBracket) this.fail("a comma is missing between two events");
        return this.take(1, this.isArray ? "end" : "after value");
      case "end":
        return this.fail("something stands behind its end");
    }
  }

  private take(count: number, next: Expected): true {
    this.at += count;
    this.expected = next;
    return true;
  }

  private value(told: (value: unknown) => void): boolean {
    const end = this.valueEnd();
    if (end < 0) {
      if (this.bytes.length - this.at > valueLimitBytes) this.fail("a part of it is longer than any event");
      return false;
    }
    let value: unknown;
    try {
      value = JSON.parse(this.bytes.toString("utf8", this.at, end));
    } catch {
      // The parser's own sentence would quote the file, which may hold anything.
      this.fail("a part of it is no JSON");
    }
    this.at = end;
    told(value);
    return true;
  }

  /** Behind the value that begins at `at`; -1 where the bytes at hand end before. */
  private valueEnd(): number {
    const { bytes } = this;
    const first = bytes[this.at]!;
    if (first === quote) return stringEnd(bytes, this.at + 1);
    let depth = 0;
    for (let at = this.at; at < bytes.length; at++) {
      const byte = bytes[at]!;
      if (byte === quote) {
        at = stringEnd(bytes, at + 1) - 1;
        if (at < 0) return -1;
      } else if (byte === openBrace || byte === openBracket) {
        if (++depth > nestingLimit) this.fail("an event is nested too deep");
      } else if (byte === closeBrace || byte === closeBracket) {
        if (depth === 0) return at;
        if (--depth === 0) return at + 1;
      } else if (depth === 0 && (byte === comma || byte <= 0x20)) return at;
    }
    return -1;
  }
}

/** Behind the closing quote; -1 where it is not there yet. */
function stringEnd(bytes: Buffer, from: number): number {
  for (let at = from; at < bytes.length; at++) {
    const byte = bytes[at]!;
    if (byte === quote) return at + 1;
    if (byte === backslash) at++;
  }
  return -1;
}
