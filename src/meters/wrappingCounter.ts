/**
 * Cumulative joules out of a counter that begins again at zero after `range`, and that may be set back (by suspend, by
 * a reloaded driver) at any time.
 *
 * A value below the last one is a wrap if the energy that this would mean can have been used in the time that passed,
 * else a reset. Longer than the fastest possible round, the number of rounds is not known and the interval is a gap. A
 * reset is a gap too: what was used before it is lost, not invented. What a failed read leaves out is not lost: the
 * counter went on, and the next good read has it.
 */
export class WrappingCounter {
  private lastRaw = Number.NaN;
  private lastS = 0;
  private total = 0;
  /** Why the last `advance` gave NaN, a sentence. */
  failure = "";

  /**
   * @param range  the counter's highest value (powercap's `max_energy_range_uj`); NaN: not known, every fall is a reset
   * @param joulesPerUnit 1e-6 for microjoules
   * @param highestPowerW no device of this kind draws more: what tells a wrap from a reset
   */
  constructor(
    private readonly range: number,
    private readonly joulesPerUnit: number,
    private readonly highestPowerW: number,
  ) {}

  /**
   * @param raw the counter's value, a number
   * @param nowS when it was read, on a clock that never goes backwards
   * @returns joules since the first call, or NaN with `failure`; the next call goes on from here
   */
  advance(raw: number, nowS: number): number {
    if (raw > this.range) {
      this.failure = `the counter shows ${raw}, above its own range of ${this.range}`;
      return Number.NaN;
    }
    const last = this.lastRaw;
    const elapsedS = nowS - this.lastS;
    this.lastRaw = raw;
    this.lastS = nowS;
    if (Number.isNaN(last)) return this.total;

    // One second more than elapsed: a counter may publish in lumps.
    const possible = (this.highestPowerW * (elapsedS + 1)) / this.joulesPerUnit;
    if (possible > this.range + this.highestPowerW / this.joulesPerUnit) {
      this.failure =
        `not read for ${Math.round(elapsedS)} s: its counter of ${Math.round(this.range * this.joulesPerUnit)} J ` +
        "may have wrapped more than once";
      return Number.NaN;
    }
    let used = raw - last;
    if (used < 0) {
      used += this.range;
      if (!(used <= possible)) {
        this.failure = "its counter was set back";
        return Number.NaN;
      }
    }
    this.total += used * this.joulesPerUnit;
    return this.total;
  }
}
