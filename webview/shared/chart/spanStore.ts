import { Growing } from "../../../src/model/grow";
import { clamp, upperBound } from "./columns";

/** One batch of spans of one rank in one file; the shape in which messages bring them. */
export interface Spans {
  readonly rank: number;
  readonly phaseNames: readonly string[];
  readonly path: string;
  readonly phase: Uint8Array;
  readonly startS: Float64Array;
  readonly durationS: Float64Array;
  readonly line: Int32Array;
}

/** Spans of one rank that do not overlap, in order. `phase` and `path` index the store's names. */
export interface FlatSpans {
  readonly startS: Float64Array;
  readonly endS: Float64Array;
  readonly phase: Uint8Array;
  readonly line: Int32Array;
  readonly path: Uint16Array;
}

class RankSpans {
  readonly startS = new Growing(new Float64Array(1024));
  readonly endS = new Growing(new Float64Array(1024));
  readonly phase = new Growing(new Uint8Array(1024));
  readonly line = new Growing(new Int32Array(1024));
  readonly path = new Growing(new Uint16Array(1024));
  /** Whether each began after the one before had ended: then they are flat as they are. */
  tidy = true;
  flat: FlatSpans | undefined;
}

/** What the ranks of a run did when. */
export class SpanStore {
  readonly phaseNames: string[] = [];
  readonly paths: string[] = [];
  private readonly byRank = new Map<number, RankSpans>();

  /** Ranks that have spans, in order. */
  get ranks(): readonly number[] {
    return [...this.byRank.keys()].sort((a, b) => a - b);
  }

  /** Spans that make no sense (no number, no phase of that index, no duration) are left out. */
  append(spans: Spans): void {
    const phaseOf = spans.phaseNames.map((name) => indexOf(this.phaseNames, name, 255));
    const path = indexOf(this.paths, spans.path, 65_535);
    const rank = this.byRank.get(spans.rank) ?? new RankSpans();
    this.byRank.set(spans.rank, rank);
    rank.flat = undefined;
    let lastEndS = rank.endS.length === 0 ? Number.NEGATIVE_INFINITY : rank.endS.view()[rank.endS.length - 1]!;
    for (let i = 0; i < spans.startS.length; i++) {
      const startS = spans.startS[i]!;
      const endS = startS + spans.durationS[i]!;
      const phase = phaseOf[spans.phase[i]!];
      if (phase === undefined || !Number.isFinite(startS) || !(endS > startS) || endS === Number.POSITIVE_INFINITY)
        continue;
      // Clocks are written with six decimals: a microsecond of overlap is none.
      if (startS < lastEndS - 1.5e-6) rank.tidy = false;
      lastEndS = endS;
      rank.startS.push(startS);
      rank.endS.push(endS);
      rank.phase.push(phase);
      rank.line.push(spans.line[i] ?? 0);
      rank.path.push(path);
    }
  }

  flat(rank: number): FlatSpans {
    const spans = this.byRank.get(rank) ?? new RankSpans();
    spans.flat ??= spans.tidy ? views(spans) : flatten(views(spans));
    return spans.flat;
  }

  /** The innermost span of a rank at a time. */
  at(
    rank: number,
    timeS: number,
  ): { phase: string; path: string; line: number; startS: number; endS: number } | undefined {
    const flat = this.flat(rank);
    const i = upperBound(flat.startS, timeS) - 1;
    if (i < 0 || flat.endS[i]! < timeS) return undefined;
    return {
      phase: this.phaseNames[flat.phase[i]!]!,
      path: this.paths[flat.path[i]!]!,
      line: flat.line[i]!,
      startS: flat.startS[i]!,
      endS: flat.endS[i]!,
    };
  }

  /** For each phase the source line on which it spent most time, over all ranks; phases without a known line are absent. */
  linesByPhase(): Map<string, { path: string; line: number }> {
    // A place is one number, path × 2^32 + line: with 200,000 spans, strings would be most of the work.
    const timeOf = new Map<number, Map<number, number>>();
    for (const rank of this.byRank.keys()) {
      const flat = this.flat(rank);
      for (let i = 0; i < flat.startS.length; i++) {
        if (flat.line[i]! <= 0) continue;
        const places = timeOf.get(flat.phase[i]!) ?? new Map<number, number>();
        timeOf.set(flat.phase[i]!, places);
        const place = flat.path[i]! * 2 ** 32 + flat.line[i]!;
        places.set(place, (places.get(place) ?? 0) + flat.endS[i]! - flat.startS[i]!);
      }
    }
    const lines = new Map<string, { path: string; line: number }>();
    for (const [phase, places] of timeOf) {
      const [place] = [...places].reduce((most, next) => (next[1] > most[1] ? next : most));
      lines.set(this.phaseNames[phase]!, { path: this.paths[Math.floor(place / 2 ** 32)]!, line: place % 2 ** 32 });
    }
    return lines;
  }
}

/** The spans that touch a window: `first` up to, and not with, `last`. */
export function spansInSight(spans: FlatSpans, fromS: number, toS: number): { first: number; last: number } {
  return { first: Math.max(0, upperBound(spans.startS, fromS) - 1), last: upperBound(spans.startS, toS) };
}

/**
 * The share of each pixel column's time that each phase took.
 *
 * @param only spans of these are counted; all when absent
 * @returns columns × phases, row-major, 0..1
 */
export function sharesPerColumn(
  spans: FlatSpans,
  phases: number,
  fromS: number,
  toS: number,
  columns: number,
  only?: (span: number) => boolean,
): Float32Array {
  const shares = new Float32Array(columns * phases);
  const perS = columns / (toS - fromS);
  const { first, last } = spansInSight(spans, fromS, toS);
  for (let i = first; i < last; i++) {
    if (only !== undefined && !only(i)) continue;
    const begin = clamp((spans.startS[i]! - fromS) * perS, 0, columns);
    const end = clamp((spans.endS[i]! - fromS) * perS, 0, columns);
    for (let column = Math.floor(begin); column < end; column++) {
      shares[column * phases + spans.phase[i]!]! += Math.min(end, column + 1) - Math.max(begin, column);
    }
  }
  return shares;
}

function views(spans: RankSpans): FlatSpans {
  return {
    startS: spans.startS.view(),
    endS: spans.endS.view(),
    phase: spans.phase.view(),
    line: spans.line.view(),
    path: spans.path.view(),
  };
}

/** Cuts spans so that at every moment the one that began last, which is the innermost, remains. */
function flatten(spans: FlatSpans): FlatSpans {
  const count = spans.startS.length;
  // Of two that begin together the longer is the outer one.
  const order = Array.from({ length: count }, (_, i) => i).sort(
    (a, b) => spans.startS[a]! - spans.startS[b]! || spans.endS[b]! - spans.endS[a]!,
  );
  const flat = new RankSpans();
  const open: number[] = [];
  let cursorS = Number.NEGATIVE_INFINITY;
  const emit = (span: number, untilS: number) => {
    const fromS = Math.max(cursorS, spans.startS[span]!);
    if (untilS > fromS) {
      flat.startS.push(fromS);
      flat.endS.push(untilS);
      flat.phase.push(spans.phase[span]!);
      flat.line.push(spans.line[span]!);
      flat.path.push(spans.path[span]!);
    }
    cursorS = Math.max(cursorS, untilS);
  };
  const closeUntil = (timeS: number) => {
    while (open.length > 0 && spans.endS[open[open.length - 1]!]! <= timeS) {
      const span = open.pop()!;
      emit(span, spans.endS[span]!);
    }
  };
  for (const span of order) {
    const startS = spans.startS[span]!;
    closeUntil(startS);
    if (open.length > 0) emit(open[open.length - 1]!, startS);
    open.push(span);
  }
  closeUntil(Number.POSITIVE_INFINITY);
  return views(flat);
}

function indexOf(names: string[], name: string, most: number): number {
  const known = names.indexOf(name);
  if (known >= 0) return known;
  if (names.length >= most) return most - 1;
  return names.push(name) - 1;
}
