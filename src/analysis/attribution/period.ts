/** The period of a meter that publishes regularly, from spans of time in each of which it published once. */

/** Readings in order of time; the moment of each lies in `timeS ± halfS`. */
export interface Moments {
  readonly timeS: Float64Array;
  readonly halfS: Float64Array;
}

/** Below this many readings nothing about regularity can be said. */
const fewest = 12;
/** Of the mean of unit vectors at the readings' phases, over what it would be of a regular meter: 0 is anything. */
const regular = 0.7;
/** Periods in the first part that is looked at: fewer, and chance looks regular. */
const firstPart = 48;

/**
 * @returns seconds, or undefined where there is no common period to be seen. It is refined over ever longer parts of
 * the run (a period 1 % off is a whole turn off after a hundred updates) for as long as the clock stays regular.
 */
export function periodOf({ timeS, halfS }: Moments): number | undefined {
  const lengths: number[] = [];
  const sharpS = 2 * sharpHalf(halfS);
  let touching = 0;
  for (let k = 1; k < timeS.length; k++) {
    if (halfS[k]! > sharpS || halfS[k - 1]! > sharpS) continue;
    const lengthS = timeS[k]! - timeS[k - 1]!;
    lengths.push(lengthS);
    if (lengthS < 1.05 * (halfS[k]! + halfS[k - 1]!)) touching++;
  }
  // Where nearly every poll sees a new value, spans touch each other: their distance is that of the polls.
  if (lengths.length < fewest || touching > 0.7 * lengths.length) return undefined;
  // A usual width of the sharp ones is how far apart polls are, and their own rhythm is not the meter's.
  const widthS =
    2 *
    sharpHalf(
      halfS.filter((half) => half <= sharpS),
      0.4,
    );
  lengths.sort((a, b) => a - b);
  // A late poll misses an update now and then; most intervals are single.
  const single = lengths[lengths.length >> 1]!;
  const near = lengths.filter((lengthS) => lengthS > 0.5 * single && lengthS < 1.6 * single);
  let periodS = near.reduce((sum, lengthS) => sum + lengthS, 0) / near.length;
  // Lengths are known to the distance of two polls, and a choice was made among them: good to a sixth.
  let uncertainty = 0.16;
  const startS = timeS[0]!;
  const wholeS = timeS[timeS.length - 1]! - startS;
  for (let partS = firstPart * periodS; ; partS *= 3) {
    const found = refine(timeS, halfS, startS + partS, periodS, Math.max(uncertainty, 1e-7));
    if (found.regularity < regular)
      return partS > 2 * firstPart * periodS && periodS > 1.3 * widthS ? periodS : undefined;
    periodS = found.periodS;
    uncertainty = (0.3 * periodS) / partS;
    if (partS >= wholeS) return periodS > 1.3 * widthS ? periodS : undefined;
  }
}

function refine(timeS: Float64Array, halfS: Float64Array, untilS: number, aboutS: number, share: number) {
  let best = { periodS: aboutS, regularity: -1 };
  let width = share;
  let centreS = aboutS;
  for (let round = 0; round < 3; round++) {
    // Six looks for each turn by which the end of the part moves over the range.
    const looks = Math.max(16, Math.ceil((6 * width * (untilS - timeS[0]!)) / centreS));
    for (let k = -looks; k <= looks; k++) {
      const periodS = centreS * (1 + (width * k) / looks);
      const regularity = regularityAt(timeS, halfS, untilS, periodS);
      if (regularity > best.regularity) best = { periodS, regularity };
    }
    centreS = best.periodS;
    width /= 8;
  }
  return best;
}

function regularityAt(timeS: Float64Array, halfS: Float64Array, untilS: number, periodS: number): number {
  let cosine = 0;
  let sine = 0;
  let weights = 0;
  let count = 0;
  while (count < timeS.length && timeS[count]! <= untilS) count++;
  // A few thousand are enough to see a rhythm.
  const stride = Math.max(1, Math.floor(count / 4000));
  for (let k = 0; k < count; k += stride) {
    // A moment known to half a period either way says nothing of the phase.
    const weight = Math.max(0, 1 - (2 * halfS[k]!) / periodS);
    const angle = (2 * Math.PI * (timeS[k]! - timeS[0]!)) / periodS;
    cosine += weight * Math.cos(angle);
    sine += weight * Math.sin(angle);
    // Spread evenly over its span, a moment of a regular meter has this much of a unit vector left on average.
    const turn = (2 * Math.PI * halfS[k]!) / periodS;
    if (weight > 0) weights += turn > 0 ? (weight * Math.sin(turn)) / turn : weight;
  }
  return weights === 0 ? 0 : Math.hypot(cosine, sine) / weights;
}

/** Half widths of the sharpest spans: of a burst, where polls are dense in parts of the run only. */
export function sharpHalf(halfS: Float64Array, quantile = 0.05): number {
  return Float64Array.from(halfS).sort()[Math.floor(halfS.length * quantile)] ?? Number.NaN;
}
