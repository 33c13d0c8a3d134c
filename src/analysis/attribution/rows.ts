/**
 * One row for each interval between two readings: what the program did in it. Built in one sweep over intervals and
 * pieces together, so it costs O(intervals + pieces).
 *
 * A reading's time is known to a few tenths of a millisecond at best. The row of an interval is therefore the mean over
 * the times that its bounds can have: then the error of the times is independent of the row (Berkson's case, Carroll et
 * al. 2006, Measurement Error in Nonlinear Models, 1.4) and biases nothing, where the row at the middle time would.
 */
import { pieceAt, type States, type Timeline } from "./timeline";

/** Readings without a hole, in order of time. */
export interface Stretch {
  /** n + 1 readings: seconds on the meter's clock, their standard deviation, cumulative joules. */
  readonly timeS: Float64Array;
  readonly spreadS: Float64Array;
  readonly energyJ: Float64Array;
}

export interface Rows {
  /** Intervals. */
  readonly count: number;
  /** Phases and, last, the rest. */
  readonly columns: number;
  /** Joules of each interval. */
  readonly energyJ: Float64Array;
  readonly lengthS: Float64Array;
  /** intervals × columns, row-major: seconds of the phase in the interval. */
  readonly timeS: Float64Array;
  /** intervals × columns: sum of squared lengths of the pieces that lie inside altogether, s². */
  readonly innerS2: Float64Array;
  /**
   * The piece that an interval begins in, or ends in: its number, its state, its seconds inside, its
   * whole length (0 where it is not asked for).
   */
  readonly first: Crossing;
  readonly last: Crossing;
  /** intervals × columns: what went on just before and after the interval's end (and `startNear` its start), seconds. */
  readonly endNear: Near;
  readonly startNear: Near;
  /** The reading before an interval is not the one that ends the interval before it. */
  readonly isStart: Uint8Array;
  readonly states: States;
}

interface Crossing {
  readonly piece: Int32Array;
  readonly state: Int32Array;
  readonly insideS: Float64Array;
  readonly wholeS: Float64Array;
}

/** Of a reading: the time's standard deviation, and the share of each column in the time before and after it. */
interface Near {
  readonly spreadS: Float64Array;
  readonly before: Float64Array;
  readonly after: Float64Array;
}

/** Gauss-Legendre nodes on -1..1 and weights that sum to 1. */
const nodes = [-0.8611363115940526, -0.33998104358485626, 0.33998104358485626, 0.8611363115940526];
const weights = [0.1739274225687269, 0.3260725774312731, 0.3260725774312731, 0.1739274225687269];

/** @param lagS what the meter says at `timeS` was true `lagS` earlier on the trace's clock */
export function rowsOf(stretches: readonly Stretch[], timeline: Timeline, columns: number, lagS: number): Rows {
  const count = stretches.reduce((sum, { timeS }) => sum + timeS.length - 1, 0);
  const rows = emptyRows(count, columns, timeline.states);
  let row = 0;
  for (const stretch of stretches) row = addStretch(rows, row, stretch, timeline, lagS);
  if (row !== count) throw new Error(`${row} of ${count} rows were filled`);
  return rows;
}

function emptyRows(count: number, columns: number, states: States): Rows {
  const crossing = (): Crossing => ({
    piece: new Int32Array(count),
    state: new Int32Array(count),
    insideS: new Float64Array(count),
    wholeS: new Float64Array(count),
  });
  const near = (): Near => ({
    spreadS: new Float64Array(count),
    before: new Float64Array(count * columns),
    after: new Float64Array(count * columns),
  });
  return {
    count,
    columns,
    energyJ: new Float64Array(count),
    lengthS: new Float64Array(count),
    timeS: new Float64Array(count * columns),
    innerS2: new Float64Array(count * columns),
    first: crossing(),
    last: crossing(),
    endNear: near(),
    startNear: near(),
    isStart: new Uint8Array(count),
    states,
  };
}

function addStretch(rows: Rows, from: number, stretch: Stretch, timeline: Timeline, lagS: number): number {
  const { columns } = rows;
  const { boundS, state } = timeline;
  const shift = new Float64Array(columns);
  const previousShift = new Float64Array(columns);
  const before = new Float64Array(columns);
  const after = new Float64Array(columns);
  let piece = pieceAt(timeline, stretch.timeS[0]! - lagS);
  look(timeline, piece, stretch.timeS[0]! - lagS, stretch.spreadS[0]!, previousShift, before, after);
  for (let reading = 1; reading < stretch.timeS.length; reading++) {
    const row = from + reading - 1;
    const startS = stretch.timeS[reading - 1]! - lagS;
    const endS = stretch.timeS[reading]! - lagS;
    rows.energyJ[row] = stretch.energyJ[reading]! - stretch.energyJ[reading - 1]!;
    rows.lengthS[row] = endS - startS;
    rows.isStart[row] = reading === 1 ? 1 : 0;
    rows.startNear.spreadS[row] = stretch.spreadS[reading - 1]!;
    rows.startNear.before.set(before, row * columns);
    rows.startNear.after.set(after, row * columns);
    const firstPiece = piece;
    let insideS = Math.min(endS, boundS[piece + 1]!) - startS;
    cross(rows.first, row, timeline, piece, insideS);
    add(rows.timeS, row * columns, timeline, piece, insideS);
    while (piece + 1 < state.length && boundS[piece + 1]! <= endS) {
      piece++;
      insideS = Math.min(endS, boundS[piece + 1]!) - boundS[piece]!;
      add(rows.timeS, row * columns, timeline, piece, insideS);
      if (boundS[piece + 1]! <= endS) add(rows.innerS2, row * columns, timeline, piece, insideS * insideS);
    }
    cross(rows.last, row, timeline, piece, piece === firstPiece ? 0 : insideS);
    look(timeline, piece, endS, stretch.spreadS[reading]!, shift, before, after);
    rows.endNear.spreadS[row] = stretch.spreadS[reading]!;
    rows.endNear.before.set(before, row * columns);
    rows.endNear.after.set(after, row * columns);
    for (let column = 0; column < columns; column++) {
      rows.timeS[row * columns + column]! += shift[column]! - previousShift[column]!;
      previousShift[column] = shift[column]!;
    }
  }
  return from + stretch.timeS.length - 1;
}

function cross(
  crossing: Crossing,
  row: number,
  { boundS, state, asked }: Timeline,
  piece: number,
  insideS: number,
): void {
  crossing.piece[row] = piece;
  crossing.state[row] = state[piece]!;
  crossing.insideS[row] = insideS;
  crossing.wholeS[row] = asked[piece] === 1 ? boundS[piece + 1]! - boundS[piece]! : 0;
}

/**
 * Around one reading: by how much the seconds of each column until it change in the mean when its time varies
 * (uniformly, with this standard deviation), and the shares of each column in the time just before and after.
 */
function look(
  timeline: Timeline,
  piece: number,
  timeS: number,
  spreadS: number,
  shift: Float64Array,
  before: Float64Array,
  after: Float64Array,
): void {
  shift.fill(0);
  before.fill(0);
  after.fill(0);
  const halfS = Math.sqrt(3) * spreadS;
  const { boundS } = timeline;
  // Inside one piece, and that is most of the time, early and late cancel.
  if (halfS === 0 || (timeS - halfS >= boundS[piece]! && timeS + halfS <= boundS[piece + 1]!)) {
    add(before, 0, timeline, piece, 1);
    add(after, 0, timeline, piece, 1);
    return;
  }
  for (let node = 0; node < nodes.length; node++) {
    walk(timeline, piece, timeS, timeS + nodes[node]! * halfS, weights[node]!, shift);
  }
  walk(timeline, piece, timeS, timeS - halfS, -1 / halfS, before);
  walk(timeline, piece, timeS, timeS + halfS, 1 / halfS, after);
}

/** Adds `factor` times the seconds of each column from one time to another (negative where that is earlier). */
function walk(timeline: Timeline, piece: number, fromS: number, toS: number, factor: number, into: Float64Array): void {
  const { boundS, state } = timeline;
  let atS = fromS;
  if (toS >= fromS) {
    while (piece + 1 < state.length && boundS[piece + 1]! < toS) {
      add(into, 0, timeline, piece, factor * (boundS[piece + 1]! - atS));
      atS = boundS[++piece]!;
    }
  } else {
    while (piece > 0 && boundS[piece]! > toS) {
      add(into, 0, timeline, piece, factor * (boundS[piece]! - atS));
      atS = boundS[piece--]!;
    }
  }
  add(into, 0, timeline, piece, factor * (toS - atS));
}

/** Adds to the column of each lane of a piece. */
function add(into: Float64Array, offset: number, { state, states }: Timeline, piece: number, value: number): void {
  const { lanes, columns } = states;
  for (let k = state[piece]! * lanes, end = k + lanes; k < end; k++) into[offset + columns[k]!]! += value;
}
