/**
 * The scan's inner loops as a WebAssembly module with SIMD, four weights at a time.
 *
 * A block is `rows` rows of float32, each padded with zeros to whole groups of 128. `first` reads sums and extremes;
 * `second` scales the block by a power of two and adds the squared errors of every format to its sums. Errors are added
 * in float32 within a group of 128 and in float64 beyond; the reciprocal of a scale stands for the division. Both change
 * an SQNR by less than 0.001 dB (tested against simulate.ts, which is exact).
 */

import { e2m1Max, e4m3Max, nf4Levels, nf4Midpoints } from "../levels";
import { clips } from "../simulate";
import {
  type Code,
  type FunctionBuilder,
  f32,
  i32,
  type Local,
  leaveIf,
  loop,
  ModuleBuilder,
  op,
  simdOp as v,
  v128,
  when,
} from "./assembler";

/** Where things lie in memory, bytes. */
export const layout = {
  /** float64: of `first` the sum and the sum of squares; of `second` see `sums`. */
  sums: 0,
  /** float32: the 70 clips. */
  clips: 256,
  /** float32: 128 ones, then 128 zeros. */
  mask: 1024,
  /** Start of the caller's buffers. */
  free: 4096,
} as const;

/** Order of the float64 sums that `second` adds to. */
export const sums = [
  "second", // of (w - mean)²
  "fourth",
  "int8-channel",
  "fp8-e4m3",
  "int4-g128",
  "int4-g128-mse",
  "int4-g128-asym",
  "int4-g32",
  "nf4",
  "nvfp4",
  "mxfp4",
  "int3-g128",
  "int2-g128",
] as const;

export interface Kernels {
  /** bfloat16 to float32, `count` rounded up to 4. */
  bf16(source: number, target: number, count: number): void;
  f16(source: number, target: number, count: number): void;
  /** @param stride floats a row; @param columns column absmax so far; @param rowAbsmax one float a row, written */
  first(block: number, rows: number, stride: number, columns: number, rowAbsmax: number): void;
  /**
   * @param tail columns of the last group where it is not whole, else 0
   * @param factor power of two that brings the tensor's absmax into 1..2
   * @param mean of the scaled tensor; @param absmax of the scaled tensor
   * @param scratch 8 × stride / 16 floats
   */
  second(
    block: number,
    rows: number,
    stride: number,
    tail: number,
    factor: number,
    mean: number,
    absmax: number,
    scratch: number,
  ): void;
}

/** Compiled for this memory, or undefined where the engine has no SIMD. */
export function compileKernels(memory: WebAssembly.Memory): Kernels | undefined {
  const bytes = kernelModule();
  if (!WebAssembly.validate(bytes)) return undefined;
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } });
  new Float32Array(memory.buffer, layout.clips, clips.length).set(clips);
  new Float32Array(memory.buffer, layout.mask, 128).fill(1);
  return exports as unknown as Kernels;
}

let built: Uint8Array<ArrayBuffer> | undefined;

export function kernelModule(): Uint8Array<ArrayBuffer> {
  built ??= build();
  return built;
}

/** Vectors of a group. */
const groupVectors = 32;
/** Mantissa rounding by addition: this times the power of two below |v| leaves `bits` explicit bits. */
const magic = (bits: number) => 1.5 * 2 ** (23 - bits);
const exponentMask = 0x7f800000;

function build(): Uint8Array<ArrayBuffer> {
  const module = new ModuleBuilder();
  convert(module, "bf16", bf16Lanes);
  convert(module, "f16", f16Lanes);
  first(module);
  const group = {
    moments: moments(module),
    symmetric: symmetric(module, "symmetric", false),
    clipped: symmetric(module, "clipped", true),
    asymmetric: asymmetric(module, "asymmetric", false),
    asymmetricTail: asymmetric(module, "asymmetricTail", true),
    fp8: fp8(module),
    g32: g32(module),
    nf4: nf4(module),
    fp4: fp4(module),
  };
  second(module, { ...group, mse: mse(module, group.symmetric, group.clipped) });
  return module.bytes();
}

const bf16Lanes = (source: Code): Code => v.shlI(v.load16x4Unsigned(source), op.i32(16));

/** Exponent and fraction moved into place, times 2^112 for the bias; infinities and NaN get their exponent back. */
function f16Lanes(source: Code, half: Local, statements: Code[]): Code {
  statements.push(half.set(v.load16x4Unsigned(source)));
  const magnitude = v.mul(v.shlI(v.and(half.get, v.constantI(0x7fff)), op.i32(13)), v.constant(2 ** 112));
  const special = v.eqI(v.and(half.get, v.constantI(0x7c00)), v.constantI(0x7c00));
  const sign = v.shlI(v.and(half.get, v.constantI(0x8000)), op.i32(16));
  return v.or(v.or(magnitude, v.and(special, v.constantI(exponentMask))), sign);
}

function convert(
  module: ModuleBuilder,
  name: string,
  lanes: (source: Code, half: Local, statements: Code[]) => Code,
): void {
  const f = module.add(name, [i32, i32, i32], []);
  const [source, target, count] = [f.parameter(0), f.parameter(1), f.parameter(2)];
  const [i, half] = [f.local(i32), f.local(v128)];
  const statements: Code[] = [];
  const value = lanes(op.addI(source.get, op.shlI(i.get, op.i32(1))), half, statements);
  f.emit(loop(i, count.get, 4, [...statements, v.store(op.addI(target.get, op.shlI(i.get, op.i32(2))), 0, value)]));
}

const lane4 = (vector: Local, combine: (a: Code, b: Code) => Code): Code =>
  combine(combine(v.lane(vector.get, 0), v.lane(vector.get, 1)), combine(v.lane(vector.get, 2), v.lane(vector.get, 3)));
const high = (vector: Code): Code => v.shuffle(vector, vector, [2, 3, 2, 3]);
const addTo = (index: number, value: Code): Code =>
  op.storeF64(op.i32(layout.sums), index * 8, op.addD(op.loadF64(op.i32(layout.sums), index * 8), value));

function first(module: ModuleBuilder): void {
  const f = module.add("first", [i32, i32, i32, i32, i32], []);
  const [block, rows, stride, columns, rowAbsmax] = [0, 1, 2, 3, 4].map((index) => f.parameter(index)) as [
    Local,
    Local,
    Local,
    Local,
    Local,
  ];
  const [row, offset, end] = [f.local(i32), f.local(i32), f.local(i32)];
  const [w, a, d, most, sum, square] = [v128, v128, v128, v128, v128, v128].map((type) =>
    f.local(type as typeof v128),
  ) as [Local, Local, Local, Local, Local, Local];
  const at = op.addI(columns.get, offset.get);
  const add = (half: Code) => [
    d.set(v.promoteLow(half)),
    sum.set(v.addD(sum.get, d.get)),
    square.set(v.addD(square.get, v.mulD(d.get, d.get))),
  ];
  f.emit(
    end.set(op.shlI(stride.get, op.i32(2))),
    loop(row, rows.get, 1, [
      offset.set(op.i32(0)),
      most.set(v.constant(0)),
      loop(offset, end.get, 16, [
        w.set(v.load(op.addI(block.get, offset.get))),
        a.set(v.abs(w.get)),
        most.set(v.max(most.get, a.get)),
        v.store(at, 0, v.max(v.load(at), a.get)),
        ...add(w.get),
        ...add(high(w.get)),
      ]),
      op.storeF32(op.addI(rowAbsmax.get, op.shlI(row.get, op.i32(2))), 0, lane4(most, op.maxF)),
      block.set(op.addI(block.get, end.get)),
    ]),
    addTo(0, op.addD(v.laneD(sum.get, 0), v.laneD(sum.get, 1))),
    addTo(1, op.addD(v.laneD(square.get, 0), v.laneD(square.get, 1))),
  );
}

/**
 * The loop over a group: `unroll` vectors at a time, each with an accumulator of its own, so that one addition need not
 * wait for the last. @returns the accumulators, added into the first
 */
function overGroup(
  f: FunctionBuilder,
  pointer: Local,
  unroll: number,
  each: (address: Code, offset: number, sum: Local) => Code[],
): Local {
  const accumulators = Array.from({ length: unroll }, () => f.local(v128));
  const end = f.local(i32);
  f.emit(
    end.set(op.addI(pointer.get, op.i32(groupVectors * 16))),
    loop(
      pointer,
      end.get,
      16 * unroll,
      accumulators.flatMap((sum, i) => each(pointer.get, i * 16, sum)),
    ),
  );
  const total = accumulators[0]!;
  for (const other of accumulators.slice(1)) f.emit(total.set(v.add(total.get, other.get)));
  return total;
}

const addSquare = (sum: Local, error: Local): Code => sum.set(v.add(sum.get, v.mul(error.get, error.get)));

/** Adds sums of (w - mean)² and ⁴ of a group. */
function moments(module: ModuleBuilder): FunctionBuilder {
  const f = module.add("moments", [i32, f32], []);
  const [mean, d, fourth] = [f.local(v128), f.local(v128), f.local(v128)];
  f.emit(mean.set(v.splat(f.parameter(1).get)));
  const second = overGroup(f, f.parameter(0), 2, (address, offset, sum) => [
    d.set(v.sub(v.load(address, offset), mean.get)),
    d.set(v.mul(d.get, d.get)),
    sum.set(v.add(sum.get, d.get)),
    addSquare(fourth, d),
  ]);
  f.emit(addTo(0, op.promote(lane4(second, op.addF))), addTo(1, op.promote(lane4(fourth, op.addF))));
  return f;
}

/** Sum of (u - round(u))², u = w / s; `clipped`: round(u) within -8..7. */
function symmetric(module: ModuleBuilder, name: string, clipped: boolean): FunctionBuilder {
  const f = module.add(name, [i32, f32], [f32]);
  const [inverse, low, high] = [f.local(v128), f.local(v128), f.local(v128)];
  f.emit(inverse.set(v.splat(f.parameter(1).get)), low.set(v.constant(-8)), high.set(v.constant(7)));
  const us = [f.local(v128), f.local(v128), f.local(v128), f.local(v128)];
  const total = overGroup(f, f.parameter(0), 4, (address, offset, sum) => {
    const u = us[offset / 16]!;
    const rounded = v.nearest(u.get);
    const q = clipped ? v.max(v.min(rounded, high.get), low.get) : rounded;
    return [u.set(v.mul(v.load(address, offset), inverse.get)), u.set(v.sub(u.get, q)), addSquare(sum, u)];
  });
  f.emit(lane4(total, op.addF));
  return f;
}

/** Sum of (u - q)², q = clip(round(u), -zero, levels - zero); the tail's has a mask of ones and zeros. */
function asymmetric(module: ModuleBuilder, name: string, masked: boolean): FunctionBuilder {
  const f = module.add(name, [i32, f32, f32, f32, ...(masked ? [i32 as typeof i32] : [])], [f32]);
  const [pointer, inverse, zero, levels] = [0, 1, 2, 3].map((index) => f.parameter(index)) as [
    Local,
    Local,
    Local,
    Local,
  ];
  const [scale, low, high, u] = [f.local(v128), f.local(v128), f.local(v128), f.local(v128)];
  f.emit(
    scale.set(v.splat(inverse.get)),
    low.set(v.splat(op.negF(zero.get))),
    high.set(v.splat(op.subF(levels.get, zero.get))),
  );
  // The mask walks along with the weights: it lies `delta` bytes further.
  const delta = f.local(i32);
  if (masked) f.emit(delta.set(op.subI(f.parameter(4).get, pointer.get)));
  const total = overGroup(f, pointer, 2, (address, offset, sum) => [
    u.set(v.mul(v.load(address, offset), scale.get)),
    u.set(v.sub(u.get, v.max(v.min(v.nearest(u.get), high.get), low.get))),
    ...(masked ? [u.set(v.mul(u.get, v.load(op.addI(address, delta.get), offset)))] : []),
    addSquare(sum, u),
  ]);
  f.emit(lane4(total, op.addF));
  return f;
}

/** v rounded to `bits` explicit mantissa bits, normal from `smallest` on. */
function toMantissa(value: Local, shift: Local, bits: number, smallest: number): Code[] {
  return [
    shift.set(v.mul(v.max(v.and(value.get, v.constantI(exponentMask)), v.constant(smallest)), v.constant(magic(bits)))),
    shift.set(v.sub(v.add(value.get, shift.get), shift.get)),
  ];
}

/** Sum of (u - E4M3(u))². */
function fp8(module: ModuleBuilder): FunctionBuilder {
  const f = module.add("fp8", [i32, f32], [f32]);
  const [inverse, u, q] = [f.local(v128), f.local(v128), f.local(v128)];
  f.emit(inverse.set(v.splat(f.parameter(1).get)));
  const total = overGroup(f, f.parameter(0), 2, (address, offset, sum) => [
    u.set(v.mul(v.load(address, offset), inverse.get)),
    ...toMantissa(u, q, 3, 2 ** -6),
    u.set(v.sub(u.get, q.get)),
    addSquare(sum, u),
  ]);
  f.emit(lane4(total, op.addF));
  return f;
}

/** Unrolled over blocks of a group that have a scale each: `count` blocks, `each` adds one block's squares to `sum`. */
function overBlocks(
  f: FunctionBuilder,
  count: number,
  each: (block: number, offset: number, vectors: number, sum: Local) => Code[],
  squaredScale: (block: number) => Code,
): void {
  const [sum, total] = [f.local(v128), f.local(v128)];
  const vectors = groupVectors / count;
  for (let block = 0; block < count; block++) {
    f.emit(sum.set(v.constant(0)), ...each(block, block * vectors * 16, vectors, sum));
    f.emit(total.set(v.add(total.get, v.mul(sum.get, v.splat(squaredScale(block))))));
  }
  f.emit(lane4(total, op.addF));
}

/** Sum of squared errors with a scale for each 32. @param 1 four absmax as a vector */
function g32(module: ModuleBuilder): FunctionBuilder {
  const f = module.add("g32", [i32, v128], [f32]);
  const [pointer, absmax] = [f.parameter(0), f.parameter(1)];
  const [scale, inverses, inverse, u] = [f.local(v128), f.local(v128), f.local(v128), f.local(v128)];
  f.emit(
    scale.set(v.mul(absmax.get, v.constant(1 / 7))),
    inverses.set(v.and(v.div(v.constant(1), scale.get), v.gt(scale.get, v.constant(0)))),
    scale.set(v.mul(scale.get, scale.get)),
  );
  overBlocks(
    f,
    4,
    (block, offset, vectors, sum) => [
      inverse.set(v.splat(v.lane(inverses.get, block))),
      ...Array.from({ length: vectors }, (_, i) => [
        u.set(v.mul(v.load(pointer.get, offset + i * 16), inverse.get)),
        u.set(v.sub(u.get, v.nearest(u.get))),
        addSquare(sum, u),
      ]).flat(),
    ],
    (block) => v.lane(scale.get, block),
  );
  return f;
}

/** Sum of squared errors of NF4, blocks of 64. @param 1, 2 their absmax */
function nf4(module: ModuleBuilder): FunctionBuilder {
  const f = module.add("nf4", [i32, f32, f32], [f32]);
  const pointer = f.parameter(0);
  const [inverse, u, upper, second, base, error] = [v128, v128, v128, v128, v128, v128].map((type) =>
    f.local(type as typeof v128),
  ) as [Local, Local, Local, Local, Local, Local];
  const counter = f.local(i32);
  const [sum, total] = [f.local(v128), f.local(v128)];
  /** The one of four constants for the quarter of the levels that u lies in. */
  const ofQuarter = (values: readonly number[]): Code =>
    v.choose(
      v.choose(v.constant(values[3]!), v.constant(values[2]!), second.get),
      v.choose(v.constant(values[1]!), v.constant(values[0]!), second.get),
      upper.get,
    );
  for (let block = 0; block < 2; block++) {
    const absmax = f.parameter(1 + block);
    f.emit(
      inverse.set(v.splat(op.select(op.divF(op.f32(1), absmax.get), op.f32(0), op.gtF(absmax.get, op.f32(0))))),
      sum.set(v.constant(0)),
      counter.set(op.i32(0)),
      loop(counter, op.i32(256), 16, [
        u.set(v.mul(v.load(op.addI(pointer.get, counter.get), block * 256), inverse.get)),
        upper.set(v.gt(u.get, v.constant(nf4Midpoints[7]!))),
        second.set(v.gt(u.get, v.choose(v.constant(nf4Midpoints[11]!), v.constant(nf4Midpoints[3]!), upper.get))),
        error.set(v.abs(v.sub(u.get, ofQuarter([0, 4, 8, 12].map((level) => nf4Levels[level]!))))),
        ...[1, 2, 3].flatMap((next) => [
          base.set(v.abs(v.sub(u.get, ofQuarter([0, 4, 8, 12].map((level) => nf4Levels[level + next]!))))),
          error.set(v.min(error.get, base.get)),
        ]),
        addSquare(sum, error),
      ]),
      total.set(v.add(total.get, v.mul(sum.get, v.splat(op.mulF(absmax.get, absmax.get))))),
    );
  }
  f.emit(lane4(total, op.addF));
  return f;
}

/** Sum of squared errors of E2M1 with a scale for each 16. @param 1 eight scales; @param 2 their reciprocals */
function fp4(module: ModuleBuilder): FunctionBuilder {
  const f = module.add("fp4", [i32, i32, i32], [f32]);
  const [pointer, scales, inverses] = [f.parameter(0), f.parameter(1), f.parameter(2)];
  const [inverse, u, q] = [f.local(v128), f.local(v128), f.local(v128)];
  overBlocks(
    f,
    8,
    (block, offset, vectors, sum) => [
      inverse.set(v.splat(op.loadF32(inverses.get, block * 4))),
      ...Array.from({ length: vectors }, (_, i) => [
        u.set(v.mul(v.load(pointer.get, offset + i * 16), inverse.get)),
        ...toMantissa(u, q, 1, 1),
        u.set(v.sub(u.get, v.max(v.min(q.get, v.constant(e2m1Max)), v.constant(-e2m1Max)))),
        addSquare(sum, u),
      ]).flat(),
    ],
    (block) => op.mulF(op.loadF32(scales.get, block * 4), op.loadF32(scales.get, block * 4)),
  );
  return f;
}

/**
 * Least squared error over the clips. @param 1 absmax; @param 2 eight maxima of 16 weights; @param 3 their minima
 *
 * What the largest weights lose to a clip alone only grows as the clip falls: where that exceeds the best so far, all
 * smaller clips have lost.
 */
function mse(module: ModuleBuilder, symmetric: FunctionBuilder, clipped: FunctionBuilder): FunctionBuilder {
  const f = module.add("mse", [i32, f32, i32, i32], [f32]);
  const [pointer, absmax, maxima, minima] = [0, 1, 2, 3].map((index) => f.parameter(index)) as [
    Local,
    Local,
    Local,
    Local,
  ];
  const [best, scale, error, i] = [f.local(f32), f.local(f32), f.local(f32), f.local(i32)];
  const [bound, over, limit] = [f.local(v128), f.local(v128), f.local(v128)];
  const beyond = (excess: Code) => [over.set(v.max(excess, v.constant(0))), addSquare(bound, over)];
  f.emit(
    scale.set(op.mulF(absmax.get, op.f32(1 / 7))),
    best.set(
      op.mulF(module.call(symmetric, pointer.get, op.divF(op.f32(1), scale.get)), op.mulF(scale.get, scale.get)),
    ),
    i.set(op.i32(4)),
    loop(i, op.i32(clips.length * 4), 4, [
      scale.set(op.mulF(op.mulF(op.loadF32(i.get, layout.clips), absmax.get), op.f32(1 / 7))),
      bound.set(v.constant(0)),
      limit.set(v.splat(op.mulF(scale.get, op.f32(7)))),
      ...[0, 16].flatMap((offset) => beyond(v.sub(v.load(maxima.get, offset), limit.get))),
      limit.set(v.splat(op.mulF(scale.get, op.f32(-8)))),
      ...[0, 16].flatMap((offset) => beyond(v.sub(limit.get, v.load(minima.get, offset)))),
      leaveIf(op.geF(lane4(bound, op.addF), best.get)),
      error.set(
        op.mulF(module.call(clipped, pointer.get, op.divF(op.f32(1), scale.get)), op.mulF(scale.get, scale.get)),
      ),
      best.set(op.minF(best.get, error.get)),
    ]),
    best.get,
  );
  return f;
}

type GroupFunctions = Readonly<
  Record<
    "moments" | "symmetric" | "asymmetric" | "asymmetricTail" | "fp8" | "g32" | "nf4" | "fp4" | "mse",
    FunctionBuilder
  >
>;

function second(module: ModuleBuilder, group: GroupFunctions): void {
  const f = module.add("second", [i32, i32, i32, i32, f32, f32, f32, i32], []);
  const [block, rows, stride, tail, factor, mean, absmax, scratch] = [0, 1, 2, 3, 4, 5, 6, 7].map((index) =>
    f.parameter(index),
  ) as [Local, Local, Local, Local, Local, Local, Local, Local];
  const [row, groups, g, pointer] = [f.local(i32), f.local(i32), f.local(i32), f.local(i32)];
  // Arrays of one float for each 16 weights of a row, `plane` bytes apart.
  const [plane, at] = [f.local(i32), f.local(i32)];
  const arrays = { maxima: 0, minima: 1, absmax: 2, nvScale: 3, nvInverse: 4, mxScale: 5, mxInverse: 6 };
  const array = (index: number): Code => op.addI(at.get, op.mulI(plane.get, op.i32(index)));
  const rowMost = f.local(v128);
  const [rowAbsmax, int8Inverse, fp8Inverse, least, most, size] = [f32, f32, f32, f32, f32, f32].map((type) =>
    f.local(type as typeof f32),
  ) as [Local, Local, Local, Local, Local, Local];

  const scaled = f.local(v128);
  const factors = f.local(v128);
  const fold = Array.from({ length: 8 }, () => f.local(v128)) as [
    Local,
    Local,
    Local,
    Local,
    Local,
    Local,
    Local,
    Local,
  ];
  /** Lane i of the result combines the four lanes of vector i. */
  const transposed = (four: readonly Local[], combine: (a: Code, b: Code) => Code): Code => {
    const pair = (a: Local, b: Local) =>
      combine(v.shuffle(a.get, b.get, [0, 4, 1, 5]), v.shuffle(a.get, b.get, [2, 6, 3, 7]));
    const [ab, cd] = [pair(four[0]!, four[1]!), pair(four[2]!, four[3]!)];
    return combine(v.shuffle(ab, cd, [0, 1, 4, 5]), v.shuffle(ab, cd, [2, 3, 6, 7]));
  };
  // 64 weights: scale, store, extremes of each 16.
  const extremes: Code[] = [];
  for (let part = 0; part < 4; part++) {
    const [top, bottom] = [fold[part]!, fold[4 + part]!];
    for (let i = 0; i < 4; i++) {
      const offset = (part * 4 + i) * 16;
      extremes.push(
        scaled.set(v.mul(v.load(pointer.get, offset), factors.get)),
        v.store(pointer.get, offset, scaled.get),
      );
      extremes.push(top.set(i === 0 ? scaled.get : v.max(top.get, scaled.get)));
      extremes.push(bottom.set(i === 0 ? scaled.get : v.min(bottom.get, scaled.get)));
    }
  }
  const [top, bottom] = [fold[0], fold[4]];
  extremes.push(
    top.set(transposed(fold.slice(0, 4), v.max)),
    bottom.set(transposed(fold.slice(4), v.min)),
    v.store(array(arrays.maxima), 0, top.get),
    v.store(array(arrays.minima), 0, bottom.get),
    scaled.set(v.max(top.get, v.neg(bottom.get))),
    v.store(array(arrays.absmax), 0, scaled.get),
    rowMost.set(v.max(rowMost.get, scaled.get)),
  );

  // Scales of NVFP4 and MXFP4 for four blocks of 16 (MXFP4's 32 come twice).
  const [x, q] = [fold[1], fold[2]];
  const positive = v.gt(x.get, v.constant(0));
  const tensorScale = op.mulF(absmax.get, op.f32(1 / (e2m1Max * e4m3Max)));
  const scales: Code[] = [
    x.set(v.div(v.mul(v.load(array(arrays.absmax)), v.constant(1 / e2m1Max)), v.splat(tensorScale))),
    ...toMantissa(x, q, 3, 2 ** -6),
    q.set(v.mul(v.min(q.get, v.constant(e4m3Max)), v.splat(tensorScale))),
    x.set(v.load(array(arrays.absmax))),
    // A scale that E4M3 cannot hold makes zeros: a scale of 16 absmax does so too, and keeps the error w².
    q.set(v.choose(q.get, v.mul(x.get, v.constant(16)), v.gt(q.get, v.constant(0)))),
    v.store(array(arrays.nvScale), 0, q.get),
    v.store(array(arrays.nvInverse), 0, v.and(v.div(v.constant(1), q.get), positive)),
    x.set(v.max(x.get, v.shuffle(x.get, x.get, [1, 0, 3, 2]))),
    q.set(v.mul(v.and(x.get, v.constantI(exponentMask)), v.constant(0.25))),
    v.store(array(arrays.mxScale), 0, q.get),
    v.store(array(arrays.mxInverse), 0, v.and(v.div(v.constant(1), q.get), v.gt(q.get, v.constant(0)))),
  ];

  const [a, b] = [fold[0], fold[1]];
  const absmax32 = v.max(v.shuffle(a.get, b.get, [0, 2, 4, 6]), v.shuffle(a.get, b.get, [1, 3, 5, 7]));
  const half = (vector: Local) => lane4(vector, op.maxF);
  const [half0, half1, whole] = [f.local(f32), f.local(f32), f.local(f32)];
  const squared = (value: Code, scale: Code): Code =>
    op.mulD(op.promote(value), op.mulD(op.promote(scale), op.promote(scale)));
  const squareOf = (value: Code): Code => op.mulD(op.promote(value), op.promote(value));
  const inverseOf = (levels: number, of: Code): Code =>
    op.select(op.divF(op.f32(levels), of), op.f32(0), op.gtF(of, op.f32(0)));
  const add = (name: (typeof sums)[number], value: Code) => addTo(sums.indexOf(name), value);
  const asymmetricOf = (name: (typeof sums)[number], levels: number, masked: boolean): Code => {
    const [scale, inverse, zero] = [half0, half1, whole];
    const operands = [pointer.get, inverse.get, zero.get, op.f32(levels)];
    const mask = op.subI(op.i32(layout.mask + 512), op.shlI(tail.get, op.i32(2)));
    const error = masked
      ? module.call(group.asymmetricTail, ...operands, mask)
      : module.call(group.asymmetric, ...operands);
    return [
      scale.set(op.mulF(op.subF(most.get, least.get), op.f32(1 / levels))),
      // A group of one value needs no levels: its error is 0.
      when(op.gtF(scale.get, op.f32(0)), [
        inverse.set(op.divF(op.f32(1), scale.get)),
        zero.set(op.nearestF(op.mulF(op.negF(least.get), inverse.get))),
        add(name, squared(error, scale.get)),
      ]),
    ].flat();
  };
  const asymmetricAll = (masked: boolean) => [
    asymmetricOf("int4-g128-asym", 15, masked),
    asymmetricOf("int3-g128", 7, masked),
    asymmetricOf("int2-g128", 3, masked),
  ];
  const extremesOf = (index: number, combine: typeof v.max, lanes: (a: Code, b: Code) => Code): Code => {
    const vector = fold[3];
    return [...vector.set(combine(v.load(array(index)), v.load(array(index), 16))), ...lane4(vector, lanes)];
  };
  // The padding of a last group is no weight: its extremes are those of the weights alone.
  const i = f.local(i32);
  const tailExtremes = [
    least.set(op.loadF32(pointer.get)),
    most.set(op.loadF32(pointer.get)),
    i.set(op.i32(4)),
    loop(i, op.shlI(tail.get, op.i32(2)), 4, [
      least.set(op.minF(least.get, op.loadF32(op.addI(pointer.get, i.get)))),
      most.set(op.maxF(most.get, op.loadF32(op.addI(pointer.get, i.get)))),
    ]),
  ];
  const isTail = op.andI(op.ltI(op.i32(0), tail.get), op.eqzI(op.subI(op.subI(groups.get, op.i32(1)), g.get)));

  f.emit(
    groups.set(op.shrI(stride.get, op.i32(7))),
    // One float for each 16 weights: 8 × 4 bytes a group.
    plane.set(op.shlI(groups.get, op.i32(5))),
    factors.set(v.splat(factor.get)),
    loop(row, rows.get, 1, [
      rowMost.set(v.constant(0)),
      at.set(scratch.get),
      pointer.set(block.get),
      g.set(op.i32(0)),
      loop(g, op.shlI(groups.get, op.i32(1)), 1, [
        ...extremes,
        pointer.set(op.addI(pointer.get, op.i32(256))),
        at.set(op.addI(at.get, op.i32(16))),
      ]),
      rowAbsmax.set(lane4(rowMost, op.maxF)),
      when(
        op.gtF(rowAbsmax.get, op.f32(0)),
        [
          int8Inverse.set(inverseOf(127, rowAbsmax.get)),
          fp8Inverse.set(inverseOf(e4m3Max, rowAbsmax.get)),
          at.set(scratch.get),
          g.set(op.i32(0)),
          loop(g, op.shlI(groups.get, op.i32(1)), 1, [...scales, at.set(op.addI(at.get, op.i32(16)))]),
          at.set(scratch.get),
          pointer.set(block.get),
          g.set(op.i32(0)),
          loop(g, groups.get, 1, [
            module.call(group.moments, pointer.get, mean.get),
            a.set(v.load(array(arrays.absmax))),
            b.set(v.load(array(arrays.absmax), 16)),
            half0.set(half(a)),
            half1.set(half(b)),
            whole.set(op.maxF(half0.get, half1.get)),
            when(op.gtF(whole.get, op.f32(0)), [
              add(
                "int8-channel",
                squared(
                  module.call(group.symmetric, pointer.get, int8Inverse.get),
                  op.mulF(rowAbsmax.get, op.f32(1 / 127)),
                ),
              ),
              add(
                "fp8-e4m3",
                squared(
                  module.call(group.fp8, pointer.get, fp8Inverse.get),
                  op.mulF(rowAbsmax.get, op.f32(1 / e4m3Max)),
                ),
              ),
              size.set(op.mulF(whole.get, op.f32(1 / 7))),
              add("int4-g128", squared(module.call(group.symmetric, pointer.get, inverseOf(7, whole.get)), size.get)),
              add(
                "int4-g128-mse",
                op.promote(module.call(group.mse, pointer.get, whole.get, array(arrays.maxima), array(arrays.minima))),
              ),
              add("int4-g32", op.promote(module.call(group.g32, pointer.get, absmax32))),
              add("nf4", op.promote(module.call(group.nf4, pointer.get, half0.get, half1.get))),
              add(
                "nvfp4",
                op.promote(module.call(group.fp4, pointer.get, array(arrays.nvScale), array(arrays.nvInverse))),
              ),
              add(
                "mxfp4",
                op.promote(module.call(group.fp4, pointer.get, array(arrays.mxScale), array(arrays.mxInverse))),
              ),
              when(
                isTail,
                [...tailExtremes, ...asymmetricAll(true)],
                [
                  most.set(extremesOf(arrays.maxima, v.max, op.maxF)),
                  least.set(extremesOf(arrays.minima, v.min, op.minF)),
                  ...asymmetricAll(false),
                ],
              ),
            ]),
            pointer.set(op.addI(pointer.get, op.i32(512))),
            at.set(op.addI(at.get, op.i32(32))),
          ]),
        ],
        [
          // A row of zeros is mean away from the mean.
          add("second", op.mulD(op.doubleOfI(stride.get), squareOf(mean.get))),
          add("fourth", op.mulD(op.doubleOfI(stride.get), op.mulD(squareOf(mean.get), squareOf(mean.get)))),
        ],
      ),
      block.set(op.addI(block.get, op.shlI(stride.get, op.i32(2)))),
    ]),
  );
}
