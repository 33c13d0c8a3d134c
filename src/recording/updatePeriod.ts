/**
 * How often a meter publishes, as seen from polls of it: what the device states is believed until polls contradict it.
 * A counter that stays the same between two polls 20 ms apart does not update every millisecond.
 */

const remembered = 64;
/** Changes needed before a period is inferred from them. */
const enough = 8;
/** Changes that must have been seen before ages are judged by a stated period: the first polls may not contradict it yet. */
const trusted = 3;
/** A stated period is contradicted by a value that stood still this much longer: one late update is no contradiction. */
const tolerance = 1.5;

export class UpdatePeriod {
  private readonly recentS = new Float64Array(remembered);
  private readonly stood = new Uint8Array(remembered);
  private seen = 0;
  private stoodStill = false;
  private changes = 0;
  private longestUnchangedS = 0;
  private previousChangeS = Number.NaN;
  private inferredS: number | undefined;

  constructor(private readonly statedS: number | undefined) {}

  /** A poll saw the value that was there already; it has been there for at least this time. */
  unchanged(lengthS: number): void {
    this.stoodStill = true;
    if (lengthS > this.longestUnchangedS) this.longestUnchangedS = lengthS;
  }

  /** A poll saw another value than the one before; in the middle between the two is `timeS`. */
  changed(timeS: number): void {
    this.changes++;
    const lengthS = timeS - this.previousChangeS;
    this.previousChangeS = timeS;
    if (lengthS > 0) {
      this.recentS[this.seen % remembered] = lengthS;
      this.stood[this.seen % remembered] = this.stoodStill ? 1 : 0;
      this.seen++;
    }
    this.stoodStill = false;
    if (this.seen >= enough) this.infer(Math.min(this.seen, remembered));
  }

  /** Polls were interrupted: the time to the next change says nothing. */
  interrupted(): void {
    this.previousChangeS = Number.NaN;
    this.stoodStill = false;
  }

  /** Seconds between two new values as far as is known. */
  get periodS(): number | undefined {
    return this.statedHolds ? this.statedS : this.inferredS;
  }

  /** No value is older than this when it is read; Infinity where that is not known. */
  get oldestS(): number {
    if (this.statedHolds && this.changes >= trusted) return this.statedS!;
    return this.inferredS === undefined ? Number.POSITIVE_INFINITY : this.inferredS * tolerance;
  }

  /** The same for a value that has long stood still, which contradicts a period without being against it. */
  get usualS(): number {
    return this.statedS ?? this.inferredS ?? Number.POSITIVE_INFINITY;
  }

  private get statedHolds(): boolean {
    return this.statedS !== undefined && this.longestUnchangedS <= this.statedS * tolerance;
  }

  private infer(count: number): void {
    // Where nearly every poll sees another value, the distance of changes is that of polls and says nothing of the meter.
    const standing = this.stood.subarray(0, count).reduce((sum, one) => sum + one, 0);
    if (standing < 0.7 * count) return;
    const lengths = Float64Array.from(this.recentS.subarray(0, count)).sort();
    const middle = lengths[count >> 1]!;
    // The mean, for each length is known to a poll only; without those in which a late poll missed an update.
    const single = lengths.filter((lengthS) => lengthS < 1.7 * middle);
    this.inferredS = single.reduce((sum, lengthS) => sum + lengthS, 0) / single.length;
  }
}
