import { Growing } from "../../../src/model/grow";
import { lowerBound, upperBound } from "./columns";

/**
 * The power of one device over time, as steps: value `i` holds from `timeS[i - 1]` to `timeS[i]`, NaN is a gap. The
 * first value holds for no time. Energy of any span is answered from running sums, so that it costs a binary search.
 */
export class PowerStore {
  private readonly times = new Growing(new Float64Array(1024));
  private readonly powers = new Growing(new Float64Array(1024));
  /** Joules from the first time to each time, gaps counted as nothing. */
  private readonly sums = new Growing(new Float64Array(1024));
  /** Seconds of gaps from the first time to each time. */
  private readonly gaps = new Growing(new Float64Array(1024));
  private lastS = Number.NEGATIVE_INFINITY;
  private largestW = 0;

  get timeS(): Float64Array {
    return this.times.view();
  }
  get powerW(): Float64Array {
    return this.powers.view();
  }
  get length(): number {
    return this.times.length;
  }
  /** The largest power so far; 0 when there is none. */
  get maxW(): number {
    return this.largestW;
  }
  /** When the last value ends; undefined when there is none. */
  get endS(): number | undefined {
    return this.length === 0 ? undefined : this.lastS;
  }
  /** The last value before a time that is no gap; undefined when there is none. */
  lastUntil(timeS: number): number | undefined {
    const column = this.powerW;
    for (let i = Math.min(this.length, lowerBound(this.timeS, timeS) + 1) - 1; i >= 0; i--) {
      if (!Number.isNaN(column[i])) return column[i];
    }
    return undefined;
  }

  /** Rows whose time is no number or does not go forward are left out; a power that is no number is a gap. */
  append(timeS: Float64Array, powerW: Float64Array): void {
    const count = Math.min(timeS.length, powerW.length);
    let energyJ = this.length === 0 ? 0 : this.sums.view()[this.length - 1]!;
    let gapS = this.length === 0 ? 0 : this.gaps.view()[this.length - 1]!;
    for (let i = 0; i < count; i++) {
      const time = timeS[i]!;
      if (!Number.isFinite(time) || time <= this.lastS) continue;
      const power = Number.isFinite(powerW[i]) ? powerW[i]! : Number.NaN;
      const widthS = this.length === 0 ? 0 : time - this.lastS;
      if (Number.isNaN(power)) gapS += widthS;
      else energyJ += power * widthS;
      if (power > this.largestW) this.largestW = power;
      this.times.push(time);
      this.powers.push(power);
      this.sums.push(energyJ);
      this.gaps.push(gapS);
      this.lastS = time;
    }
  }

  /** The power at a time; NaN in a gap and outside. */
  at(timeS: number): number {
    const i = lowerBound(this.timeS, timeS);
    return i < this.length && (i > 0 || this.timeS[0] === timeS) ? this.powerW[i]! : Number.NaN;
  }

  /** Joules between two times; `coveredS` of them were measured, the rest are gaps or outside of the data. */
  between(fromS: number, toS: number): { energyJ: number; coveredS: number } {
    const [start, end] = [this.until(fromS), this.until(toS)];
    return { energyJ: end.energyJ - start.energyJ, coveredS: end.coveredS - start.coveredS };
  }

  private until(timeS: number): { energyJ: number; coveredS: number } {
    const times = this.timeS;
    const i = upperBound(times, timeS) - 1;
    if (i < 0) return { energyJ: 0, coveredS: 0 };
    const energyJ = this.sums.view()[i]!;
    const coveredS = times[i]! - times[0]! - this.gaps.view()[i]!;
    const next = this.powerW[i + 1];
    if (next === undefined || Number.isNaN(next)) return { energyJ, coveredS };
    const partS = timeS - times[i]!;
    return { energyJ: energyJ + next * partS, coveredS: coveredS + partS };
  }
}
