/**
 * Writes WebAssembly modules: expressions are arrays of bytes, functions have named locals, a module has one memory.
 *
 * It exists so that the kernels are source in this repository (kernels.ts) and not a binary that came from a compiler.
 * Opcodes: WebAssembly core specification 2.0, chapter 5.4 (SIMD instructions have the prefix 0xfd).
 */

/** Bytes that leave one value on the stack, or none for a statement. */
export type Code = readonly number[];

export const i32 = 0x7f;
export const f32 = 0x7d;
export const f64 = 0x7c;
export const v128 = 0x7b;
export type ValueType = typeof i32 | typeof f32 | typeof f64 | typeof v128;

function unsigned(value: number): number[] {
  const bytes: number[] = [];
  do {
    const more = value > 127;
    bytes.push((value % 128) + (more ? 128 : 0));
    value = Math.floor(value / 128);
  } while (value > 0);
  return bytes;
}

function signed(value: number): number[] {
  const bytes: number[] = [];
  for (;;) {
    const low = value & 127;
    value >>= 7;
    if ((value === 0 && (low & 64) === 0) || (value === -1 && (low & 64) !== 0)) return [...bytes, low];
    bytes.push(low | 128);
  }
}

const plain =
  (opcode: number) =>
  (...operands: readonly Code[]): Code => [...operands.flat(), opcode];
const simd =
  (opcode: number) =>
  (...operands: readonly Code[]): Code => [...operands.flat(), 0xfd, ...unsigned(opcode)];
/** An address and a constant offset from it, then the instruction; no alignment is promised. */
const memory =
  (prefix: readonly number[]) =>
  (address: Code, offset = 0, value: Code = []): Code => [...address, ...value, ...prefix, ...unsigned(offset)];

const bytesOf = (write: (view: DataView) => void, length: number): number[] => {
  const view = new DataView(new ArrayBuffer(length));
  write(view);
  return [...new Uint8Array(view.buffer)];
};

export const op = {
  i32: (value: number): Code => [0x41, ...signed(value)],
  f32: (value: number): Code => [0x43, ...bytesOf((view) => view.setFloat32(0, value, true), 4)],
  f64: (value: number): Code => [0x44, ...bytesOf((view) => view.setFloat64(0, value, true), 8)],
  addI: plain(0x6a),
  subI: plain(0x6b),
  mulI: plain(0x6c),
  andI: plain(0x71),
  shlI: plain(0x74),
  shrI: plain(0x76), // unsigned
  geI: plain(0x4f), // unsigned
  ltI: plain(0x49), // unsigned
  eqzI: plain(0x45),
  loadF32: memory([0x2a, 2]),
  storeF32: memory([0x38, 2]),
  loadF64: memory([0x2b, 3]),
  storeF64: memory([0x39, 3]),
  addF: plain(0x92),
  subF: plain(0x93),
  mulF: plain(0x94),
  divF: plain(0x95),
  minF: plain(0x96),
  maxF: plain(0x97),
  negF: plain(0x8c),
  nearestF: plain(0x90),
  gtF: plain(0x5e),
  geF: plain(0x60),
  addD: plain(0xa0),
  mulD: plain(0xa2),
  promote: plain(0xbb),
  doubleOfI: plain(0xb8),
  select: plain(0x1b),
} as const;

export const simdOp = {
  load: memory([0xfd, ...unsigned(0), 0]),
  load16x4Unsigned: memory([0xfd, ...unsigned(4), 0]),
  store: memory([0xfd, ...unsigned(11), 0]),
  splat: simd(19),
  splatI: simd(17),
  constant: (value: number): Code => {
    const lane = bytesOf((view) => view.setFloat32(0, value, true), 4);
    return [0xfd, 12, ...lane, ...lane, ...lane, ...lane];
  },
  constantI: (value: number): Code => {
    const lane = bytesOf((view) => view.setUint32(0, value >>> 0, true), 4);
    return [0xfd, 12, ...lane, ...lane, ...lane, ...lane];
  },
  /** @param lanes four numbers of lanes: 0..3 of `a`, 4..7 of `b` */
  shuffle: (a: Code, b: Code, lanes: readonly number[]): Code => [
    ...a,
    ...b,
    0xfd,
    13,
    ...lanes.flatMap((lane) => [lane * 4, lane * 4 + 1, lane * 4 + 2, lane * 4 + 3]),
  ],
  lane: (vector: Code, lane: number): Code => [...vector, 0xfd, 31, lane],
  laneD: (vector: Code, lane: number): Code => [...vector, 0xfd, 33, lane],
  eq: simd(0x41),
  gt: simd(0x44),
  ge: simd(0x46),
  and: simd(0x4e),
  andNot: simd(0x4f),
  or: simd(0x50),
  /** Bits of `a` where the mask has ones, else of `b`. */
  choose: simd(0x52),
  promoteLow: simd(0x5f),
  nearest: simd(0x6a),
  shlI: simd(0xab),
  eqI: simd(0x37),
  abs: simd(0xe0),
  neg: simd(0xe1),
  add: simd(0xe4),
  sub: simd(0xe5),
  mul: simd(0xe6),
  div: simd(0xe7),
  /** b < a ? b : a, one instruction on x86; a NaN is not passed on. */
  min: simd(0xea),
  max: simd(0xeb),
  addD: simd(0xf0),
  mulD: simd(0xf2),
} as const;

export interface Local {
  readonly index: number;
  readonly get: Code;
  set(value: Code): Code;
}

/** A function while it is written: parameters first, then locals as they are asked for. */
export class FunctionBuilder {
  private readonly locals: ValueType[] = [];
  private readonly code: number[] = [];

  constructor(
    readonly name: string,
    readonly parameters: readonly ValueType[],
    readonly results: readonly ValueType[],
  ) {}

  parameter(index: number): Local {
    return local(index);
  }

  local(type: ValueType): Local {
    this.locals.push(type);
    return local(this.parameters.length + this.locals.length - 1);
  }

  /** Appends statements, or at the end the expression of the result. */
  emit(...statements: readonly Code[]): void {
    for (const statement of statements) this.code.push(...statement);
  }

  /** Bytes of the code section's entry. */
  body(): number[] {
    const locals = this.locals.flatMap((type) => [1, type]);
    const body = [...unsigned(this.locals.length), ...locals, ...this.code, 0x0b];
    return [...unsigned(body.length), ...body];
  }
}

function local(index: number): Local {
  const at = unsigned(index);
  return { index, get: [0x20, ...at], set: (value) => [...value, 0x21, ...at] };
}

const empty = 0x40;

/** Runs `body` while counter < end, adding `step` each time; the counter keeps its value from before. */
export function loop(counter: Local, end: Code, step: number, body: readonly Code[]): Code {
  return [
    ...[0x02, empty, 0x03, empty],
    ...op.geI(counter.get, end),
    ...[0x0d, 1],
    ...body.flat(),
    ...counter.set(op.addI(counter.get, op.i32(step))),
    ...[0x0c, 0, 0x0b, 0x0b],
  ];
}

/** Leaves the loop around it. */
export function leaveIf(condition: Code): Code {
  return [...condition, 0x0d, 1];
}

export function when(condition: Code, body: readonly Code[], otherwise: readonly Code[] = []): Code {
  const tail = otherwise.length > 0 ? [0x05, ...otherwise.flat()] : [];
  return [...condition, 0x04, empty, ...body.flat(), ...tail, 0x0b];
}

/** All functions are exported; the memory comes from outside as `env.memory`. */
export class ModuleBuilder {
  private readonly functions: FunctionBuilder[] = [];

  add(name: string, parameters: readonly ValueType[], results: readonly ValueType[]): FunctionBuilder {
    const builder = new FunctionBuilder(name, parameters, results);
    this.functions.push(builder);
    return builder;
  }

  call(builder: FunctionBuilder, ...operands: readonly Code[]): Code {
    return [...operands.flat(), 0x10, ...unsigned(this.functions.indexOf(builder))];
  }

  bytes(): Uint8Array<ArrayBuffer> {
    const types = this.functions.map((f) => [
      0x60,
      ...vector(f.parameters.map((t) => [t])),
      ...vector(f.results.map((t) => [t])),
    ]);
    const sections = [
      section(1, vector(types)),
      section(2, vector([[...text("env"), ...text("memory"), 0x02, 0x00, 0x01]])),
      section(3, vector(this.functions.map((_, index) => unsigned(index)))),
      section(7, vector(this.functions.map((f, index) => [...text(f.name), 0x00, ...unsigned(index)]))),
      section(10, vector(this.functions.map((f) => f.body()))),
    ];
    return Uint8Array.from([0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0, ...sections.flat()]);
  }
}

function vector(items: readonly (readonly number[])[]): number[] {
  return [...unsigned(items.length), ...items.flat()];
}

function section(id: number, content: readonly number[]): number[] {
  return [id, ...unsigned(content.length), ...content];
}

function text(value: string): number[] {
  return [...unsigned(value.length), ...[...value].map((character) => character.charCodeAt(0))];
}
