/**
 * When to poll next: a pure function of the time since the run's start.
 *
 * What a poll costs the user was measured beside a two-thread PyTorch loop of 15 ms iterations on two cores
 * (reference/attribution.md): nothing at 10 Hz, 0-3 % at 100 Hz, 9-15 % at 1 kHz. What it brings: with 100 Hz most
 * intervals between readings of a fast counter lie inside one phase, and the change of a slow counter is seen to 10 ms.
 * So 100 Hz in bursts, the storing rate between them. An hour has 60 s + 59 x 5 s of bursts, a tenth of it: a mean of
 * 19 polls a second and at most 0.3 % of the user's time; a run of up to a minute is one burst. The estimate needs
 * thousands of intervals, not all of them: the bursts of that hour give 35,500 of a fast counter.
 */

/** The first minute: short runs are all burst, and the meter's clock is learned at once. */
export const firstBurstS = 60;
/** Afterwards the first seconds of every minute. */
export const laterBurstS = 5;
const burstEveryS = 60;
/** As dense as a burst gets. */
export const burstHz = 100;

/** Polls an update where the update is slow: its change is then seen to a twentieth of it, either side. */
const pollsAnUpdate = 10;
/** Nothing is learned from more looks than this at a meter that hardly ever moves, and nothing is gained from fewer. */
const slowestPollS = 0.1;

/**
 * Steps are longer by this than the rate says. Meters publish at round periods: beside steps of 10 ms one of 20 ms would
 * change at the same place between two polls for the whole run, and when would never be known better.
 */
const outOfStep = 1 / 0.97;

/** The golden ratio's fraction: multiples of it fill 0..1 evenly and never in step with anything. */
const golden = 0.618033988749895;

/** Whether everything new is stored at this time, and not only as much as the storing rate says. */
export function inBurst(timeS: number): boolean {
  return timeS < firstBurstS || timeS % burstEveryS < laterBurstS;
}

/**
 * The time of the next poll of devices that are read together.
 *
 * Polls are not quite regular on purpose, up to a quarter of a step early or late: a counter that is published every
 * 100 ms and looked at every 10 ms sharp would be caught in the same ten milliseconds for ever, and a loop of 20 ms
 * iterations would be read at the same two places. The offsets depend on the time alone.
 * @param nowS seconds since the run's start; may be negative
 * @param rateHz readings a second that are stored outside of bursts
 * @param updatePeriodsS of each device, as far as it is known: devices that are all slow are polled less densely
 * @returns seconds since the run's start, later than `nowS`
 */
export function nextPollS(nowS: number, rateHz: number, updatePeriodsS: readonly (number | undefined)[] = []): number {
  const steadyS = 1 / rateHz;
  const fastestS = Math.min(...updatePeriodsS.map((periodS) => periodS ?? 0));
  const enoughS = Number.isFinite(fastestS) ? Math.min(slowestPollS, fastestS / pollsAnUpdate) : 0;
  const burstS = Math.min(steadyS, Math.max(1 / burstHz, enoughS));
  // Between bursts too a slow counter is looked at more often than it is stored, as long as that costs next to nothing.
  const stepS = (inBurst(nowS) ? burstS : steadyS) * outOfStep;
  // The slot after the one in which the last poll was due; a late poll skips the slots that it missed.
  let slot = Math.floor(nowS / stepS + 0.25) + 1;
  let atS = dithered(slot, stepS);
  if (atS <= nowS) atS = dithered(++slot, stepS);
  // A burst begins on time.
  const burstStartS = Math.ceil(nowS / burstEveryS) * burstEveryS;
  return stepS > burstS * outOfStep && atS > burstStartS && burstStartS > nowS ? burstStartS : atS;
}

function dithered(slot: number, stepS: number): number {
  const fraction = slot * golden - Math.floor(slot * golden);
  return (slot + (fraction - 0.5) / 2) * stepS;
}
