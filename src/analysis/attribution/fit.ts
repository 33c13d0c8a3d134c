/**
 * The lag between meter and trace, and the size of each kind of noise: whatever makes the readings most likely.
 *
 * They are found in turn, powers integrated out: the lag on a grid and then finer, the noise by the simplex method over
 * logarithms. Both are shared by the whole run, so a part of a long run is enough to find them.
 */
import { evidence, type Prior } from "./evidence";
import { minimize, minimizeOnLine } from "./minimize";
import { type Rows, rowsOf, type Stretch } from "./rows";
import type { Timeline } from "./timeline";
import type { Noise } from "./whiten";

export interface Fit {
  readonly lagS: number;
  readonly lagErrorS: number;
  /** Lags that explain the readings about as well, the best included, with their shares of the probability. */
  readonly lags: readonly PossibleLag[];
  readonly noise: Noise;
  /** Powers that the noise is in proportion to, never below a twentieth of the mean. */
  readonly noisePowerW: Float64Array;
}

export interface FitInput {
  /** What lag and noise are found from. */
  readonly stretches: readonly Stretch[];
  /** As many or more, that the lag is refined with once it is nearly known. */
  readonly more: readonly Stretch[];
  readonly timeline: Timeline;
  readonly columns: number;
  /** What each column is. */
  readonly kinds: readonly ColumnKind[];
  readonly prior: Prior;
  /** Of the meter: the noise is in proportion to it. */
  readonly meanPowerW: number;
  readonly lag: LagRange;
}

/** A phase, what lies between spans, or what does so for long. */
export type ColumnKind = "phase" | "rest" | "long";

export interface PossibleLag {
  readonly lagS: number;
  /** Standard error about `lagS`. */
  readonly errorS: number;
  /** All together 1. */
  readonly probability: number;
}

export interface LagRange {
  readonly fromS: number;
  readonly toS: number;
  /** Nothing known: meters are rarely later than this. */
  readonly deviationS: number;
}

/** Phases change within milliseconds: a grid that steps over the shortest phase could miss the valley. */
const gridStepS = 0.002;
const toleranceS = 2e-7;

/**
 * What each kind of noise is likely to be before anything is measured, and by which factor it may well differ. Wide,
 * so that a run of a minute decides by itself; it keeps kinds that look alike in few data from running off.
 * Shares of the power; of the mean power (white noise: in one second; a reading: in a median interval).
 */
const usual = { span: 0.1, rest: 0.2, white: 0.02, reading: 0.003 };
/**
 * What lies between spans for long is anything: start-up, a checkpoint, idling. Each such gap has a power of its own,
 * and the readings inside of it say which.
 */
const longGap = 0.5;
const spread = { span: Math.log(3), rest: Math.log(2.5), white: Math.log(5), reading: Math.log(5) };

export function fitLagAndNoise(input: FitInput): Fit {
  const { stretches, more, timeline, columns, kinds, prior, meanPowerW, lag } = input;
  const scaleJ = meanPowerW * medianLength(stretches);
  const noiseOf = (log: Float64Array): Noise => ({
    share: Float64Array.from({ length: columns }, (_, column) => {
      if (kinds[column] === "long") return longGap;
      return kinds[column] === "phase" ? usual.span * Math.exp(log[0]!) : usual.rest * Math.exp(log[1]!);
    }),
    whiteJ: usual.white * meanPowerW * Math.exp(log[2]!),
    readingJ: usual.reading * scaleJ * Math.exp(log[3]!),
  });
  const unlikely = (log: Float64Array) =>
    (log[0]! / spread.span) ** 2 +
    (log[1]! / spread.rest) ** 2 +
    (log[2]! / spread.white) ** 2 +
    (log[3]! / spread.reading) ** 2;
  const bounded = (powerW: Float64Array) =>
    powerW.map((power) => Math.min(8, Math.max(0.05, power / prior.meanW)) * prior.meanW);
  const rowsAt = (lagS: number, of = stretches) => rowsOf(of, timeline, columns, lagS);

  let logs = new Float64Array(4);
  let noisePowerW = new Float64Array(columns).fill(prior.meanW);
  const misfitAt = (lagS: number, of = stretches) =>
    evidence(rowsAt(lagS, of), noisePowerW, noiseOf(logs), prior).misfit + (lagS / lag.deviationS) ** 2;
  let lagS = minimizeOnLine((at) => misfitAt(at), lag.fromS, lag.toS, gridStepS, toleranceS).at;
  let rows: Rows = rowsAt(lagS);
  for (let round = 0; round < 2; round++) {
    noisePowerW = bounded(evidence(rows, noisePowerW, noiseOf(logs), prior).powerW);
    noisePowerW = bounded(evidence(rows, noisePowerW, noiseOf(logs), prior).powerW);
    const explain = (log: Float64Array) => evidence(rows, noisePowerW, noiseOf(log), prior).misfit + unlikely(log);
    logs = Float64Array.from(minimize(explain, logs, round === 0 ? 1 : 0.4, round === 0 ? 120 : 80).at);
    lagS = minimizeOnLine((at) => misfitAt(at), lagS - gridStepS, lagS + gridStepS, gridStepS, toleranceS).at;
    rows = rowsAt(lagS);
  }
  let lags = possibleLags((at) => misfitAt(at), lagS, lag);
  const [only, another] = lags;
  if (only && another === undefined && more !== stretches && only.errorS < gridStepS) {
    const misfitOfMore = (at: number) => misfitAt(at, more);
    const { lagS: nearS, errorS } = only;
    lagS = minimizeOnLine(misfitOfMore, nearS - 3 * errorS, nearS + 3 * errorS, errorS, toleranceS).at;
    lags = [{ lagS, errorS: errorOfLag(misfitOfMore, lagS, lag), probability: 1 }];
  }
  const mean = lags.reduce((sum, one) => sum + one.probability * one.lagS, 0);
  const variance = lags.reduce((sum, one) => sum + one.probability * (one.errorS ** 2 + (one.lagS - mean) ** 2), 0);
  return { lagS, lagErrorS: Math.sqrt(variance), lags, noise: noiseOf(logs), noisePowerW };
}

/** Less likely than this beside the best, and it changes nothing that is shown. */
const negligible = 1e-3;
const mostLags = 12;

/**
 * All lags that the readings allow. Usually that is one, known to a fraction of a millisecond. In a loop whose
 * iterations are all the same there may be several (the readings fit as well with phases exchanged), and where nothing
 * tells it is a whole range: what is then answered must be as uncertain as that.
 */
function possibleLags(misfitAt: (lagS: number) => number, bestS: number, range: LagRange): PossibleLag[] {
  const best = { lagS: bestS, errorS: errorOfLag(misfitAt, bestS, range), misfit: misfitAt(bestS) };
  const count = Math.ceil((range.toS - range.fromS) / gridStepS);
  const gridS = Array.from({ length: count + 1 }, (_, k) => range.fromS + ((range.toS - range.fromS) * k) / count);
  const misfits = gridS.map(misfitAt);
  const found: (typeof best)[] = [best];
  if (best.errorS > 2 * gridStepS) {
    found.length = 0;
    const stride = Math.ceil(gridS.length / (2 * mostLags));
    for (let k = 0; k < gridS.length; k += stride)
      found.push({ lagS: gridS[k]!, errorS: gridStepS, misfit: misfits[k]! });
  } else {
    for (let k = 1; k + 1 < gridS.length; k++) {
      // A valley narrower than the grid is deeper than its rim by what a step costs: generous, then looked at closely.
      if (misfits[k]! > misfits[k - 1]! || misfits[k]! > misfits[k + 1]! || misfits[k]! > best.misfit + 60) continue;
      if (Math.abs(gridS[k]! - bestS) < 1.5 * gridStepS) continue;
      const { at, value } = minimizeOnLine(misfitAt, gridS[k - 1]!, gridS[k + 1]!, gridStepS, 1e-5);
      if (value < best.misfit + 20) found.push({ lagS: at, errorS: errorOfLag(misfitAt, at, range), misfit: value });
    }
  }
  const least = Math.min(...found.map(({ misfit }) => misfit));
  const weigh = ({ errorS, misfit }: typeof best) => errorS * Math.exp((least - misfit) / 2);
  const sum = found.reduce((total, one) => total + weigh(one), 0);
  const lags = found.map((one) => ({ lagS: one.lagS, errorS: one.errorS, probability: weigh(one) / sum }));
  const likely = lags
    .filter(({ probability }) => probability > negligible)
    .sort((a, b) => b.probability - a.probability);
  const kept = likely.slice(0, mostLags);
  const keptSum = kept.reduce((total, { probability }) => total + probability, 0);
  return kept.map((one) => ({ ...one, probability: one.probability / keptSum }));
}

/** From how steeply the misfit rises: by 1 at one standard deviation. */
function errorOfLag(misfitAt: (lagS: number) => number, lagS: number, lag: LagRange): number {
  const least = misfitAt(lagS);
  for (let stepS = 2e-5; stepS < lag.deviationS; stepS *= 2) {
    const rise = (misfitAt(lagS - stepS) + misfitAt(lagS + stepS)) / 2 - least;
    if (rise > 0.5) return stepS / Math.sqrt(rise);
  }
  return lag.deviationS;
}

export function medianLength(stretches: readonly Stretch[]): number {
  const lengths: number[] = [];
  for (const { timeS } of stretches) for (let k = 1; k < timeS.length; k++) lengths.push(timeS[k]! - timeS[k - 1]!);
  lengths.sort((a, b) => a - b);
  return lengths[lengths.length >> 1] ?? Number.NaN;
}
