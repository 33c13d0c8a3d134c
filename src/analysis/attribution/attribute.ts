/**
 * Energy of each phase of a program, from a meter slower than the phases.
 *
 * The energy of an interval between two readings is the sum over phases of (time of the phase in it) x (power of the
 * phase), and its noise is known in kind (`whiten.ts`). Many intervals give the mean powers by generalised least squares
 * (`evidence.ts`), with reading times from the meter's own clock (`meterClock.ts`), the lag between meter and trace and
 * the sizes of the noise from the readings themselves (`fit.ts`), powers that are not negative (`truncated.ts`), and
 * the measured total kept exactly. Beside its mean power, what each phase deviated from it in this very run is predicted
 * from the same readings (kriging with a fitted mean, Cressie 1993, Statistics for Spatial Data, 3.4), because the
 * question is what this run used. No clock, no randomness: the same readings give the same answer.
 */
import { type Answer, known, unknown } from "../../model/answer";
import { formatDuration } from "../../model/format";
import { attributionAtLeastS } from "./enough";
import { priorOf } from "./evidence";
import { type ColumnKind, fitLagAndNoise, type LagRange, medianLength } from "./fit";
import { groupsOf } from "./groups";
import type { Level } from "./lanes";
import { type PhaseEnergies, phaseEnergies } from "./phaseEnergies";
import { type Readings, someOf, stretchesOf, type TimedReadings, timedReadings } from "./readings";
import type { Stretch } from "./rows";
import { askedTime, joined, type Segments, type Span, type Timeline, timelineOf } from "./timeline";
import { totalEnergy } from "./total";

export interface AttributionInput {
  readonly readings: Readings | TimedReadings;
  /**
   * What the program did; disjoint and in order (`flattenSpans`); what they leave out is `other`. A list where several
   * ranks share the meter, one each: then no column is in two of them.
   */
  readonly segments: Segments | readonly Segments[];
  /**
   * Of several ranks: which columns are the same phase, a list each. Nothing tells how a power that never changes is
   * shared out, so ranks are taken to draw the same in the phase that they spend most time in together (see lanes.ts).
   */
  readonly alike?: readonly (readonly number[])[];
  /** Columns are 0 … phases - 1. */
  readonly phases: number;
  readonly windowStartS: number;
  readonly windowEndS: number;
  /**
   * Spans whose energy is in no reading: integrated power, or an estimate, with nothing read. A counter has none: it
   * goes on counting, and the next interval is simply longer.
   */
  readonly holes?: readonly Span[];
  /** Seconds over which the meter averages, where that is known: its lag may be as long. */
  readonly averagingWindowS?: number;
}

export interface Attribution {
  /** One a phase. Energies and `otherEnergyJ` add up to `totalJ`; none is negative. */
  readonly energyJ: Float64Array;
  /** One standard error, without the sensor's own gain error. */
  readonly standardErrorJ: Float64Array;
  readonly durationS: Float64Array;
  /** Mean power over the time in which the meter was read; NaN for a phase that never was. */
  readonly powerW: Float64Array;
  readonly otherEnergyJ: number;
  readonly otherStandardErrorJ: number;
  readonly otherDurationS: number;
  /** From the raw readings, and its standard error. */
  readonly totalJ: number;
  readonly totalErrorJ: number;
  /** Of the errors of phases and, last, other: (phases + 1)², J². For the error of sums. */
  readonly covarianceJ2: Float64Array;
  /** Columns that cannot be told apart, two or more each; `phases` stands for other. */
  readonly groups: readonly (readonly number[])[];
  /** The meter's time minus the trace's, and its standard error. */
  readonly lagS: number;
  readonly lagErrorS: number;
  /** Seconds between two published values as found, where the meter is regular and slower than the polls. */
  readonly updatePeriodS?: number;
  /** Intervals between readings that the answer is made of. */
  readonly intervals: number;
}

/** Lag and noise are found on this many intervals at most; the energies come from all. */
const learnFrom = 2000;
/** The lag is one number and worth more: in a long run its error would be the largest of all. */
const refineLagWith = 12_000;
/** A gap between spans with this many readings in it is measured by itself, and says nothing of the short ones. */
const longGap = 4;

/** @returns unknown with the reason where there are too few readings for the phases */
export function attribute(input: AttributionInput): Answer<Attribution> {
  // Times count from the window's start: the same run an hour later gives the same numbers to rounding.
  const originS = input.windowStartS;
  const window: Span = { fromS: 0, toS: input.windowEndS - originS };
  const holes = (input.holes ?? []).map(({ fromS, toS }) => ({ fromS: fromS - originS, toS: toS - originS }));
  const timed = "spreadS" in input.readings ? input.readings : timedReadings(input.readings);
  const readings: TimedReadings = { ...timed, timeS: timed.timeS.map((timeS) => timeS - originS) };
  const rough = totalEnergy(readings, window, holes);
  if (!rough.known) return rough;
  const stretches = stretchesOf(readings, window, holes);
  const intervals = stretches.reduce((sum, { timeS }) => sum + timeS.length - 1, 0);
  const longS = longGap * medianLength(stretches);
  const lanes = lanesOf(input).map((segments) => shifted(segments, originS));
  const covered = extent(readings, window);
  const whole = joined(
    lanes.map((segments, lane) => timelineOf(segments, input.phases + 2 * lane, covered, window, holes, longS)),
  );
  const active = activeColumns(whole, input.phases);
  const place = new Map(active.map((column, k) => [column, k]));
  const states = { lanes: lanes.length, columns: whole.states.columns.map((column) => place.get(column) ?? 0) };
  const timeline = { ...whole, states };
  const columns = active.length;
  const needed = 4 + 2 * columns;
  if (intervals < needed) {
    const atLeastS = attributionAtLeastS(window.toS / Math.max(1, intervals), columns);
    const told = active.filter((column) => column < input.phases).length;
    return unknown(
      `${intervals} intervals between readings are too few to tell ${told} phases apart: ` +
        `run at least ${formatDuration(atLeastS)}.`,
    );
  }
  const meanPowerW = Math.max(rough.value.meanPowerW, Number.MIN_VALUE);
  const prior = priorOf(meanPowerW / lanes.length);
  if (rough.value.energyJ <= 0) return unknown("The meter's readings did not rise during the run.");
  const some = someOf(stretches, learnFrom);
  const fitted = fitLagAndNoise({
    stretches: some,
    more: someOf(stretches, refineLagWith),
    timeline,
    columns,
    kinds: active.map((column) => kindOf(column, input.phases)),
    prior,
    meanPowerW,
    lag: lagRange(stretches, input.averagingWindowS),
  });
  const lagged = { fromS: window.fromS + fitted.lagS, toS: window.toS + fitted.lagS };
  const total = totalEnergy(readings, lagged, holes);
  if (!total.known) return total;
  const solved = phaseEnergies({
    stretchesAt: (lagS) => stretchesOf(readings, { fromS: window.fromS + lagS, toS: window.toS + lagS }, holes),
    timeline,
    columns,
    prior,
    ...(lanes.length > 1 && { level: levelOf(input, timeline, active) }),
    fitted,
    total: total.value,
  });
  const groups = groupsOf(solved.powerCovariance, columns, prior.deviationW)
    .map((group) => [...new Set(group.map((column) => Math.min(active[column]!, input.phases)))])
    .filter((group) => group.length > 1);
  return known({
    ...spread(solved, active, input),
    totalJ: total.value.energyJ,
    totalErrorJ: total.value.standardErrorJ,
    groups,
    lagS: fitted.lagS,
    lagErrorS: fitted.lagErrorS,
    ...(readings.updatePeriodS !== undefined && { updatePeriodS: readings.updatePeriodS }),
    intervals,
  });
}

/** From the columns that occur to all phases and other. */
function spread(solved: PhaseEnergies, active: readonly number[], input: AttributionInput) {
  const { phases } = input;
  const size = phases + 1;
  const durationS = new Float64Array(size);
  for (const segments of lanesOf(input)) {
    durations(segments, phases, { fromS: input.windowStartS, toS: input.windowEndS }).forEach((timeS, column) => {
      durationS[column]! += timeS;
    });
  }
  const energyJ = new Float64Array(size);
  const powerW = new Float64Array(size).fill(Number.NaN);
  const covarianceJ2 = new Float64Array(size * size);
  // Short and long gaps are one to the reader.
  const to = active.map((column) => Math.min(column, phases));
  for (let k = 0; k < active.length; k++) {
    energyJ[to[k]!]! += solved.energyJ[k]!;
    powerW[to[k]!] = solved.energyJ[k]! / solved.observedS[k]!;
    for (let l = 0; l < active.length; l++) {
      covarianceJ2[to[k]! * size + to[l]!]! += solved.covarianceJ2[k * active.length + l]!;
    }
  }
  const errorJ = energyJ.map((_, k) => Math.sqrt(Math.max(0, covarianceJ2[k * size + k]!)));
  return {
    energyJ: energyJ.slice(0, phases),
    standardErrorJ: errorJ.slice(0, phases),
    durationS: durationS.slice(0, phases),
    powerW: powerW.slice(0, phases),
    otherEnergyJ: energyJ[phases]!,
    otherStandardErrorJ: errorJ[phases]!,
    otherDurationS: durationS[phases]!,
    covarianceJ2,
  };
}

/** Seconds of each state in what is asked for. */
function stateSeconds({ boundS, state, states, asked }: Timeline): Float64Array {
  const seconds = new Float64Array(states.columns.length / states.lanes);
  for (let piece = 0; piece < state.length; piece++) {
    if (asked[piece] === 1) seconds[state[piece]!]! += boundS[piece + 1]! - boundS[piece]!;
  }
  return seconds;
}

/**
 * The least time that a lane spends in a phase while the others are not all in it. Where all of them always are, as in a
 * start-up, readings tell the sum alone, and nothing of how it is shared out.
 * @param phase its column in each lane
 */
function apartSeconds({ lanes, columns }: Timeline["states"], stateS: Float64Array, phase: readonly number[]): number {
  const seconds = new Float64Array(lanes);
  stateS.forEach((timeS, state) => {
    const inIt = phase.map((column, lane) => columns[state * lanes + lane] === column);
    if (inIt.every(Boolean)) return;
    inIt.forEach((is, lane) => {
      if (is) seconds[lane]! += timeS;
    });
  });
  return Math.min(...seconds);
}

function shifted({ startS, endS, phase }: Segments, originS: number): Segments {
  return { startS: startS.map((timeS) => timeS - originS), endS: endS.map((timeS) => timeS - originS), phase };
}

/** A second of margin on both sides: lags move readings about. */
function extent({ timeS }: Stretch, window: Span): Span {
  return { fromS: Math.min(window.fromS, timeS[0]!) - 1, toS: Math.max(window.toS, timeS[timeS.length - 1]!) + 1 };
}

const lanesOf = ({ segments }: AttributionInput): readonly Segments[] =>
  Array.isArray(segments) ? (segments as readonly Segments[]) : [segments as Segments];

/** After the phases come two columns a lane: what lies between spans briefly, and for long. */
function kindOf(column: number, phases: number): ColumnKind {
  if (column < phases) return "phase";
  return (column - phases) % 2 === 0 ? "rest" : "long";
}

/** Phases with time in the window, other, and long gaps if there are any: nothing else is to be solved for. */
function activeColumns(timeline: Timeline, phases: number): number[] {
  const { lanes, columns } = timeline.states;
  const count = phases + 2 * lanes;
  const { timeS } = askedTime(timeline, count);
  const occurring = new Set<number>();
  for (const state of timeline.state) for (let k = 0; k < lanes; k++) occurring.add(columns[state * lanes + k]!);
  const always = (column: number) => (lanes === 1 && column === phases) || (column >= phases && occurring.has(column));
  return Array.from({ length: count }, (_, column) => column).filter((column) => timeS[column]! > 0 || always(column));
}

/** @param active the column that each column of the timeline stands for */
function levelOf({ phases, alike = [] }: AttributionInput, timeline: Timeline, active: readonly number[]): Level {
  const { lanes, columns } = timeline.states;
  const stateS = stateSeconds(timeline);
  const lane = new Map<number, number>();
  columns.forEach((column, k) => {
    lane.set(column, k % lanes);
  });
  const ofLane = Array.from({ length: lanes }, (_, one) => [...lane].filter(([, at]) => at === one).map(([k]) => k));
  const rests = [0, 1].map((long) => Array.from({ length: lanes }, (_, one) => phases + 2 * one + long));
  const common = [...alike, ...rests].flatMap((list) => {
    const found = list.map((column) => active.indexOf(column));
    const inOrder = ofLane.map((own) => found.find((column) => own.includes(column)) ?? -1);
    if (inOrder.includes(-1)) return [];
    return [{ columns: inOrder, weightS: apartSeconds(timeline.states, stateS, inOrder) }];
  });
  return { lanes: ofLane, alike: common };
}

/** Seconds of each column in the window, measured or not. */
function durations(segments: Segments, rest: number, window: Span): Float64Array {
  return askedTime(timelineOf(segments, rest, window, window), rest + 1).timeS;
}

/**
 * Where the lag can lie. A driver's delay and the age of a published value make the meter late, by an update at most
 * where it publishes what it has; a mean over a window is half the window old. Clocks are the same, so it is hardly
 * ever early; half an update covers readings whose time is not known better.
 */
function lagRange(stretches: readonly Stretch[], averagingWindowS = 0): LagRange {
  const updateS = medianLength(stretches);
  const latestS = Math.min(2, Math.max(0.06, 1.2 * updateS, averagingWindowS));
  return { fromS: -Math.min(0.25, Math.max(0.01, updateS / 4)), toS: latestS, deviationS: latestS / 2 };
}
