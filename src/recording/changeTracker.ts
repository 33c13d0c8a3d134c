/**
 * From polls of one device to its samples: a sample is made when something new was read, and says when that became true.
 *
 * A counter's value is older than the poll that sees it, by up to one update of the meter, and a phase of 9 ms beside
 * one of 88 W cannot stand an error of a millisecond. So the sample's time is the middle of the span in which the value
 * can have changed: after the last poll that still saw the old one, before the end of the first that saw the new one,
 * and no longer before that poll than the meter's update period. `timeErrorS` is half of that span.
 * A device without a counter gets its energy by integrating its power. Knows no clock: the poller says when it polled.
 */
import type { Reading } from "../meters/meter";
import type { Device } from "../model/device";
import type { Sample } from "../model/sample";
import { type PowerIntegral, powerIntegral } from "./powerIntegral";
import { inBurst } from "./schedule";
import { UpdatePeriod } from "./updatePeriod";

/** A sample this share of the storing period early is on time: polls and updates are not quite regular. */
const earlyShare = 0.3;
/** A counter that stands still is said to, once a second: nothing was used, which is different from nothing known. */
const standstillS = 1;

export type TrackedDevice = Pick<Device, "id" | "updatePeriodS" | "averagingWindowS">;

export class ChangeTracker {
  private readonly period: UpdatePeriod;
  private readonly integral: PowerIntegral;
  private readonly storeEveryS: number;
  /** The value last seen, when it was first and last seen, and its fall undone. */
  private heldJ = Number.NaN;
  private heldFromS = Number.NaN;
  private heldUntilS = Number.NaN;
  private fallenJ = 0;
  private heldW = Number.NaN;
  private storedS = Number.NEGATIVE_INFINITY;
  /** New, and left out because the sample before is too near. */
  private pending: Sample | undefined;

  /** @param rateHz samples a second that are stored outside of bursts */
  constructor(
    private readonly device: TrackedDevice,
    rateHz: number,
  ) {
    this.storeEveryS = 1 / rateHz;
    this.period = new UpdatePeriod(device.updatePeriodS);
    this.integral = powerIntegral(device.updatePeriodS, device.averagingWindowS, this.storeEveryS);
  }

  /** Seconds between two new values: as stated, unless polls contradict that; undefined while nothing is known. */
  get updatePeriodS(): number | undefined {
    return this.period.periodS;
  }

  /**
   * One poll. Its reading was taken at some moment between `startS` and `endS`, seconds since the run's start; calls
   * are in order of time. A reading with a `failure` or without values is a gap: a counter goes on counting in it, an
   * integral does not.
   * @param last the run is over: what was left out until now is given
   * @returns what is to be stored, or undefined
   */
  poll(startS: number, endS: number, reading: Reading, last = false): Sample | undefined {
    const powerW = reading.powerW ?? reading.powerInstantW;
    let sample: Sample | undefined;
    let dense = inBurst(endS);
    if (reading.failure !== undefined || (reading.energyJ === undefined && powerW === undefined)) {
      this.integral.interrupt();
      this.period.interrupted();
    } else if (reading.energyJ !== undefined) {
      if (powerW !== undefined) this.integral.add(startS, endS, powerW);
      sample = this.counted(startS, endS, reading.energyJ, reading, powerW !== undefined);
    } else if (!Number.isNaN(this.heldJ)) {
      // The counter failed this once: its energy goes on, and an integral is no substitute half-way.
      this.integral.add(startS, endS, powerW!);
    } else {
      const beforeS = this.integral.atS;
      const follows = this.integral.add(startS, endS, powerW!);
      // A constant power is stored at the storing rate in bursts too: between equal values nothing happens.
      dense = !follows || (dense && powerW !== this.heldW);
      this.heldW = powerW!;
      const { energyJ, atS: timeS, atErrorS: timeErrorS } = this.integral;
      if (timeS !== beforeS) sample = this.sample(reading, timeS, timeErrorS, energyJ, undefined);
    }
    if (sample !== undefined) this.pending = sample;
    if (this.pending === undefined) return undefined;
    if (!last && (sample === undefined || !(dense || this.isDue(sample.timeS)))) return undefined;
    return this.store(this.pending);
  }

  private isDue(timeS: number): boolean {
    return timeS - this.storedS >= this.storeEveryS * (1 - earlyShare);
  }

  private store(sample: Sample): Sample {
    this.storedS = sample.timeS;
    this.pending = undefined;
    return sample;
  }

  private counted(
    startS: number,
    endS: number,
    readJ: number,
    reading: Reading,
    integrated: boolean,
  ): Sample | undefined {
    // A counter that falls was reset: what it shows from then on is added to what it had.
    const fell = readJ + this.fallenJ < this.heldJ;
    if (fell) this.fallenJ = this.heldJ - readJ;
    const isFirst = Number.isNaN(this.heldJ);
    // A counter that appears late goes on from what was integrated and stored until then.
    if (isFirst && Number.isFinite(this.storedS)) this.fallenJ = this.integral.energyJ - readJ;
    const energyJ = readJ + this.fallenJ;
    const previousS = this.heldUntilS;
    this.heldUntilS = startS;
    if (energyJ === this.heldJ || isFirst || fell) {
      if (isFirst || fell) this.heldFromS = endS;
      this.heldJ = energyJ;
      // The age of the first value is not known, and an age taken on trust would be wrong where the stated period is.
      this.period.unchanged(startS - this.heldFromS);
      return isFirst || fell ? undefined : this.standingStill(startS, endS, reading, integrated);
    }
    this.heldJ = energyJ;
    this.heldFromS = endS;
    // Between bursts polls are too far apart to tell the meter's steps from their own.
    if (inBurst(endS)) this.period.changed((previousS + endS) / 2);
    else this.period.interrupted();
    return this.became(Math.max(previousS, startS - this.period.oldestS), endS, reading, integrated);
  }

  /** A counter that did not move for a second, and much longer than it takes to move: it became true again. */
  private standingStill(startS: number, endS: number, reading: Reading, integrated: boolean): Sample | undefined {
    const oldestS = this.period.usualS;
    const sinceS = startS - Math.max(this.storedS, this.heldFromS);
    // Without an update period a counter that stands still may only be slow.
    if (!Number.isFinite(oldestS) || sinceS < Math.max(standstillS, 4 * oldestS)) return undefined;
    return this.became(startS - oldestS, endS, reading, integrated);
  }

  private became(fromS: number, toS: number, reading: Reading, integrated: boolean): Sample {
    const integratedJ = integrated ? this.integral.energyJ : undefined;
    return this.sample(reading, (fromS + toS) / 2, (toS - fromS) / 2, this.heldJ, integratedJ);
  }

  /** Every field by its name, for spreading objects costs as much as the rest of a poll; what is absent is undefined. */
  private sample(
    reading: Reading,
    timeS: number,
    timeErrorS: number,
    energyJ: number,
    energyIntegratedJ: number | undefined,
  ): Sample {
    return {
      deviceId: this.device.id,
      timeS,
      timeErrorS,
      energyJ,
      energyIntegratedJ,
      powerW: reading.powerW,
      powerInstantW: reading.powerInstantW,
      utilization: reading.utilization,
      memoryBytes: reading.memoryBytes,
      smClockMhz: reading.smClockMhz,
      memoryClockMhz: reading.memoryClockMhz,
      temperatureC: reading.temperatureC,
      throttle: reading.throttle,
    };
  }
}
