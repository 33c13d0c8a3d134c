/**
 * From a pipeline to a graph: which operation of which stage waits for which.
 *
 * An operation follows the one before it in its stage's own order; a forward follows the forward of the (virtual) stage
 * before, a backward the backward of the stage after, and on the last (virtual) stage the backward of a microbatch
 * follows its forward. Orders: `1f1b` as in Megatron-LM and DeepSpeed, `gpipe` (Huang et al. 2019), `interleaved` as in
 * Megatron-LM (Narayanan et al. 2021, section 2.2).
 */
import type { PipelineProfile } from "../../model/bloat";

export const forward = 0;
export const backward = 1;
export const recompute = 2;
export type Kind = typeof forward | typeof backward | typeof recompute;

/** Words and letters of the kinds, by number. */
export const kindNames = ["forward", "backward", "recompute"] as const;
export const kindLetters = ["F", "B", "R"] as const;

/** Operations of a pipeline as columns, stage by stage, each stage in its own order. */
export interface Expansion {
  readonly stage: Int32Array;
  readonly kind: Uint8Array;
  readonly microbatch: Int32Array;
  readonly chunk: Int32Array;
  /** Operations `stageStart[s]` to `stageStart[s + 1]` are stage `s`. */
  readonly stageStart: Int32Array;
  /** Dependencies: `to[i]` waits for `from[i]`. */
  readonly from: Int32Array;
  readonly to: Int32Array;
}

interface Shape {
  readonly stages: number;
  readonly microbatches: number;
  readonly chunks: number;
}

/** Operations that a profile stands for, without making them. */
export function countOperations(profile: PipelineProfile): number {
  const kinds = profile.recompute === undefined ? 2 : 3;
  return profile.stages * profile.microbatches * chunksOf(profile) * kinds;
}

export function chunksOf(profile: PipelineProfile): number {
  return profile.schedule === "interleaved" ? (profile.chunks ?? 1) : 1;
}

export function expandPipeline(profile: PipelineProfile): Expansion {
  const shape = { stages: profile.stages, microbatches: profile.microbatches, chunks: chunksOf(profile) };
  const count = countOperations(profile);
  const stage = new Int32Array(count);
  const kind = new Uint8Array(count);
  const microbatch = new Int32Array(count);
  const chunk = new Int32Array(count);
  const stageStart = new Int32Array(shape.stages + 1);
  let next = 0;
  const add = (s: number, k: Kind, m: number, c: number) => {
    [stage[next], kind[next], microbatch[next], chunk[next]] = [s, k, m, c];
    next++;
  };
  for (let s = 0; s < shape.stages; s++) {
    for (const [k, m, c] of stageOrder(profile.schedule, shape, s)) {
      if (k === backward && profile.recompute !== undefined) add(s, recompute, m, c);
      add(s, k, m, c);
    }
    stageStart[s + 1] = next;
  }
  if (next !== count) throw new Error(`a schedule of ${count} operations came out with ${next}`);
  return { stage, kind, microbatch, chunk, stageStart, ...dependencies(shape, { stage, kind, microbatch, chunk }) };
}

/** One stage's operations in the order in which its device takes them: kind, microbatch, chunk. */
function* stageOrder(
  schedule: PipelineProfile["schedule"],
  shape: Shape,
  stage: number,
): Generator<[typeof forward | typeof backward, number, number]> {
  const { stages, microbatches, chunks } = shape;
  const total = microbatches * chunks;
  const warmUp =
    schedule === "gpipe"
      ? total
      : schedule === "1f1b"
        ? Math.min(stages - stage - 1, total)
        : Math.min(2 * (stages - stage - 1) + (chunks - 1) * stages, total);
  // The k-th forward or backward of a stage; without chunks simply microbatch k.
  const at = (k: number, isBackward: boolean): [number, number] => {
    if (chunks === 1) return [k, 0];
    const chunk = Math.floor((k % (stages * chunks)) / stages);
    return [Math.floor(k / (stages * chunks)) * stages + (k % stages), isBackward ? chunks - 1 - chunk : chunk];
  };
  for (let k = 0; k < warmUp; k++) yield [forward, ...at(k, false)];
  for (let k = warmUp; k < total; k++) {
    yield [forward, ...at(k, false)];
    yield [backward, ...at(k - warmUp, true)];
  }
  for (let k = total - warmUp; k < total; k++) yield [backward, ...at(k, true)];
}

function dependencies(
  { stages, microbatches, chunks }: Shape,
  { stage, kind, microbatch, chunk }: Pick<Expansion, "stage" | "kind" | "microbatch" | "chunk">,
): { from: Int32Array; to: Int32Array } {
  const count = stage.length;
  const virtualStages = stages * chunks;
  // Where the forward (0) or backward (1) of a virtual stage and microbatch is among the operations.
  const place = new Int32Array(2 * virtualStages * microbatches);
  const slot = (k: number, v: number, m: number) => (k * virtualStages + v) * microbatches + m;
  for (let i = 0; i < count; i++) {
    if (kind[i] !== recompute) place[slot(kind[i]!, chunk[i]! * stages + stage[i]!, microbatch[i]!)] = i;
  }
  const from = new Int32Array(2 * count);
  const to = new Int32Array(2 * count);
  let next = 0;
  const add = (before: number, after: number) => {
    from[next] = before;
    to[next++] = after;
  };
  for (let i = 0; i < count; i++) {
    const previous = i > 0 && stage[i - 1] === stage[i] ? i - 1 : -1;
    if (previous >= 0) add(previous, i);
    const v = chunk[i]! * stages + stage[i]!;
    let other = -1;
    if (kind[i] === forward && v > 0) other = place[slot(forward, v - 1, microbatch[i]!)]!;
    if (kind[i] === backward) {
      const last = v === virtualStages - 1;
      other = place[last ? slot(forward, v, microbatch[i]!) : slot(backward, v + 1, microbatch[i]!)]!;
    }
    if (other >= 0 && other !== previous) add(other, i);
  }
  return { from: from.slice(0, next), to: to.slice(0, next) };
}
