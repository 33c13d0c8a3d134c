import type { GapView } from "../../src/messages/gap";
import { sourceMarks, sources } from "../../src/model/device";
import { formatMoment, formatShare, plural } from "../../src/model/format";
import { axisUnit, niceTicks, tickText } from "../shared/chart/axis";
import { tileSize } from "../shared/chart/pattern";
import { cutTo, type Window } from "../shared/chart/zoom";
import { Drawing, type Picture } from "../shared/picture";
import { type Item, type Sequence, sequenceOf } from "./items";
import { idealColour, kernelHatch, memoryHatch, partNames } from "./looks";
import { tiles } from "./numbers";
import { decades, logAxis, logPlace } from "./paintWaterline";
import type { GapPanelState } from "./state";
import { formatIntensity } from "./words";

const width = 960;
const margin = 28;
const plot = { left: margin + 44, right: width - margin, height: 170 };

/** The panel as a picture for a paper or a pull request: sentence, numbers, gap plot and waterline. */
export function gapPicture(view: GapView, items: readonly Item[], state: GapPanelState): Picture {
  const drawing = new Drawing(width);
  const { muted, foreground } = drawing.colours;
  const { report } = view;
  const date = formatMoment(view.startedAt, new Date(0));
  drawing.text(margin, 40, view.title, { size: 17, weight: 600, width: width - 2 * margin - 300 });
  drawing.text(width - margin, 40, `${report.device.name} · ${date}`, { colour: muted, anchor: "end", width: 480 });
  let y = 52;
  for (const line of drawing.wrap(report.headline, 17, width - 2 * margin, 3)) {
    y += 24;
    drawing.text(margin, y, line, { size: 17 });
  }
  y += 26;
  const numbers = tiles(report).map(({ label, number, unit, source }) =>
    [`${label}:`, number, unit, source === undefined ? "" : sourceMarks[source]]
      .filter((word) => word !== "")
      .join(" "),
  );
  drawing.text(margin, y, numbers.join("   ·   "), { size: 12, colour: muted, width: width - 2 * margin });
  const looks = {
    memory: drawing.hatch("memory", tileSize, memoryHatch, foreground),
    kernel: drawing.hatch("kernel", tileSize, kernelHatch, muted),
  };
  const gap = sequenceOf(items, ({ timeS }) => timeS);
  y = drawGap(drawing, gap, windowOf(gap, state.gapWindow), looks, y + 34);
  const water = sequenceOf(items, ({ flops }) => Math.max(0, flops ?? 0));
  y = drawWaterline(
    drawing,
    water,
    windowOf(water, state.waterlineWindow),
    looks,
    report.device.balanceFlopsPerByte,
    y + 40,
  );
  y = drawKeys(drawing, items, looks, y + 22);
  const marks = sources.map((source) => `${sourceMarks[source]} ${source}`).join(" · ");
  const shown = `${plural(items.length, "row")}, mean of ${plural(report.iterations.sampled, "iteration")}`;
  drawing.text(margin, y + 26, `${shown} · limits ${report.device.source} · ${marks}`, { size: 11, colour: muted });
  drawing.text(width - margin, y + 26, "Wattline", { size: 11, colour: muted, anchor: "end" });
  return drawing.finish(y + 46, `${view.title}, ${date}`);
}

interface Hatches {
  readonly memory: string;
  readonly kernel: string;
}

function windowOf({ edges }: Sequence, zoom: Window | undefined): Window {
  const all = { from: 0, to: Math.max(edges[edges.length - 1]!, Number.MIN_VALUE) };
  return (zoom && cutTo(zoom, all)) ?? all;
}

/** Calls for each item that is wide enough to be seen, in sight of the window. Returns the place of a number. */
function eachInSight(
  { items, edges }: Sequence,
  window: Window,
  draw: (item: Item, x0: number, x1: number) => void,
): (at: number) => number {
  const scale = (plot.right - plot.left) / (window.to - window.from);
  const xOf = (at: number) => Math.min(plot.right, Math.max(plot.left, plot.left + (at - window.from) * scale));
  for (let i = 0; i < items.length; i++) {
    const [x0, x1] = [xOf(edges[i]!), xOf(edges[i + 1]!)];
    if (x1 - x0 >= 0.1) draw(items[i]!, x0, x1);
  }
  return xOf;
}

function drawGap(drawing: Drawing, sequence: Sequence, window: Window, looks: Hatches, top: number): number {
  const { grid, muted } = drawing.colours;
  drawing.text(margin, top, "Time of each layer, and how much of it is ideal", { weight: 600 });
  const last = top + 14 + plot.height;
  for (const share of [0, 0.5, 1]) {
    const y = last - share * plot.height;
    drawing.line(plot.left, y, plot.right, y, grid);
    drawing.text(plot.left - 8, y + 4, formatShare(share), { size: 11, colour: muted, anchor: "end" });
  }
  const xOf = eachInSight(sequence, window, (item, x0, x1) => {
    let y = last;
    const part = (partS: number, fill: string) => {
      const tall = item.timeS > 0 ? (partS / item.timeS) * plot.height : 0;
      if (tall < 0.05) return;
      drawing.rect(x0, y - tall, Math.max(0.3, x1 - x0 - (x1 - x0 > 4 ? 1 : 0)), tall, { fill });
      y -= tall;
    };
    part(item.idealS, idealColour(drawing.colours, item));
    part(item.memoryS, looks.memory);
    part(item.kernelS, looks.kernel);
    part(item.unsplitS, grid);
    if (drawing.widthOf(item.name.slice(0, 100), 10) < x1 - x0 - 6) {
      drawing.text((x0 + x1) / 2, last + 14, item.name, { size: 10, anchor: "middle" });
    }
  });
  drawTicks(drawing, window, "s", xOf, last + 28);
  return last + 32;
}

function drawWaterline(
  drawing: Drawing,
  sequence: Sequence,
  window: Window,
  looks: Hatches,
  balance: number | undefined,
  top: number,
): number {
  const { grid, muted, foreground } = drawing.colours;
  const title = "Operational intensity (FLOP/B), and the machine's balance as the waterline";
  drawing.text(margin, top, title, { weight: 600 });
  const last = top + 14 + plot.height;
  const axis = logAxis([...sequence.items.map(({ intensity }) => intensity ?? 0), balance ?? 0]);
  const yOf = (value: number) => last - logPlace(value, axis) * plot.height;
  for (const power of decades(axis)) {
    drawing.line(plot.left, yOf(10 ** power), plot.right, yOf(10 ** power), grid);
    drawing.text(plot.left - 8, yOf(10 ** power) + 4, String(Number((10 ** power).toPrecision(1))), {
      size: 11,
      colour: muted,
      anchor: "end",
    });
  }
  const xOf = eachInSight(sequence, window, (item, x0, x1) => {
    if (!(item.intensity !== undefined && item.intensity > 0)) return;
    const [y, wide] = [yOf(item.intensity), Math.max(0.3, x1 - x0 - (x1 - x0 > 4 ? 1 : 0))];
    drawing.rect(x0, y, wide, last - y, { fill: idealColour(drawing.colours, item) });
    if (balance !== undefined && item.intensity < balance) {
      drawing.rect(x0, yOf(balance), wide, y - yOf(balance), { fill: looks.memory });
    }
  });
  if (balance !== undefined) {
    // On a wider line of the background, or it is lost on dark colours.
    drawing.line(plot.left, yOf(balance), plot.right, yOf(balance), drawing.colours.background, { width: 4 });
    drawing.line(plot.left, yOf(balance), plot.right, yOf(balance), foreground, { width: 1.5 });
    const text = `balance ${formatIntensity(balance)}`;
    const room = drawing.widthOf(text, 11) + 10;
    drawing.rect(plot.right - room, yOf(balance) - 18, room, 15, { fill: drawing.colours.background });
    drawing.text(plot.right - 5, yOf(balance) - 6, text, { size: 11, anchor: "end" });
  }
  drawTicks(drawing, window, "FLOP", xOf, last + 16);
  return last + 20;
}

function drawTicks(drawing: Drawing, window: Window, unit: string, xOf: (at: number) => number, y: number): void {
  const { factor, unit: prefixed } = axisUnit(window.to, unit);
  const ticks = niceTicks(window.from, window.to, 9);
  for (const [k, tick] of ticks.values.entries()) {
    const text = tickText(tick, ticks.step, factor) + (k === ticks.values.length - 1 ? ` ${prefixed}` : "");
    drawing.text(Math.min(xOf(tick), plot.right - 14), y, text, {
      size: 11,
      colour: drawing.colours.muted,
      anchor: "middle",
    });
  }
}

function drawKeys(drawing: Drawing, items: readonly Item[], looks: Hatches, y: number): number {
  const { colours } = drawing;
  const passes = [...new Set(items.map(({ pass }) => pass))];
  const keys: [string, string][] = [
    ...passes.map((pass): [string, string] => [
      `${partNames.ideal}, ${pass ?? "both passes"}`,
      idealColour(colours, pass === undefined ? {} : { pass }),
    ]),
    [`${partNames.memory}, at least`, looks.memory],
    [`${partNames.kernel}, at most`, looks.kernel],
  ];
  let x = plot.left;
  for (const [name, fill] of keys) {
    drawing.rect(x, y - 9, 16, 11, { fill, stroke: colours.hairline });
    drawing.text(x + 22, y, name, { size: 11 });
    x += 22 + drawing.widthOf(name, 11) + 24;
  }
  return y;
}
