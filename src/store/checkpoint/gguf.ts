/**
 * Headers of GGUF files, version 2 and 3: counts, metadata, tensor infos; then, aligned, the tensors' bytes.
 *
 * Every count and length is checked against what the file can hold before it is believed. Format: ggml docs/gguf.md.
 */
import { malformedFile } from "../../model/errors";
import type { TensorTable } from "../../model/tensorTable";
import { ggmlTypes } from "../../model/tensorTypes";
import { type CheckpointFile, shown } from "./file";

/** Metadata with a vocabulary has some MB; beyond this a header is none. */
const mostHeaderBytes = 100e6;
const mostKeys = 10_000;
/** Fewer than in safetensors, because GGUF keeps the experts of a layer in one. */
const mostTensors = 100_000;
/** The format allows 64 for tensors; a name of a kilobyte is none. */
const mostNameBytes = 1024;
/** Longer strings are passed over: templates and licences. */
const mostTextBytes = 4096;
const pieceBytes = 2 ** 20;

export type GgufValue = string | number | boolean;

export interface GgufHeader {
  /** Scalars and short strings. */
  readonly metadata: ReadonlyMap<string, GgufValue>;
  /** Lengths of arrays: `tokenizer.ggml.tokens` has the vocabulary's. */
  readonly arrayLengths: ReadonlyMap<string, number>;
}

/** Bytes of the fixed-size value types 0..7, 10..12. */
const valueBytes: Readonly<Record<number, number>> = {
  0: 1,
  1: 1,
  2: 2,
  3: 2,
  4: 4,
  5: 4,
  6: 4,
  7: 1,
  10: 8,
  11: 8,
  12: 8,
};
const stringType = 8;
const arrayType = 9;

/** @throws WattlineError naming the file and the fault */
export function readGgufHeader(file: CheckpointFile, index: number, table: TensorTable): GgufHeader {
  const input = new Input(file);
  const magic = input.u32();
  if (magic !== 0x46554747) throw malformedFile(file.path, 'it does not begin with "GGUF"');
  const version = input.u32();
  if (version === 0x03000000) throw malformedFile(file.path, "it is a big-endian GGUF file, which is not read");
  if (version !== 2 && version !== 3)
    throw malformedFile(file.path, `it has GGUF version ${version}; 2 and 3 are read`);
  const tensorCount = input.count("tensors", 24, mostTensors);
  const keyCount = input.count("metadata keys", 13, mostKeys);
  const header = readMetadata(input, keyCount);
  const alignment = header.metadata.get("general.alignment") ?? 32;
  if (typeof alignment !== "number" || !(alignment >= 1 && alignment <= 2 ** 20) || alignment % 1 !== 0) {
    throw malformedFile(file.path, "its general.alignment is no size from 1 to 1,048,576");
  }
  const infos = readInfos(input, tensorCount);
  const dataAt = Math.ceil(input.at / alignment) * alignment;
  addTensors(file, index, table, infos, dataAt);
  return header;
}

function readMetadata(input: Input, count: number): GgufHeader {
  const metadata = new Map<string, GgufValue>();
  const arrayLengths = new Map<string, number>();
  const keys = new Set<string>();
  for (let i = 0; i < count; i++) {
    const key = input.text("a metadata key", mostNameBytes);
    if (keys.has(key)) input.fault(`its metadata has ${shown(key)} twice`);
    keys.add(key);
    const type = input.u32();
    if (type === arrayType) arrayLengths.set(key, skipArray(input, key, 0));
    else if (type === stringType) {
      const text = input.textOrSkip(`metadata ${shown(key)}`);
      if (text !== undefined) metadata.set(key, text);
    } else metadata.set(key, readScalar(input, type, key));
  }
  return { metadata, arrayLengths };
}

function readScalar(input: Input, type: number, key: string): number | boolean {
  const bytes = valueBytes[type];
  if (bytes === undefined) return input.fault(`metadata ${shown(key)} has the unknown type ${type}`);
  const view = input.view(bytes);
  switch (type) {
    case 0:
      return view.getUint8(0);
    case 1:
      return view.getInt8(0);
    case 2:
      return view.getUint16(0, true);
    case 3:
      return view.getInt16(0, true);
    case 4:
      return view.getUint32(0, true);
    case 5:
      return view.getInt32(0, true);
    case 6:
      return view.getFloat32(0, true);
    case 7:
      return view.getUint8(0) !== 0;
    case 10:
      return Number(view.getBigUint64(0, true));
    case 11:
      return Number(view.getBigInt64(0, true));
    default:
      return view.getFloat64(0, true);
  }
}

/** @returns its length */
function skipArray(input: Input, key: string, depth: number): number {
  const type = input.u32();
  const bytes = valueBytes[type];
  if (bytes !== undefined) {
    const length = input.count(`elements in ${shown(key)}`, bytes, mostHeaderBytes);
    input.skip(length * bytes, `metadata ${shown(key)}`);
    return length;
  }
  if (type === stringType) {
    const length = input.count(`strings in ${shown(key)}`, 8, mostHeaderBytes);
    for (let i = 0; i < length; i++) input.skip(input.u64(), `a string of ${shown(key)}`);
    return length;
  }
  if (type !== arrayType) return input.fault(`metadata ${shown(key)} has the unknown type ${type}`);
  if (depth >= 4) return input.fault(`metadata ${shown(key)} is nested too deep`);
  const length = input.count(`arrays in ${shown(key)}`, 12, mostHeaderBytes);
  for (let i = 0; i < length; i++) skipArray(input, key, depth + 1);
  return length;
}

interface Info {
  readonly name: string;
  readonly shape: readonly number[];
  readonly type: number;
  readonly offset: number;
}

function readInfos(input: Input, count: number): Info[] {
  const infos: Info[] = [];
  for (let i = 0; i < count; i++) {
    const name = input.text("a tensor's name", mostNameBytes);
    const rank = input.u32();
    if (rank > 8) input.fault(`tensor ${shown(name)} has ${rank} dimensions`);
    const shape: number[] = [];
    let elements = 1;
    for (let d = 0; d < rank; d++) {
      const size = input.u64();
      elements *= size;
      shape.unshift(size);
    }
    if (elements > 2 ** 50) input.fault(`tensor ${shown(name)} has more elements than any file holds`);
    infos.push({ name, shape, type: input.u32(), offset: input.u64() });
  }
  return infos;
}

function addTensors(
  file: CheckpointFile,
  index: number,
  table: TensorTable,
  infos: readonly Info[],
  dataAt: number,
): void {
  const encoder = new TextEncoder();
  const ranges: { name: string; offset: number; end: number }[] = [];
  for (const { name, shape, type, offset } of infos) {
    const faulty = (fault: string) => malformedFile(file.path, `tensor ${shown(name)} ${fault}`);
    const known = ggmlTypes.get(type);
    if (known === undefined) throw faulty(`has the ggml type ${type}, which is not known here`);
    const elements = shape.reduce((product, size) => product * size, 1);
    const row = shape.at(-1) ?? 1;
    if (row % known.block !== 0)
      throw faulty(`has rows of ${row}, no multiple of ${known.block} as ${known.name} needs`);
    const bytes = (elements / known.block) * known.blockBytes;
    const at = dataAt + offset;
    if (at + bytes > file.bytes) {
      throw faulty(
        `ends at byte ${at + bytes} and the file has ${file.bytes}: it is truncated, or the header is wrong`,
      );
    }
    const encoded = encoder.encode(name);
    if (
      !table.add(encoded, 0, encoded.length, shape, shape.length, { dtype: known.name, file: index, offset: at, bytes })
    ) {
      throw faulty("is there twice");
    }
    if (bytes > 0) ranges.push({ name, offset: at, end: at + bytes });
  }
  ranges.sort((a, b) => a.offset - b.offset);
  for (let i = 1; i < ranges.length; i++) {
    if (ranges[i]!.offset < ranges[i - 1]!.end) {
      throw malformedFile(file.path, `tensors ${shown(ranges[i - 1]!.name)} and ${shown(ranges[i]!.name)} overlap`);
    }
  }
}

/** The header as a stream, in pieces. */
class Input {
  /** From the start of the file. */
  at = 0;
  private piece = new Uint8Array(0);
  private pieceAt = 0;
  private readonly limit: number;

  constructor(private readonly file: CheckpointFile) {
    this.limit = Math.min(file.bytes, mostHeaderBytes);
  }

  fault(fault: string): never {
    throw malformedFile(this.file.path, fault);
  }

  /** The next `bytes`, at most a piece. */
  view(bytes: number): DataView {
    const offset = this.at - this.pieceAt;
    if (offset < 0 || offset + bytes > this.piece.length) this.load(bytes);
    const start = this.at - this.pieceAt;
    this.at += bytes;
    return new DataView(this.piece.buffer, this.piece.byteOffset + start, bytes);
  }

  u32(): number {
    return this.view(4).getUint32(0, true);
  }

  u64(): number {
    const view = this.view(8);
    const high = view.getUint32(4, true);
    if (high >= 2 ** 21) this.fault("a size in it is larger than any file");
    return high * 2 ** 32 + view.getUint32(0, true);
  }

  /** A count of things of at least `bytesEach`, as many as the rest of the file could hold. */
  count(what: string, bytesEach: number, most: number): number {
    const view = this.view(8);
    const exact = view.getBigUint64(0, true);
    const count = Number(exact);
    if (count > most || count * bytesEach > this.file.bytes - this.at) {
      this.fault(`it claims ${exact.toLocaleString("en")} ${what}, more than it can hold`);
    }
    return count;
  }

  skip(bytes: number, what: string): void {
    if (bytes > this.file.bytes - this.at) this.fault(`${what} goes beyond the end of the file`);
    if (this.at + bytes > this.limit) this.fault(`its header would have more than ${mostHeaderBytes / 1e6} MB`);
    this.at += bytes;
  }

  text(what: string, most: number): string {
    const length = this.u64();
    if (length > most) this.fault(`${what} would have ${length.toLocaleString("en")} bytes`);
    const view = this.view(length);
    return Buffer.from(view.buffer, view.byteOffset, length).toString("utf8");
  }

  /** undefined where the text is long. */
  textOrSkip(what: string): string | undefined {
    const length = this.u64();
    if (length > mostTextBytes) {
      this.skip(length, what);
      return undefined;
    }
    const view = this.view(length);
    return Buffer.from(view.buffer, view.byteOffset, length).toString("utf8");
  }

  private load(bytes: number): void {
    if (this.at + bytes > this.file.bytes) this.fault(`its header ends at byte ${this.file.bytes}: it is truncated`);
    if (this.at + bytes > this.limit) this.fault(`its header would have more than ${mostHeaderBytes / 1e6} MB`);
    this.piece = new Uint8Array(Math.min(pieceBytes, this.file.bytes - this.at));
    this.pieceAt = this.at;
    this.file.read(this.at, this.piece);
  }
}
