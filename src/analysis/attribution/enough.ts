/** How long a run must be for its meter: what is said instead of a number that means nothing. */

/** Readings for a total: its two ends are off by a fifth of an interval each, so 20 intervals make it good to 1-2 %. */
const intervalsForTotal = 20;
/** Intervals a phase: the simulation in test/bench/attribution.ts reaches 25 % for phases of a tenth of the energy. */
const intervalsAPhase = 25;
const shortestS = 1;

/** @param updatePeriodS seconds between two readings of the meter */
export function totalAtLeastS(updatePeriodS: number): number {
  return Math.max(shortestS, intervalsForTotal * updatePeriodS);
}

/** @param phases that are to be told apart, other included */
export function attributionAtLeastS(updatePeriodS: number, phases: number): number {
  return Math.max(shortestS, intervalsAPhase * phases * updatePeriodS);
}

/** Updates of the meter in a block of iterations: its two ends are then a few percent of it, and they cancel between blocks. */
export const updatesABlock = 10;
/** Blocks from whose scatter a standard error is taken. */
export const fewestBlocks = 4;

/** For the energy of an iteration. */
export function iterationsAtLeastS(updatePeriodS: number): number {
  return Math.max(shortestS, fewestBlocks * updatesABlock * updatePeriodS);
}

/**
 * How long a run must be for a phase to be known to a share of its energy, from what a shorter run gave: errors fall
 * with the square root of the time.
 * @returns seconds; undefined where the phase has no energy to be known
 */
export function knownAtLeastS(
  durationS: number,
  energyJ: number,
  standardErrorJ: number,
  share: number,
): number | undefined {
  if (!(energyJ > 0) || !(share > 0)) return undefined;
  return durationS * Math.max(1, (standardErrorJ / (share * energyJ)) ** 2);
}
