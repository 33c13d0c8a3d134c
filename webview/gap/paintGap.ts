/** The gap plot: each layer a box as wide as its time, filled to its efficiency; the rest is lost, and hatched by cause. */
import { clamp } from "../shared/chart/columns";
import type { Window } from "../shared/chart/zoom";
import type { Palette } from "../shared/theme";
import type { Item, Sequence } from "./items";
import { type Looks, looksOf } from "./looks";

export interface Place {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** Narrower boxes are painted together, a column of pixels at a time, by their shares of its time. */
const alonePx = 2;

/** Parts of an item from the bottom, as shares of its time. */
const parts = ["idealS", "memoryS", "kernelS", "unsplitS"] as const;

export function paintGap(
  context: CanvasRenderingContext2D,
  colours: Palette,
  sequence: Sequence,
  window: Window,
  place: Place,
): void {
  const looks = looksOf(context, colours);
  const scale = place.width / (window.to - window.from);
  const xOf = (at: number) => place.left + clamp((at - window.from) * scale, 0, place.width);
  const narrow = new Columns(Math.max(1, Math.round(place.width)));
  context.save();
  context.beginPath();
  context.rect(place.left, place.top, place.width, place.height);
  context.clip();
  for (let i = firstInSight(sequence, window.from); i < sequence.items.length; i++) {
    const [from, to] = [sequence.edges[i]!, sequence.edges[i + 1]!];
    if (from >= window.to) break;
    const item = sequence.items[i]!;
    if ((to - from) * scale < alonePx) narrow.add(item, xOf(from) - place.left, xOf(to) - place.left);
    else paintBox(context, colours, looks, item, xOf(from), xOf(to), place);
  }
  narrow.paint(context, looks, place);
  context.restore();
}

/** The last item that begins at or before a place. */
export function firstInSight({ edges }: Sequence, from: number): number {
  let [low, high] = [0, edges.length - 1];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (edges[middle]! <= from) low = middle;
    else high = middle;
  }
  return low;
}

function paintBox(
  context: CanvasRenderingContext2D,
  colours: Palette,
  looks: Looks,
  item: Item,
  x0: number,
  x1: number,
  { top, height }: Place,
): void {
  let y = top + height;
  for (const part of parts) {
    const share = item.timeS > 0 ? item[part] / item.timeS : 0;
    if (share <= 0) continue;
    context.fillStyle = fillOf(looks, part, item);
    context.fillRect(x0, y - share * height, x1 - x0, share * height);
    y -= share * height;
  }
  if (x1 - x0 < 4) return;
  context.fillStyle = colours.background;
  context.fillRect(x1 - 0.5, top, 1, height);
}

function fillOf(looks: Looks, part: (typeof parts)[number], item: Pick<Item, "pass">): string | CanvasPattern {
  switch (part) {
    case "idealS":
      return looks.ideal(item);
    case "memoryS":
      return looks.memory;
    case "kernelS":
      return looks.kernel;
    case "unsplitS":
      return looks.unsplit;
  }
}

/** Seconds of each part in each column of pixels, forward and backward apart. */
class Columns {
  private readonly sums: Float64Array;
  private readonly passes = ["forward", "backward", undefined] as const;

  constructor(private readonly count: number) {
    this.sums = new Float64Array(count * parts.length * this.passes.length);
  }

  add(item: Item, fromPx: number, toPx: number): void {
    const column = clamp(Math.floor((fromPx + toPx) / 2), 0, this.count - 1);
    const pass = item.pass === "forward" ? 0 : item.pass === "backward" ? 1 : 2;
    for (let part = 0; part < parts.length; part++) {
      this.sums[this.index(column, pass, part)]! += item[parts[part]!];
    }
  }

  paint(context: CanvasRenderingContext2D, looks: Looks, { left, top, height }: Place): void {
    for (let column = 0; column < this.count; column++) {
      let whole = 0;
      for (let k = 0; k < parts.length * this.passes.length; k++) {
        whole += this.sums[column * parts.length * this.passes.length + k]!;
      }
      if (whole <= 0) continue;
      let y = top + height;
      for (let part = 0; part < parts.length; part++) {
        for (let pass = 0; pass < this.passes.length; pass++) {
          const tall = (this.sums[this.index(column, pass, part)]! / whole) * height;
          if (tall <= 0) continue;
          const of = this.passes[pass];
          context.fillStyle = fillOf(looks, parts[part]!, of === undefined ? {} : { pass: of });
          context.fillRect(left + column, y - tall, 1, tall);
          y -= tall;
        }
      }
    }
  }

  private index(column: number, pass: number, part: number): number {
    return (column * parts.length + part) * this.passes.length + pass;
  }
}
