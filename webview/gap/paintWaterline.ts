/** The waterline plot: each layer as wide as its FLOPs and as high as its intensity, over the machine's balance. */
import { clamp } from "../shared/chart/columns";
import type { Window } from "../shared/chart/zoom";
import type { Palette } from "../shared/theme";
import type { Sequence } from "./items";
import { looksOf } from "./looks";
import { firstInSight, type Place } from "./paintGap";

/** A log axis, its ends as powers of ten. */
export interface LogAxis {
  readonly low: number;
  readonly high: number;
}

/** Around all values with a little room, and two whole powers of ten at least. */
export function logAxis(values: readonly number[]): LogAxis {
  const logs = values.filter((value) => value > 0 && Number.isFinite(value)).map(Math.log10);
  if (logs.length === 0) return { low: -1, high: 2 };
  const least = logs.reduce((a, b) => Math.min(a, b));
  const most = logs.reduce((a, b) => Math.max(a, b));
  const [low, high] = [least - 0.3, most + 0.2];
  return decades({ low, high }).length >= 2 ? { low, high } : { low: Math.floor(low), high: Math.ceil(high) };
}

/** The whole powers of ten on an axis. */
export function decades({ low, high }: LogAxis): number[] {
  const first = Math.ceil(low - 1e-9);
  return Array.from({ length: Math.max(0, Math.floor(high + 1e-9) - first + 1) }, (_, k) => first + k);
}

export function logPlace(value: number, { low, high }: LogAxis): number {
  return clamp((Math.log10(value) - low) / (high - low), 0, 1);
}

export function paintWaterline(
  context: CanvasRenderingContext2D,
  colours: Palette,
  sequence: Sequence,
  window: Window,
  place: Place,
  axis: LogAxis,
  balance: number | undefined,
): void {
  const looks = looksOf(context, colours);
  const scale = place.width / (window.to - window.from);
  const xOf = (at: number) => place.left + clamp((at - window.from) * scale, 0, place.width);
  const yOf = (value: number) => place.top + place.height * (1 - logPlace(value, axis));
  const bottom = place.top + place.height;
  for (let i = firstInSight(sequence, window.from); i < sequence.items.length; i++) {
    const [from, to] = [sequence.edges[i]!, sequence.edges[i + 1]!];
    if (from >= window.to) break;
    const item = sequence.items[i]!;
    if (!(item.intensity !== undefined && item.intensity > 0) || to <= from) continue;
    const [x0, x1] = [xOf(from), Math.max(xOf(to), xOf(from) + 0.75)];
    const y = yOf(item.intensity);
    context.fillStyle = looks.ideal(item);
    context.fillRect(x0, y, x1 - x0, bottom - y);
    if (balance !== undefined && item.intensity < balance) {
      // What is missing to the waterline is what memory takes.
      context.fillStyle = looks.memory;
      context.fillRect(x0, yOf(balance), x1 - x0, y - yOf(balance));
    }
    if (x1 - x0 >= 4) {
      context.fillStyle = colours.background;
      context.fillRect(x1 - 0.5, place.top, 1, place.height);
    }
  }
}
