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

export interface Timeline {
  /** Bounds of the pieces, one more than there are pieces. */
  readonly boundS: Float64Array;
  readonly phase: Uint16Array;
  /** 1: its energy is asked for; 0: outside of the window, or in a hole of the readings. */
  readonly asked: Uint8Array;
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
  return { boundS: boundS.slice(0, pieces + 1), phase: column.slice(0, pieces), asked: asked.slice(0, pieces) };
}

/** Seconds of each column in the pieces that are asked for, and the sum of the squares of their lengths (s²). */
export function askedTime({ boundS, phase, asked }: Timeline, columns: number) {
  const timeS = new Float64Array(columns);
  const squareS2 = new Float64Array(columns);
  for (let piece = 0; piece < phase.length; piece++) {
    if (asked[piece] === 0) continue;
    const lengthS = boundS[piece + 1]! - boundS[piece]!;
    timeS[phase[piece]!]! += lengthS;
    squareS2[phase[piece]!]! += lengthS * lengthS;
  }
  return { timeS, squareS2 };
}

/** The piece that contains a time: the last one that begins at it or before. */
export function pieceAt({ boundS, phase }: Timeline, timeS: number): number {
  let low = 0;
  let high = phase.length;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (boundS[middle]! <= timeS) low = middle;
    else high = middle;
  }
  return low;
}
