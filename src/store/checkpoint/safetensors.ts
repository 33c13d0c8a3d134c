/**
 * Headers of safetensors files: 8 bytes with the header's length, that many bytes of JSON, then the tensors' bytes.
 *
 * Read in pieces and checked before anything is made of it: length, types, shapes, ranges, overlaps, names that come
 * twice. Format: huggingface/safetensors README, "Format".
 */
import { malformedFile } from "../../model/errors";
import { mostTensors, type TensorTable } from "../../model/tensorTable";
import { safetensorsBits } from "../../model/tensorTypes";
import type { CheckpointFile } from "./file";
import { shown } from "./file";
import { JsonBytes, JsonFault, needMore } from "./jsonBytes";

/** What the reference implementation allows. */
const mostHeaderBytes = 100_000_000;
/** Headers up to this size are read at once, larger ones in pieces of it. */
const pieceBytes = 16 * 2 ** 20;
/** An entry of a model with a name of usual length; a guess, for room in advance. */
const usualEntryBytes = 136;
const mostRank = 64;
const mostDepth = 8;

const [openBrace, closeBrace, openBracket, closeBracket, colon, comma] = [0x7b, 0x7d, 0x5b, 0x5d, 0x3a, 0x2c];

/**
 * Adds the tensors of a file to `table`.
 *
 * @param index the file's number in the checkpoint
 * @throws WattlineError naming the file and the fault
 */
export function readSafetensorsHeader(file: CheckpointFile, index: number, table: TensorTable): void {
  const headerBytes = headerLength(file);
  const header = new Header(file, index, table, 8 + headerBytes);
  const first = table.count;
  try {
    readEntries(file, headerBytes, header);
  } catch (error) {
    if (error instanceof JsonFault) throw malformedFile(file.path, error.message);
    throw error;
  }
  refuseOverlaps(file, table, first);
}

function headerLength(file: CheckpointFile): number {
  if (file.bytes < 10) throw malformedFile(file.path, `it has ${file.bytes} bytes, which is no safetensors file`);
  const head = new DataView(new ArrayBuffer(8));
  file.read(0, new Uint8Array(head.buffer));
  const bytes = head.getUint32(0, true) + head.getUint32(4, true) * 2 ** 32;
  if (bytes > mostHeaderBytes) {
    // Formatting loads the locale's data, 15 ms: only for a fault.
    const [found, most] = [bytes.toLocaleString("en"), mostHeaderBytes.toLocaleString("en")];
    throw malformedFile(file.path, `its header would have ${found} bytes; at most ${most} are allowed`);
  }
  if (bytes > file.bytes - 8) {
    throw malformedFile(
      file.path,
      `its header would have ${bytes} bytes and the file has ${file.bytes}: it is truncated`,
    );
  }
  return bytes;
}

function readEntries(file: CheckpointFile, headerBytes: number, header: Header): void {
  let buffer = new Uint8Array(Math.min(headerBytes, pieceBytes));
  file.read(8, buffer);
  if (buffer[0] !== openBrace) throw new JsonFault('its header does not begin with "{"');
  header.reserve(headerBytes / usualEntryBytes);
  let read = buffer.length;
  const json = new JsonBytes(buffer, buffer.length, read < headerBytes);
  json.at = 1;
  let state: "first" | "next" | "end" = "first";
  while (state !== "end") {
    const start = json.at;
    try {
      state = readEntry(json, header, state);
    } catch (error) {
      if (error !== needMore) throw error;
      // The entry is begun again with more bytes behind it; one that fills the buffer gets a buffer twice as large.
      const rest = buffer.subarray(start, json.end);
      const larger = start === 0 ? new Uint8Array(Math.min(buffer.length * 2, headerBytes)) : buffer;
      if (larger === buffer) buffer.copyWithin(0, start, json.end);
      else larger.set(rest);
      const kept = json.end - start;
      const count = Math.min(larger.length - kept, headerBytes - read);
      file.read(8 + read, larger.subarray(kept, kept + count));
      read += count;
      buffer = larger;
      json.bytes = larger;
      json.end = kept + count;
      json.open = read < headerBytes;
      json.at = 0;
    }
  }
  refuseRest(json, file, headerBytes, read);
}

/** After the closing brace only spaces, with which the writer fills up to a multiple of 8. */
function refuseRest(json: JsonBytes, file: CheckpointFile, headerBytes: number, read: number): void {
  let [bytes, from, to] = [json.bytes, json.at, json.end];
  for (;;) {
    for (let i = from; i < to; i++) {
      if (bytes[i] !== 0x20) throw new JsonFault("its header goes on after the closing brace");
    }
    if (read >= headerBytes) return;
    bytes = bytes.subarray(0, Math.min(bytes.length, headerBytes - read));
    file.read(8 + read, bytes);
    read += bytes.length;
    [from, to] = [0, bytes.length];
  }
}

/** One `"name": {…}` with the comma before it. A table row is added only when the whole entry was there. */
function readEntry(json: JsonBytes, header: Header, state: "first" | "next"): "next" | "end" {
  if (state === "first" ? json.takeIf(closeBrace) : !json.takeIf(comma)) {
    if (state === "next") json.take(closeBrace);
    return "end";
  }
  json.string();
  if (json.is("__metadata__")) {
    json.take(colon);
    if (json.peek() !== openBrace) throw new JsonFault("its __metadata__ is no object");
    json.skip(mostDepth);
    header.metadata();
    return "next";
  }
  const { from, to, escaped } = json;
  const name = escaped ? new TextEncoder().encode(json.text()) : undefined;
  json.take(colon);
  header.entry(json, from, to);
  header.add(name ?? json.bytes, name ? 0 : from, name?.length ?? to);
  return "next";
}

const bytesOf = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0));
const [head, middle, tail] = [bytesOf('{"dtype":"'), bytesOf('","shape":['), bytesOf(',"data_offsets":[')];

function shownName(bytes: Uint8Array, from: number, to: number): string {
  return shown(Buffer.from(bytes.subarray(from, Math.min(to, from + 200))).toString());
}

/** Reads and checks one entry after the other; holds no more than one. */
class Header {
  private dtype: string | undefined;
  private lastDtype = "";
  private lastType: Uint8Array = new Uint8Array(0);
  private lastBits = 0;
  private readonly shape = new Float64Array(mostRank);
  private rank = -1;
  private begin = -1;
  private end = -1;
  private metadataSeen = false;

  constructor(
    private readonly file: CheckpointFile,
    private readonly index: number,
    private readonly table: TensorTable,
    private readonly dataAt: number,
  ) {}

  reserve(entries: number): void {
    this.table.reserve(Math.floor(entries));
  }

  metadata(): void {
    if (this.metadataSeen) throw new JsonFault("its header has __metadata__ twice");
    this.metadataSeen = true;
  }

  /** @param nameFrom place of the name in `json.bytes`, for messages */
  entry(json: JsonBytes, nameFrom: number, nameTo: number): void {
    if (!this.usualEntry(json.bytes, json.at, json.end, json)) this.anyEntry(json, nameFrom, nameTo);
    else if (!this.isRight()) this.check(() => shownName(json.bytes, nameFrom, nameTo));
  }

  /**
   * An entry as all writers write it: `{"dtype":"…","shape":[…],"data_offsets":[…,…]}` without white space, and of the
   * type of the tensor before. Ten times as fast as reading any JSON; anything else leaves `json` where it was.
   */
  private usualEntry(bytes: Uint8Array, start: number, end: number, json: JsonBytes): boolean {
    const type = this.lastType;
    // The fixed words, the type, and numbers of at most 16 digits each.
    if (end - start < 64 + type.length) return false;
    let at = start;
    for (let i = 0; i < head.length; i++) if (bytes[at++] !== head[i]) return false;
    for (let i = 0; i < type.length; i++) if (bytes[at++] !== type[i]) return false;
    for (let i = 0; i < middle.length; i++) if (bytes[at++] !== middle[i]) return false;
    let rank = 0;
    // Three lists of numbers in a row: the shape, begin, end.
    for (let list = 0; list < 3; list++) {
      for (;;) {
        let value = 0;
        const first = at;
        let byte = 0;
        while (at < end && (byte = bytes[at]!) >= 0x30 && byte <= 0x39) {
          value = value * 10 + (byte - 0x30);
          at++;
        }
        if (at === first || at - first > 15 || at === end) return false;
        at++;
        if (list === 0) {
          if (rank === 8) return false;
          this.shape[rank++] = value;
          if (byte === comma) continue;
          if (byte !== closeBracket) return false;
        } else if (list === 1) {
          if (byte !== comma) return false;
          this.begin = value;
        } else {
          if (byte !== closeBracket) return false;
          this.end = value;
        }
        break;
      }
      if (list === 0) {
        if (end - at < tail.length) return false;
        for (let i = 0; i < tail.length; i++) if (bytes[at++] !== tail[i]) return false;
      }
    }
    if (at === end || bytes[at++] !== closeBrace) return false;
    this.rank = rank;
    this.dtype = this.lastDtype;
    json.at = at;
    return true;
  }

  /** What `check` looks at, without words. */
  private isRight(): boolean {
    let elements = 1;
    for (let i = 0; i < this.rank; i++) elements *= this.shape[i]!;
    const size = this.end - this.begin;
    return size * 8 === elements * this.lastBits && size >= 0 && this.dataAt + this.end <= this.file.bytes;
  }

  private anyEntry(json: JsonBytes, nameFrom: number, nameTo: number): void {
    this.dtype = undefined;
    this.rank = -1;
    this.begin = -1;
    const named = () => shownName(json.bytes, nameFrom, nameTo);
    const twice = (key: string): never => {
      throw new JsonFault(`tensor ${named()} has ${key} twice`);
    };
    try {
      json.take(openBrace);
      do {
        json.string();
        if (json.is("dtype")) {
          if (this.dtype !== undefined) twice("dtype");
          json.take(colon);
          json.string();
          this.dtype = json.text();
        } else if (json.is("shape")) {
          if (this.rank >= 0) twice("shape");
          json.take(colon);
          this.readShape(json);
        } else if (json.is("data_offsets")) {
          if (this.begin >= 0) twice("data_offsets");
          json.take(colon);
          json.take(openBracket);
          this.begin = json.size();
          json.take(comma);
          this.end = json.size();
          json.take(closeBracket);
        } else {
          json.take(colon);
          json.skip(mostDepth);
        }
      } while (json.takeIf(comma));
      json.take(closeBrace);
    } catch (error) {
      if (!(error instanceof JsonFault) || error.message.startsWith("tensor ")) throw error;
      throw new JsonFault(`tensor ${named()}: ${error.message}`);
    }
    this.check(named);
    this.lastDtype = this.dtype!;
    this.lastType = new TextEncoder().encode(this.lastDtype);
    this.lastBits = safetensorsBits[this.lastDtype]!;
  }

  private readShape(json: JsonBytes): void {
    json.take(openBracket);
    this.rank = 0;
    if (json.takeIf(closeBracket)) return;
    do {
      if (this.rank === mostRank) throw new JsonFault(`a shape has more than ${mostRank} dimensions`);
      this.shape[this.rank++] = json.size();
    } while (json.takeIf(comma));
    json.take(closeBracket);
  }

  private check(named: () => string): void {
    const faulty = (fault: string) => new JsonFault(`tensor ${named()} ${fault}`);
    if (this.dtype === undefined) throw faulty("has no dtype");
    if (this.rank < 0) throw faulty("has no shape");
    if (this.begin < 0) throw faulty("has no data_offsets");
    const bits = Object.hasOwn(safetensorsBits, this.dtype) ? safetensorsBits[this.dtype] : undefined;
    if (bits === undefined) throw faulty(`has the unknown type ${shown(this.dtype)}`);
    let elements = 1;
    for (let i = 0; i < this.rank; i++) elements *= this.shape[i]!;
    if (elements * bits > Number.MAX_SAFE_INTEGER) throw faulty("has more elements than any file holds");
    if (this.end < this.begin) throw faulty("ends before it begins");
    const { bytes } = this.file;
    if (this.dataAt + this.end > bytes) {
      throw faulty(
        `ends at byte ${this.dataAt + this.end} and the file has ${bytes}: it is truncated, or the header is wrong`,
      );
    }
    if ((this.end - this.begin) * 8 !== elements * bits) {
      throw faulty(`has ${this.end - this.begin} bytes where its shape and type need ${(elements * bits) / 8}`);
    }
  }

  add(name: Uint8Array, from: number, to: number): void {
    const { table } = this;
    if (table.count >= mostTensors) throw new JsonFault(`it has more than ${mostTensors.toLocaleString("en")} tensors`);
    const row = {
      dtype: this.dtype!,
      file: this.index,
      offset: this.dataAt + this.begin,
      bytes: this.end - this.begin,
    };
    if (!table.add(name, from, to, this.shape, this.rank, row)) {
      throw new JsonFault(
        `tensor ${shown(Buffer.from(name.subarray(from, Math.min(to, from + 200))).toString())} is there twice`,
      );
    }
  }
}

function refuseOverlaps(file: CheckpointFile, table: TensorTable, first: number): void {
  const { offset, bytes, count } = table;
  let ordered = true;
  for (let i = first + 1; i < count && ordered; i++) ordered = offset[i]! >= offset[i - 1]! + bytes[i - 1]!;
  if (ordered) return;
  const order = Uint32Array.from({ length: count - first }, (_, i) => first + i).filter((i) => bytes[i]! > 0);
  order.sort((a, b) => offset[a]! - offset[b]! || a - b);
  for (let i = 1; i < order.length; i++) {
    const [before, after] = [order[i - 1]!, order[i]!];
    if (offset[after]! < offset[before]! + bytes[before]!) {
      throw malformedFile(file.path, `tensors ${shown(table.name(before))} and ${shown(table.name(after))} overlap`);
    }
  }
}
