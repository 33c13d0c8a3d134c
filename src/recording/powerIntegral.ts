/** Energy from a power that is read again and again. Time in which nothing was read adds no energy. */

/** No poll is this late on a machine that runs: what happened meanwhile is not known. */
const longestStepS = 2;

export interface PowerIntegral {
  /** Joules so far; never falls. */
  readonly energyJ: number;
  /** When `energyJ` was true, seconds: `atS ± atErrorS`. Behind the last reading, for each is a mean of the time before it. */
  readonly atS: number;
  readonly atErrorS: number;
  /** @returns whether this reading follows one that counts, so that the time between them has an energy */
  add(startS: number, endS: number, powerW: number): boolean;
  interrupt(): void;
}

/**
 * @param periodS between two updates of the sensor, and
 * @param windowS over which each of its values is a mean, as far as they are known
 * @param slowestPollS the longest time between two polls when all is well
 */
export function powerIntegral(
  periodS: number | undefined,
  windowS: number | undefined,
  slowestPollS: number,
): PowerIntegral {
  const longest = Math.max(longestStepS, 4 * slowestPollS, 4 * (periodS ?? 0));
  if (periodS === undefined) return new EachPoll(longest, windowS ?? 0);
  return new EachUpdate(periodS, windowS ?? 0, longest);
}

/** Whether each value of such a sensor is the mean since the one before: then it counts backwards, exactly. */
export function coversItsPeriod(periodS: number | undefined, windowS: number | undefined): boolean {
  return periodS !== undefined && windowS !== undefined && windowS > 0.5 * periodS && windowS < 1.5 * periodS;
}

/** Straight lines between polls: all that can be said where it is not known when the sensor has a new value. */
class EachPoll implements PowerIntegral {
  energyJ = 0;
  atS = Number.NaN;
  atErrorS = 0;
  private previousW = 0;
  private follows = false;

  constructor(
    private readonly longestS: number,
    private readonly windowS: number,
  ) {}

  add(startS: number, endS: number, powerW: number): boolean {
    // A mean is true in the middle of the time that it is the mean of.
    const timeS = (startS + endS - this.windowS) / 2;
    const lengthS = timeS - this.atS;
    const follows = this.follows && lengthS >= 0 && lengthS <= this.longestS;
    if (follows) this.energyJ += Math.max(0, ((this.previousW + powerW) / 2) * lengthS);
    this.atS = timeS;
    this.atErrorS = (endS - startS) / 2;
    this.previousW = powerW;
    this.follows = true;
    return follows;
  }

  interrupt(): void {
    this.follows = false;
  }
}

/**
 * By the sensor's own updates. When one came is known from the polls around it and from the period: a sensor is more
 * regular than polls are, and times that follow its beat do not scatter. Each new value is a mean over a window before
 * its update. As long as the period, it accounts for that time exactly; shorter or longer, its middle is a point of a
 * line.
 */
class EachUpdate implements PowerIntegral {
  energyJ = 0;
  atS = Number.NaN;
  atErrorS = 0;
  private readonly backwards: boolean;
  private previousPollS = Number.NaN;
  private previousW = Number.NaN;
  /** Of the last update, and whether it was seen: only then does it give the beat. */
  private updatedS = Number.NaN;
  private inBeat = false;

  constructor(
    private readonly periodS: number,
    private readonly windowS: number,
    private readonly longestS: number,
  ) {
    this.backwards = coversItsPeriod(periodS, windowS);
  }

  add(startS: number, endS: number, powerW: number): boolean {
    const follows = endS - this.previousPollS <= this.longestS;
    const earliestS = Math.max(this.previousPollS, startS - this.periodS);
    this.previousPollS = startS;
    if (!follows) {
      // Its age is not known: up to a period.
      this.inBeat = false;
      this.become(startS - this.periodS / 2, endS - startS + this.periodS / 2);
    } else if (powerW !== this.previousW) {
      this.account(this.updateBetween(earliestS, endS), powerW, (endS - earliestS) / 2);
      this.inBeat = true;
    } else if (startS - this.updatedS > 1.5 * this.periodS) {
      // Equal values cannot be told from no new value: after half a period of waiting they count as one.
      this.account(this.updatedS + this.periodS, powerW, this.periodS / 4);
    }
    this.previousW = powerW;
    return follows;
  }

  interrupt(): void {
    this.previousPollS = Number.NaN;
  }

  /** In the beat of the updates before, as far as the polls around it allow; of the first in the middle between them. */
  private updateBetween(earliestS: number, latestS: number): number {
    const middleS = (earliestS + latestS) / 2;
    if (!this.inBeat) return middleS;
    const beats = Math.max(1, Math.round((middleS - this.updatedS) / this.periodS));
    return Math.min(latestS, Math.max(earliestS, this.updatedS + beats * this.periodS));
  }

  private account(updatedS: number, powerW: number, errorS: number): void {
    const meanW = this.backwards ? powerW : (this.previousW + powerW) / 2;
    this.energyJ += Math.max(0, meanW * (updatedS - this.updatedS));
    this.become(updatedS, errorS);
  }

  private become(updatedS: number, errorS: number): void {
    this.updatedS = updatedS;
    const atS = this.backwards ? updatedS : updatedS - this.windowS / 2;
    // After a gap the age of a value is a guess, which does not lead back over what was accounted for.
    if (!(atS < this.atS)) this.atS = atS;
    this.atErrorS = errorS;
  }
}
