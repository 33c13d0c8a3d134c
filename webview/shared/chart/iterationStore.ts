import { Growing } from "../../../src/model/grow";

/** One batch of iterations; the shape in which messages bring them. */
export interface Iterations {
  readonly iteration: Int32Array;
  readonly startS: Float64Array;
  readonly durationS: Float64Array;
  readonly energyJ: Float64Array;
  readonly excluded: Uint8Array;
}

/** Why an iteration is not counted, by its code. */
export const exclusions = ["counted", "warm-up", "outlier", "settling"] as const;

/** The iterations of a run, in order. Energies that are not known are NaN. */
export class IterationStore implements Iterations {
  private readonly iterations = new Growing(new Int32Array(256));
  private readonly starts = new Growing(new Float64Array(256));
  private readonly durations = new Growing(new Float64Array(256));
  private readonly energies = new Growing(new Float64Array(256));
  private readonly codes = new Growing(new Uint8Array(256));
  private lastS = Number.NEGATIVE_INFINITY;
  /** How many have a known energy. */
  withEnergy = 0;

  get length(): number {
    return this.starts.length;
  }
  get iteration(): Int32Array {
    return this.iterations.view();
  }
  get startS(): Float64Array {
    return this.starts.view();
  }
  get durationS(): Float64Array {
    return this.durations.view();
  }
  get energyJ(): Float64Array {
    return this.energies.view();
  }
  get excluded(): Uint8Array {
    return this.codes.view();
  }

  /** Iterations without a start, a duration or a place after the one before are left out. */
  append(more: Iterations): void {
    for (let i = 0; i < more.startS.length; i++) {
      const startS = more.startS[i]!;
      const durationS = more.durationS[i]!;
      if (
        !Number.isFinite(startS) ||
        !(durationS >= 0) ||
        durationS === Number.POSITIVE_INFINITY ||
        startS < this.lastS
      )
        continue;
      const energyJ = Number.isFinite(more.energyJ[i]) ? more.energyJ[i]! : Number.NaN;
      this.lastS = startS;
      this.iterations.push(more.iteration[i] ?? this.length);
      this.starts.push(startS);
      this.durations.push(durationS);
      this.energies.push(energyJ);
      this.codes.push(Math.min(exclusions.length - 1, more.excluded[i] ?? 0));
      if (!Number.isNaN(energyJ)) this.withEnergy++;
    }
  }
}

/** A straight line through the counted iterations. */
export interface Drift {
  /** Value at the first and at the last counted iteration. */
  readonly first: number;
  readonly last: number;
  readonly firstIndex: number;
  readonly lastIndex: number;
}

/**
 * The trend over a run, where there is one: the least-squares line, if its slope is more than four standard errors from
 * zero and moves the value by more than 2 % of its mean from first to last. Neighbours are alike (caches, clocks,
 * temperature), so the residuals are averaged in at most 40 blocks first; else a slow wave would pass for certain.
 *
 * @param excluded 0: counted; all others and NaN values are left out
 */
export function findDrift(value: Float64Array, excluded: Uint8Array): Drift | undefined {
  const counted: number[] = [];
  for (let i = 0; i < value.length; i++) if (excluded[i] === 0 && !Number.isNaN(value[i])) counted.push(i);
  if (counted.length < 24) return undefined;
  const blocks = Math.min(40, Math.floor(counted.length / 3));
  const x = new Float64Array(blocks);
  const y = new Float64Array(blocks);
  for (let block = 0; block < blocks; block++) {
    const [from, to] = [block, block + 1].map((edge) => Math.floor((edge * counted.length) / blocks)) as [
      number,
      number,
    ];
    for (let k = from; k < to; k++) {
      x[block]! += counted[k]! / (to - from);
      y[block]! += value[counted[k]!]! / (to - from);
    }
  }
  const meanX = x.reduce((a, b) => a + b) / blocks;
  const meanY = y.reduce((a, b) => a + b) / blocks;
  let [xx, xy] = [0, 0];
  for (let block = 0; block < blocks; block++) {
    xx += (x[block]! - meanX) ** 2;
    xy += (x[block]! - meanX) * (y[block]! - meanY);
  }
  const slope = xy / xx;
  let squares = 0;
  for (let block = 0; block < blocks; block++) squares += (y[block]! - meanY - slope * (x[block]! - meanX)) ** 2;
  const standardError = Math.sqrt(squares / (blocks - 2) / xx);
  const [firstIndex, lastIndex] = [counted[0]!, counted[counted.length - 1]!];
  const change = slope * (lastIndex - firstIndex);
  if (!(Math.abs(slope) > 4 * standardError) || Math.abs(change) < 0.02 * Math.abs(meanY)) return undefined;
  const at = (index: number) => meanY + slope * (index - meanX);
  return { first: at(firstIndex), last: at(lastIndex), firstIndex, lastIndex };
}
