/**
 * What the program did at any time: pieces without a hole, one after the other. What no segment covers is `rest`, the
 * column after the last phase.
 */
export interface Segments {
  /** Seconds, rising; disjoint (see `flattenSpans`). */
  readonly startS: Float64Array;
  readonly endS: Float64Array;
  /** Column of each. */
  readonly phase: Uint8Array | Uint16Array | Int32Array;
}

/**
 * Several ranks that share a meter go through their phases each in a lane of its own; a piece is then a time in which
 * none of them changes, and its state says in which column each lane is.
 */
export interface Timeline {
  /** Bounds of the pieces, one more than there are pieces. */
  readonly boundS: Float64Array;
  /** State of each piece. */
  readonly state: Int32Array;
  readonly states: States;
  /** 1: its energy is asked for; 0: outside of the window, or in a hole of the readings. */
  readonly asked: Uint8Array;
}

export interface States {
  readonly lanes: number;
  /** states × lanes, row-major: the column of each lane. */
  readonly columns: Uint16Array;
}

export interface Span {
  readonly fromS: number;
  readonly toS: number;
}

/** Shorter holes between spans are rounding of times that have six decimals. */
const noHoleS = 1.5e-6;

/**
 * @param rest the column of what no segment covers; `rest + 1` where that lasts `longS` or longer
 * @param whole what the pieces cover
 * @param window whose energy is asked for, without `holes`; pieces are cut at its ends and at theirs
 */
export function timelineOf(
  { startS, endS, phase }: Segments,
  rest: number,
  whole: Span,
  window: Span,
  holes: readonly Span[] = [],
  longS = Number.POSITIVE_INFINITY,
): Timeline {
  const cuts = [window.fromS, window.toS, ...holes.flatMap(({ fromS, toS }) => [fromS, toS])].sort((a, b) => a - b);
  const most = 2 * startS.length + 2 + cuts.length;
  const boundS = new Float64Array(most + 1);
  const column = new Uint16Array(most);
  const asked = new Uint8Array(most);
  let pieces = 0;
  let cut = 0;
  let atS = whole.fromS;
  boundS[0] = atS;
  const isAsked = (timeS: number) =>
    timeS >= window.fromS && timeS < window.toS && !holes.some(({ fromS, toS }) => timeS >= fromS && timeS < toS);
  let asking = isAsked(atS);
  const add = (untilS: number, what: number) => {
    while (atS < untilS) {
      while (cut < cuts.length && cuts[cut]! <= atS) {
        cut++;
        asking = isAsked(atS);
      }
      column[pieces] = what;
      asked[pieces++] = asking ? 1 : 0;
      boundS[pieces] = atS = Math.min(untilS, cuts[cut] ?? untilS);
    }
  };
  const addRest = (untilS: number) => add(untilS, untilS - atS >= longS ? rest + 1 : rest);
  for (let segment = 0; segment < startS.length && atS < whole.toS; segment++) {
    if (endS[segment]! <= atS) continue;
    if (startS[segment]! - atS > noHoleS) addRest(Math.min(startS[segment]!, whole.toS));
    add(Math.min(endS[segment]!, whole.toS), phase[segment]!);
  }
  addRest(whole.toS);
  return {
    boundS: boundS.slice(0, pieces + 1),
    state: Int32Array.from(column.subarray(0, pieces)),
    states: { lanes: 1, columns: Uint16Array.from({ length: rest + 2 }, (_, k) => k) },
    asked: asked.slice(0, pieces),
  };
}

/**
 * Lanes side by side.
 * @param lanes of one lane each, over the same whole, window and holes, without a common column
 */
export function joined(lanes: readonly Timeline[]): Timeline {
  if (lanes.length === 1) return lanes[0]!;
  const most = lanes.reduce((sum, { state }) => sum + state.length, 0);
  const boundS = new Float64Array(most + 1);
  const state = new Int32Array(most);
  const asked = new Uint8Array(most);
  const known = new Map<string, number>();
  const columns: number[] = [];
  const at = new Int32Array(lanes.length);
  let pieces = 0;
  boundS[0] = lanes[0]!.boundS[0]!;
  for (;;) {
    const now = lanes.map(({ state: of, states }, lane) => states.columns[of[at[lane]!]!]!);
    const name = now.join(" ");
    let number = known.get(name);
    if (number === undefined) {
      known.set(name, (number = known.size));
      columns.push(...now);
    }
    let untilS = Number.POSITIVE_INFINITY;
    lanes.forEach((lane, k) => {
      untilS = Math.min(untilS, lane.boundS[at[k]! + 1]!);
    });
    state[pieces] = number;
    asked[pieces] = lanes[0]!.asked[at[0]!]!;
    boundS[++pieces] = untilS;
    lanes.forEach((lane, k) => {
      if (lane.boundS[at[k]! + 1]! <= untilS) at[k]!++;
    });
    if (lanes.some((lane, k) => at[k]! >= lane.state.length)) break;
  }
  return {
    boundS: boundS.slice(0, pieces + 1),
    state: state.slice(0, pieces),
    states: { lanes: lanes.length, columns: Uint16Array.from(columns) },
    asked: asked.slice(0, pieces),
  };
}

/** Sum of a value a column over the lanes of each state. */
export function ofStates({ lanes, columns }: States, ofColumn: Float64Array): Float64Array {
  const sums = new Float64Array(columns.length / lanes);
  for (let k = 0; k < columns.length; k++) sums[Math.floor(k / lanes)]! += ofColumn[columns[k]!]!;
  return sums;
}

/** Seconds of each column in the pieces that are asked for, and the sum of the squares of their lengths (s²). */
export function askedTime({ boundS, state, states, asked }: Timeline, columns: number) {
  const timeS = new Float64Array(columns);
  const squareS2 = new Float64Array(columns);
  const { lanes } = states;
  for (let piece = 0; piece < state.length; piece++) {
    if (asked[piece] === 0) continue;
    const lengthS = boundS[piece + 1]! - boundS[piece]!;
    for (let k = state[piece]! * lanes, end = k + lanes; k < end; k++) {
      timeS[states.columns[k]!]! += lengthS;
      squareS2[states.columns[k]!]! += lengthS * lengthS;
    }
  }
  return { timeS, squareS2 };
}

/** The piece that contains a time: the last one that begins at it or before. */
export function pieceAt({ boundS, state }: Timeline, timeS: number): number {
  let low = 0;
  let high = state.length;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (boundS[middle]! <= timeS) low = middle;
    else high = middle;
  }
  return low;
}
