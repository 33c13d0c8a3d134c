import { formatCount } from "../../../src/model/format";
import type { Palette } from "../theme";
import { timeTicks, timeTickText } from "./axis";
import { clamp, lowerBound, upperBound } from "./columns";
import { phaseFill } from "./pattern";
import { type FlatSpans, type SpanStore, sharesPerColumn, spansInSight } from "./spanStore";

/** Ranks that get a row; the others are named in the table. */
export const mostRanks = 8;
const axisHeight = 20;
const iterationHeight = 14;

export interface StripView {
  readonly spans: SpanStore;
  readonly iterations?: { readonly startS: Float64Array; readonly iteration: Int32Array };
  readonly fromS: number;
  readonly toS: number;
  /** Plotting area in CSS pixels, from the canvas's left edge. */
  readonly left: number;
  readonly width: number;
  /** Spans that are not among these are drawn faint. */
  readonly marked?: (spans: FlatSpans, index: number) => boolean;
}

export function stripRowHeight(ranks: number): number {
  return ranks <= 1 ? 24 : ranks <= 4 ? 14 : 9;
}

/** Height of strip, iteration marks and time axis together, CSS pixels. */
export function stripHeight(ranks: number, hasIterations: boolean): number {
  const rows = Math.min(ranks, mostRanks);
  return rows * (stripRowHeight(rows) + (rows > 1 ? 2 : 0)) + (hasIterations ? iterationHeight : 0) + axisHeight;
}

/**
 * What the ranks did, under the power. A pixel column is filled from below with the shares of its phases; where spans
 * are wider than a column this is each span on its own, and where there is room it carries its name.
 *
 * @param context in CSS pixels, cleared
 */
export function drawStrip(context: CanvasRenderingContext2D, view: StripView, palette: Palette): void {
  const ranks = view.spans.ranks.slice(0, mostRanks);
  const row = stripRowHeight(ranks.length);
  let top = 0;
  for (const rank of ranks) {
    drawRow(context, view, palette, view.spans.flat(rank), top, row);
    if (ranks.length > 1) rankLabel(context, palette, rank, view.left, top, row);
    top += row + (ranks.length > 1 ? 2 : 0);
  }
  if (view.iterations !== undefined && view.iterations.startS.length > 0) {
    drawIterations(context, view, palette, top);
    top += iterationHeight;
  }
  drawTimeAxis(context, view, palette, top);
}

function drawRow(
  context: CanvasRenderingContext2D,
  view: StripView,
  palette: Palette,
  spans: FlatSpans,
  top: number,
  height: number,
) {
  const hatch = palette.highContrast ? palette.background : undefined;
  const fills = view.spans.phaseNames.map((phase) => phaseFill(context, phase, palette.phase(phase), hatch));
  context.fillStyle = palette.grid;
  context.fillRect(view.left, top, view.width, height);
  const { first, last } = spansInSight(spans, view.fromS, view.toS);
  if ((last - first) * 3 < view.width) drawSpans(context, view, fills, spans, top, height);
  else drawShares(context, view, fills, spans, top, height);
  drawNames(context, view, palette, spans, top, height);
}

const faint = 0.22;

/** Each span on its own, where they are wide enough to be seen. */
function drawSpans(
  context: CanvasRenderingContext2D,
  view: StripView,
  fills: readonly (string | CanvasPattern)[],
  spans: FlatSpans,
  top: number,
  height: number,
) {
  const { first, last } = spansInSight(spans, view.fromS, view.toS);
  const xOf = (timeS: number) => clamp(((timeS - view.fromS) / (view.toS - view.fromS)) * view.width, 0, view.width);
  for (let i = first; i < last; i++) {
    const [begin, end] = [xOf(spans.startS[i]!), xOf(spans.endS[i]!)];
    context.globalAlpha = view.marked === undefined || view.marked(spans, i) ? 1 : faint;
    context.fillStyle = fills[spans.phase[i]!]!;
    context.fillRect(view.left + begin, top, end - begin, height);
  }
  context.globalAlpha = 1;
}

/** Shares a column, where spans are finer than pixels. */
function drawShares(
  context: CanvasRenderingContext2D,
  view: StripView,
  fills: readonly (string | CanvasPattern)[],
  spans: FlatSpans,
  top: number,
  height: number,
) {
  const phases = fills.length;
  const columns = Math.max(1, Math.floor(view.width));
  const { first, last } = spansInSight(spans, view.fromS, view.toS);
  const shares = (only?: (span: number) => boolean) =>
    sharesPerColumn(spans, phases, view.fromS, view.toS, columns, only);
  const blend = blendOf(shares(), phases, last - first);
  const all = blend(undefined);
  const { marked } = view;
  const own = marked && blend(shares((i) => marked(spans, i)));
  for (const [alpha, layer] of own === undefined
    ? ([[1, all]] as const)
    : ([
        [faint, all],
        [1, own],
      ] as const)) {
    context.globalAlpha = alpha;
    for (let column = 0; column < columns; column++) {
      const scale = Math.min(1, 1 / Math.max(1e-9, total(all, column, phases)));
      // Marked spans keep the place that they have among all, so that nothing moves when a selection is made.
      let below = 0;
      for (let phase = 0; phase < phases; phase++) {
        const share = layer[column * phases + phase]! * scale;
        if (share > 0) {
          context.fillStyle = fills[phase]!;
          context.fillRect(view.left + column, top + height * (1 - Math.min(1, below + share)), 1, height * share);
        }
        below += all[column * phases + phase]! * scale;
      }
    }
  }
  context.globalAlpha = 1;
}

/**
 * Pixels over which shares are averaged. Where a pixel holds part of a span or two, neighbouring pixels would show the
 * beat between pixels and iterations and nothing of the program; averaged over about four iterations they show shares.
 *
 * @param density spans a pixel
 */
export function blurWidth(density: number): number {
  return density < 0.3 ? 1 : Math.min(25, 2 * Math.round(8 / density) + 1);
}

/**
 * How shares are averaged for drawing: what a column is made of comes from its neighbourhood, how much of it was busy at
 * all stays its own, so that nothing seems to begin before it does.
 *
 * @returns a function that averages some of the shares, or all of them for undefined
 */
export function blendOf(
  all: Float32Array,
  phases: number,
  spansInSight: number,
): (shares: Float32Array | undefined) => Float32Array {
  const columns = all.length / Math.max(1, phases);
  const width = blurWidth(spansInSight / columns);
  if (width <= 1) return (shares) => shares ?? all;
  const blurred = smooth(all, phases, width);
  const factor = Float32Array.from({ length: columns }, (_, column) => {
    const around = total(blurred, column, phases);
    return around > 0 ? total(all, column, phases) / around : 0;
  });
  return (shares) =>
    (shares === undefined ? blurred : smooth(shares, phases, width)).map(
      (share, i) => share * factor[Math.floor(i / phases)]!,
    );
}

/** A running mean over columns, shorter at the ends. */
function smooth(shares: Float32Array, phases: number, width: number): Float32Array {
  if (width <= 1) return shares;
  const columns = shares.length / phases;
  const half = (width - 1) / 2;
  const smoothed = new Float32Array(shares.length);
  for (let phase = 0; phase < phases; phase++) {
    let sum = 0;
    for (let column = -half; column < columns; column++) {
      if (column + half < columns) sum += shares[(column + half) * phases + phase]!;
      if (column - half - 1 >= 0) sum -= shares[(column - half - 1) * phases + phase]!;
      if (column < 0) continue;
      const count = Math.min(columns - 1, column + half) - Math.max(0, column - half) + 1;
      smoothed[column * phases + phase] = Math.max(0, sum / count);
    }
  }
  return smoothed;
}

function total(shares: Float32Array, column: number, phases: number): number {
  let sum = 0;
  for (let phase = 0; phase < phases; phase++) sum += shares[column * phases + phase]!;
  return sum;
}

/** Names on spans that have room for one. */
function drawNames(
  context: CanvasRenderingContext2D,
  view: StripView,
  palette: Palette,
  spans: FlatSpans,
  top: number,
  height: number,
) {
  if (height < 14) return;
  const perS = view.width / (view.toS - view.fromS);
  const { first, last } = spansInSight(spans, view.fromS, view.toS);
  if ((last - first) * 24 > view.width * 2) return;
  context.font = `${Math.round(palette.fontSizePx * 0.85)}px ${palette.fontFamily}`;
  context.textBaseline = "middle";
  context.textAlign = "center";
  for (let i = first; i < last; i++) {
    const begin = Math.max(view.left, view.left + (spans.startS[i]! - view.fromS) * perS);
    const end = Math.min(view.left + view.width, view.left + (spans.endS[i]! - view.fromS) * perS);
    const full = (view.spans.phaseNames[spans.phase[i]!] ?? "").slice(0, 40);
    const name = end - begin < context.measureText(full).width + 10 ? full.slice(0, 1) : full;
    const wide = context.measureText(name).width;
    if (end - begin < wide + 10) continue;
    const middle = (begin + end) / 2;
    // On a plate of the background, which has the text contrast that no chart colour promises.
    context.fillStyle = palette.background;
    context.globalAlpha = 0.88;
    context.beginPath();
    context.roundRect(middle - wide / 2 - 3, top + height / 2 - 7.5, wide + 6, 15, 3);
    context.fill();
    context.globalAlpha = 1;
    context.fillStyle = palette.foreground;
    context.fillText(name, middle, top + height / 2 + 0.5);
  }
}

function rankLabel(
  context: CanvasRenderingContext2D,
  palette: Palette,
  rank: number,
  left: number,
  top: number,
  row: number,
) {
  context.font = `${Math.min(Math.round(palette.fontSizePx * 0.85), row + 1)}px ${palette.fontFamily}`;
  context.textBaseline = "middle";
  context.textAlign = "right";
  context.fillStyle = palette.muted;
  context.fillText(`rank ${rank}`.slice(0, 8), left - 6, top + row / 2);
}

/** Where iterations begin: a tick each while they are apart, and round numbers as far as there is room. */
function drawIterations(context: CanvasRenderingContext2D, view: StripView, palette: Palette, top: number) {
  const { startS, iteration } = view.iterations!;
  const perS = view.width / (view.toS - view.fromS);
  const [first, last] = [lowerBound(startS, view.fromS), upperBound(startS, view.toS)];
  if (last <= first) return;
  context.font = `${Math.round(palette.fontSizePx * 0.8)}px ${palette.fontFamily}`;
  context.textBaseline = "middle";
  context.textAlign = "left";
  const digits = context.measureText(formatCount(iteration[last - 1])).width;
  const prefix = "iteration ";
  const wide = context.measureText(prefix).width;
  const each = Math.max(1e-9, ((startS[last - 1]! - startS[first]!) * perS) / Math.max(1, last - first - 1));
  const every = [1, 2, 5]
    .flatMap((factor) => [1, 10, 100, 1e3, 1e4, 1e5, 1e6].map((power) => factor * power))
    .sort((a, b) => a - b)
    .find((step) => step * each >= digits + 18)!;
  let free = view.left;
  for (let i = first; i < last; i++) {
    const x = Math.round(view.left + (startS[i]! - view.fromS) * perS);
    const named = iteration[i]! % (every ?? 1e9) === 0;
    // Ticks do not run through a number.
    if (x < free && i > first) continue;
    if (!named && each < 5) continue;
    context.fillStyle = palette.hairline;
    context.fillRect(x, top + 1, 1, named ? 8 : 4);
    const text = named ? (free === view.left ? prefix : "") + formatCount(iteration[i]) : "";
    const end = x + 4 + digits + (text.startsWith(prefix) ? wide : 0);
    if (!named || x < free || end > view.left + view.width + 8) continue;
    context.fillStyle = palette.muted;
    context.fillText(text, x + 4, top + 8);
    free = end + 6;
  }
}

function drawTimeAxis(context: CanvasRenderingContext2D, view: StripView, palette: Palette, top: number) {
  const ticks = timeTicks(view.fromS, view.toS, Math.max(2, Math.floor(view.width / 80)));
  context.font = `${Math.round(palette.fontSizePx * 0.85)}px ${palette.fontFamily}`;
  context.textBaseline = "top";
  const perS = view.width / (view.toS - view.fromS);
  for (const tick of ticks.values) {
    const x = view.left + (tick - view.fromS) * perS;
    const text = timeTickText(tick, ticks.step);
    const half = context.measureText(text).width / 2;
    context.fillStyle = palette.hairline;
    context.fillRect(Math.round(x), top, 1, 4);
    context.fillStyle = palette.muted;
    // The first and last stay inside of the canvas.
    context.textAlign = x - half < view.left - 4 ? "left" : "center";
    if (x + half > view.left + view.width + 30) context.textAlign = "right";
    context.fillText(text, x, top + 6);
  }
}
