import type { BloatColumns, PlanColumns } from "../../src/model/bloatView";
import type { Window } from "../shared/chart/zoom";
import type { Palette } from "../shared/theme";
import { binsOf, durationS, isCritical, type Lanes, type Scale, shadeOf, shades } from "./ganttBoxes";
import type { BloatSelection } from "./state";

export interface GanttView {
  readonly columns: BloatColumns;
  readonly plan: PlanColumns;
  readonly lanes: Lanes;
  readonly scale: Scale;
  readonly window: Window;
  /** Pixels of CSS: of the plotting area and of a row, which has a gap of one below it. */
  readonly width: number;
  readonly rowHeight: number;
  /** Lanes that are shown, from 0. */
  readonly rows: number;
  readonly selection: BloatSelection | undefined;
}

/** A lane with more boxes than one in so many pixels is drawn pixel by pixel. */
const denseBelowPx = 3;
const labelledFromPx = 22;

/** The ramp from the least to the most, as `rgb()` and as numbers. */
export interface Ramp {
  readonly css: readonly string[];
  readonly rgb: Uint8ClampedArray;
  /** Texts on each shade. */
  readonly text: readonly string[];
}

export function rampOf(palette: Palette): Ramp {
  const [from, to] = [channels(palette.phase("forward")), channels(palette.phase("optimizer"))];
  const rgb = new Uint8ClampedArray(3 * shades);
  for (let k = 0; k < shades; k++) {
    for (let c = 0; c < 3; c++) rgb[3 * k + c] = from[c]! + ((to[c]! - from[c]!) * k) / (shades - 1);
  }
  const all = Array.from({ length: shades }, (_, k) => [rgb[3 * k]!, rgb[3 * k + 1]!, rgb[3 * k + 2]!] as const);
  return {
    css: all.map(([r, g, b]) => `rgb(${r},${g},${b})`),
    rgb,
    text: all.map(([r, g, b]) => (0.299 * r + 0.587 * g + 0.114 * b > 135 ? "#000" : "#fff")),
  };
}

/** Draws all rows; the context is scaled to CSS pixels, with the plotting area's corner at 0, 0. */
export function paintGantt(
  context: CanvasRenderingContext2D,
  view: GanttView,
  palette: Palette,
  ramp: Ramp,
  ratio: number,
): void {
  const idle = idlePattern(context, palette) ?? palette.grid;
  for (let lane = 0; lane < view.rows; lane++) {
    const top = lane * view.rowHeight;
    const height = view.rowHeight - 1;
    context.fillStyle = idle;
    context.fillRect(0, top, view.width, height);
    const operations = inSight(view, view.lanes.of(lane));
    if (operations.length * denseBelowPx > view.width) paintDense(context, view, operations, top, palette, ramp, ratio);
    else paintBoxes(context, view, operations, top, palette, ramp);
  }
}

/** The part of a lane that lies in the window: its operations start one after the other. */
function inSight({ columns, plan, window }: GanttView, operations: Int32Array): Int32Array {
  const firstAfter = (timeS: number) => {
    let [low, high] = [0, operations.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (plan.startS[operations[middle]!]! <= timeS) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  let first = Math.max(0, firstAfter(window.from) - 1);
  const before = operations[first];
  if (before !== undefined && plan.startS[before]! + durationS(columns, plan, before) < window.from) first++;
  return operations.subarray(first, firstAfter(window.to));
}

function paintBoxes(
  context: CanvasRenderingContext2D,
  view: GanttView,
  operations: Int32Array,
  top: number,
  palette: Palette,
  ramp: Ramp,
): void {
  const { columns, plan, scale, window, width, rowHeight } = view;
  const height = rowHeight - 1;
  const perS = width / (window.to - window.from);
  const boxOf = (i: number): [number, number] => {
    const x = Math.max(-2, (plan.startS[i]! - window.from) * perS);
    const end = Math.min(width + 2, (plan.startS[i]! + durationS(columns, plan, i) - window.from) * perS);
    return [x, Math.max(0.5, end - x)];
  };
  const letters = columns.pipeline === undefined ? undefined : (["F", "B", "R"] as const);
  context.font = `${Math.min(11, height - 3)}px ${palette.fontFamily}`;
  context.textBaseline = "middle";
  context.textAlign = "center";
  for (const i of operations) {
    const [x, length] = boxOf(i);
    const shade = shadeOf(scale.values[columns.classOf[i]!]![plan.option[i]!]!, scale);
    context.fillStyle = ramp.css[shade]!;
    context.fillRect(x, top, length > 4 ? length - 1 : length, height);
    if (length < labelledFromPx || height < 11) continue;
    context.fillStyle = ramp.text[shade]!;
    const text = letters === undefined ? (columns.ids?.[i] ?? "") : letters[columns.pipeline!.kind[i]!]!;
    const number = letters !== undefined && length > 34 ? String(columns.pipeline!.microbatch[i]) : "";
    context.fillText(cut(text + number, length - 6), x + length / 2, top + height / 2 + 0.5);
  }
  outline(context, palette.foreground, 1.4, operations, (i) => isCritical(plan, i));
  if (view.selection !== undefined) outline(context, palette.focus, 2.6, operations, selects(view));

  function outline(
    on: CanvasRenderingContext2D,
    colour: string,
    line: number,
    among: Int32Array,
    wanted: (i: number) => boolean,
  ): void {
    on.strokeStyle = colour;
    on.lineWidth = line;
    on.beginPath();
    for (const i of among) {
      if (!wanted(i)) continue;
      const [x, length] = boxOf(i);
      const inner = Math.max(0.5, (length > 4 ? length - 1 : length) - line);
      on.rect(x + line / 2, top + line / 2, inner, height - line);
    }
    on.stroke();
  }
}

function paintDense(
  context: CanvasRenderingContext2D,
  view: GanttView,
  operations: Int32Array,
  top: number,
  palette: Palette,
  ramp: Ramp,
  ratio: number,
): void {
  const { columns, plan, scale, window, rowHeight } = view;
  const width = Math.max(1, Math.round(view.width * ratio));
  const [from, to] = [Math.round(top * ratio), Math.round((top + rowHeight - 1) * ratio)];
  const height = Math.max(1, to - from);
  const bins = binsOf(columns, plan, operations, window, width, scale);
  const marked = view.selection === undefined ? undefined : selects(view);
  const selected = marked && binsOf(columns, plan, operations.filter(marked), window, width, scale).busy;
  const image = context.createImageData(width, height);
  const pixels = image.data;
  const [back, ink, focus] = [palette.background, palette.foreground, palette.focus].map(channels) as [
    number[],
    number[],
    number[],
  ];
  const stripe = Math.max(1, Math.round(1.5 * ratio));
  for (let x = 0; x < width; x++) {
    const busy = Math.min(1, bins.busy[x]!);
    const shade = 3 * shadeOf(bins.value[x]!, scale);
    const isCriticalHere = bins.critical[x]! > 0.5;
    const isSelectedHere = selected !== undefined && selected[x]! > 0.15;
    for (let y = 0; y < height; y++) {
      const at = 4 * (y * width + x);
      for (let c = 0; c < 3; c++) {
        // A tenth of the foreground where it waits, as the hatch has it.
        const waiting = 0.88 * back[c]! + 0.12 * ink[c]!;
        pixels[at + c] = busy * ramp.rgb[shade + c]! + (1 - busy) * waiting;
        if (isCriticalHere && y < stripe) pixels[at + c] = ink[c]!;
        if (isSelectedHere && y >= height - 2 * stripe) pixels[at + c] = focus[c]!;
      }
      pixels[at + 3] = 255;
    }
  }
  const { e, f } = context.getTransform();
  context.putImageData(image, Math.round(e), Math.round(f) + from);
}

function selects({ columns, selection }: GanttView): (i: number) => boolean {
  const { lane, kind, operation } = selection!;
  if (operation !== undefined) return (i) => i === operation;
  return (i) => columns.lane[i] === lane && (columns.pipeline?.kind[i] ?? 0) === kind;
}

/** Diagonal lines: nobody works here. */
function idlePattern(context: CanvasRenderingContext2D, palette: Palette): CanvasPattern | undefined {
  const tile = document.createElement("canvas");
  tile.width = tile.height = 6;
  const draw = tile.getContext("2d");
  if (draw === null) return undefined;
  draw.strokeStyle = palette.hairline;
  draw.lineWidth = 1;
  for (const shift of [-6, 0, 6]) {
    draw.moveTo(shift, 6);
    draw.lineTo(shift + 6, 0);
  }
  draw.stroke();
  return context.createPattern(tile, "repeat") ?? undefined;
}

function channels(css: string): number[] {
  const hex = /^#([\da-f]{2})([\da-f]{2})([\da-f]{2})$/i.exec(css);
  if (hex !== null) return hex.slice(1).map((part) => Number.parseInt(part, 16));
  return (/(\d+), *(\d+), *(\d+)/.exec(css)?.slice(1) ?? ["128", "128", "128"]).map(Number);
}

function cut(text: string, widthPx: number): string {
  const most = Math.max(1, Math.floor(widthPx / 6));
  return text.length <= most ? text : `${text.slice(0, Math.max(1, most - 1))}…`;
}
