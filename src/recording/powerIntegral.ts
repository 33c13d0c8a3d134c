/** Energy from a power that is read again and again. Time in which nothing was read adds no energy. */

/** No poll is this late on a machine that runs: what happened meanwhile is not known. */
const longestStepS = 2;

export interface PowerIntegral {
  /** Joules so far; never falls. */
  readonly energyJ: number;
  /** When `energyJ` was true, seconds: `atS ± atErrorS`. Behind the last reading where readings count backwards. */
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
  const coversItsPeriod =
    periodS !== undefined && windowS !== undefined && windowS > 0.5 * periodS && windowS < 1.5 * periodS;
  return coversItsPeriod ? new MeansBefore(periodS, longest) : new Trapezoid(longest);
}

/** Straight lines between readings: all that can be said of a sensor whose window is not its period. */
class Trapezoid implements PowerIntegral {
  energyJ = 0;
  atS = Number.NaN;
  atErrorS = 0;
  private previousS = Number.NaN;
  private previousW = 0;

  constructor(private readonly longestS: number) {}

  add(startS: number, endS: number, powerW: number): boolean {
    const timeS = (startS + endS) / 2;
    const lengthS = timeS - this.previousS;
    const follows = lengthS >= 0 && lengthS <= this.longestS;
    if (follows) this.energyJ += Math.max(0, ((this.previousW + powerW) / 2) * lengthS);
    this.previousS = this.atS = timeS;
    this.atErrorS = (endS - startS) / 2;
    this.previousW = powerW;
    return follows;
  }

  interrupt(): void {
    this.previousS = Number.NaN;
  }
}

/** Each new value is the mean since the one before: it counts backwards, exactly, and not for the time to come. */
class MeansBefore implements PowerIntegral {
  energyJ = 0;
  /** Up to here energy is accounted for. */
  atS = Number.NaN;
  atErrorS = 0;
  private previousS = Number.NaN;
  private previousW = Number.NaN;

  constructor(
    private readonly periodS: number,
    private readonly longestS: number,
  ) {}

  add(startS: number, endS: number, powerW: number): boolean {
    const follows = endS - this.previousS <= this.longestS;
    const [fromS, toS] = [this.previousS, endS];
    this.previousS = startS;
    if (!follows) {
      this.atS = (startS + endS) / 2;
      this.atErrorS = this.periodS / 2;
    } else if (powerW !== this.previousW) {
      this.account((fromS + toS) / 2, powerW);
      this.atErrorS = (toS - fromS) / 2;
    } else if (startS - this.atS > 1.5 * this.periodS) {
      // Equal values cannot be told from no new value: after half a period of waiting they count as one.
      this.account(this.atS + this.periodS, powerW);
      this.atErrorS = this.periodS / 4;
    }
    this.previousW = powerW;
    return follows;
  }

  interrupt(): void {
    this.previousS = Number.NaN;
  }

  private account(untilS: number, powerW: number): void {
    this.energyJ += Math.max(0, powerW * (untilS - this.atS));
    this.atS = untilS;
  }
}
