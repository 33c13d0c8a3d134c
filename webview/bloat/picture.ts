import { type BloatColumns, type PlanColumns, planEnergyJ } from "../../src/model/bloatView";
import { sourceMarks } from "../../src/model/device";
import { formatMoment } from "../../src/model/format";
import { tickText, timeTicks, timeTickText } from "../shared/chart/axis";
import type { Tile } from "../shared/panelFrame";
import { Drawing, type Picture } from "../shared/picture";
import { type FrontierFrame, frontierFrame, frontierPath, nowPath, xOf, yOf } from "./frontierPath";
import { binsOf, durationS, isCritical, Lanes, type Scale, scaleOf, shadeOf } from "./ganttBoxes";
import { rampOf } from "./ganttPaint";
import { nowJ } from "./model";
import { factorText } from "./numbers";

const width = 960;
const margin = 28;
const chartHeight = 250;
/** Columns of the Gantt chart: a box is as exact as half a pixel. */
const bins = 1600;
const mostRows = 64;
const singleBoxes = 200;

export interface PictureView {
  readonly title: string;
  readonly columns: BloatColumns;
  readonly plans: readonly PlanColumns[];
  readonly plan: PlanColumns;
  readonly atS: number;
  readonly sentence: string;
  readonly tiles: readonly Tile[];
  readonly colourBy: "power" | "clock";
  readonly straggler: number | undefined;
}

/** The panel as a picture: title, date, sentence, numbers, frontier, and the iteration before and after. */
export function bloatPicture(view: PictureView): Picture {
  const drawing = new Drawing(width);
  const { muted } = drawing.colours;
  drawing.text(margin, 40, view.title, { size: 17, weight: 600, width: width - 2 * margin - 200 });
  drawing.text(width - margin, 40, formatMoment(new Date().toISOString(), new Date(0)), {
    colour: muted,
    anchor: "end",
  });
  let y = 52;
  for (const line of drawing.wrap(view.sentence, 17, width - 2 * margin, 3)) {
    y += 24;
    drawing.text(margin, y, line, { size: 17 });
  }
  y = tilesAt(drawing, view.tiles, y + 18);
  y = chart(drawing, view, y + 26);
  const scale = scaleOf(view.columns, view.colourBy);
  const lanes = new Lanes(view.columns);
  const endS = Math.max(view.atS, view.columns.minimumTimeS);
  y = gantt(drawing, "Now", view.columns, view.columns.baseline, lanes, scale, endS, y + 26);
  y = gantt(drawing, "Plan", view.columns, view.plan, lanes, scale, endS, y + 22);
  y = legend(drawing, scale, view.colourBy, endS, y);
  drawing.text(margin, y + 28, `${sourceMarks.modelled} modelled from the profile, not measured`, {
    size: 11,
    colour: muted,
  });
  drawing.text(width - margin, y + 28, "Wattline", { size: 11, colour: muted, anchor: "end" });
  return drawing.finish(y + 48, view.title);
}

function tilesAt(drawing: Drawing, tiles: readonly Tile[], top: number): number {
  const each = (width - 2 * margin - 30) / 4;
  for (const [k, tile] of tiles.entries()) {
    const x = margin + k * (each + 10);
    drawing.rect(x, top, each, 70, { stroke: drawing.colours.hairline, radius: 6 });
    drawing.text(x + 12, top + 20, tile.label, { size: 12, colour: drawing.colours.muted });
    const mark = tile.source === undefined ? "" : ` ${sourceMarks[tile.source]}`;
    drawing.text(x + 12, top + 43, `${tile.number} ${tile.unit}${mark}`, { size: 19, width: each - 24 });
    drawing.text(x + 12, top + 60, tile.reason ?? "", { size: 11, colour: drawing.colours.muted, width: each - 24 });
  }
  return top + 70;
}

function chart(drawing: Drawing, { columns, plan, atS, straggler }: PictureView, top: number): number {
  const { foreground, muted, grid, hairline } = drawing.colours;
  drawing.text(margin, top, "Energy of an iteration against its time", { weight: 600 });
  const own = frontierFrame(
    columns,
    { width: width - 2 * margin, height: chartHeight },
    straggler && straggler * columns.minimumTimeS,
  );
  const move = (frame: FrontierFrame): FrontierFrame => ({
    ...frame,
    left: frame.left + margin,
    right: frame.right + margin,
    top: frame.top + top + 6,
    bottom: frame.bottom + top + 6,
  });
  const frame = move(own);
  for (const value of frame.energyTicks.values) {
    const y = yOf(frame, value);
    drawing.line(frame.left, y, frame.right, y, grid);
    const text = tickText(value, frame.energyTicks.step, frame.energyUnit.factor);
    drawing.text(frame.left - 7, y + 4, text, { size: 11, colour: muted, anchor: "end" });
  }
  drawing.text(frame.left - 7, frame.top - 4, frame.energyUnit.unit, { size: 11, colour: muted, anchor: "end" });
  for (const value of frame.timeTicks.values) {
    const x = xOf(frame, value);
    drawing.line(x, frame.bottom, x, frame.bottom + 4, hairline);
    drawing.text(x, frame.bottom + 17, `${tickText(value, frame.timeTicks.step)} s`, {
      size: 11,
      colour: muted,
      anchor: "middle",
    });
  }
  drawing.line(frame.left, frame.bottom, frame.right, frame.bottom, hairline);
  drawing.path(nowPath(columns, frame), { stroke: muted, width: 1.2, dash: [5, 4] });
  drawing.path(frontierPath(columns, frame), { stroke: drawing.colours.phase("forward"), width: 2 });
  if (straggler !== undefined) {
    const x = xOf(frame, straggler * columns.minimumTimeS);
    drawing.line(x, frame.top, x, frame.bottom, foreground, { dash: [2, 3] });
    drawing.text(x - 6, frame.top + 10, `straggler ${factorText(straggler)}`, { size: 11, anchor: "end" });
  }
  const [x, y] = [xOf(frame, columns.minimumTimeS), yOf(frame, nowJ(columns))];
  drawing.circle(x, y, 4, { fill: foreground });
  drawing.text(x + 9, y - 6, "now", { size: 11 });
  const [hx, hy] = [xOf(frame, atS), yOf(frame, planEnergyJ(plan, columns, atS))];
  drawing.path(`M${hx} ${hy - 7}L${hx + 7} ${hy}L${hx} ${hy + 7}L${hx - 7} ${hy}Z`, { fill: foreground });
  drawing.text(hx + 11, hy - 6, "plan", { size: 11 });
  return frame.bottom + 20;
}

function gantt(
  drawing: Drawing,
  title: string,
  columns: BloatColumns,
  plan: PlanColumns,
  lanes: Lanes,
  scale: Scale,
  endS: number,
  top: number,
): number {
  const { foreground, muted, grid } = drawing.colours;
  const rows = Math.min(mostRows, columns.lanes);
  const height = Math.max(4, Math.min(18, Math.floor(150 / rows)));
  const [left, span] = [margin + 52, width - 2 * margin - 52];
  const ramp = rampOf(drawing.colours);
  drawing.text(margin, top, title, { weight: 600 });
  for (let lane = 0; lane < rows; lane++) {
    const y = top + 8 + lane * height;
    drawing.rect(left, y, span, height - 1, { fill: grid });
    if (height >= 12) drawing.text(left - 6, y + height - 4, String(lane), { size: 10, colour: muted, anchor: "end" });
    if (lanes.of(lane).length <= singleBoxes) {
      drawBoxes(drawing, columns, plan, lanes.of(lane), scale, { left, span, endS, y, height: height - 1 });
      continue;
    }
    const lists = binsOf(columns, plan, lanes.of(lane), { from: 0, to: endS }, bins, scale);
    // Pixels of one colour that lie side by side are one box.
    const shade = (x: number) => (lists.busy[x]! < 0.5 ? -1 : shadeOf(lists.value[x]!, scale));
    const runs = (of: (x: number) => number, draw: (from: number, to: number, what: number) => void) => {
      for (let from = 0; from < bins; ) {
        let to = from + 1;
        while (to < bins && of(to) === of(from)) to++;
        if (of(from) >= 0) draw(left + (from / bins) * span, left + (to / bins) * span, of(from));
        from = to;
      }
    };
    runs(shade, (from, to, k) => drawing.rect(from, y, to - from, height - 1, { fill: ramp.css[k]! }));
    runs(
      (x) => (lists.critical[x]! > 0.5 ? 0 : -1),
      (from, to) => drawing.rect(from, y, to - from, 1.5, { fill: foreground }),
    );
  }
  return top + 8 + rows * height;
}

/** Few enough to be drawn one by one, with the critical path outlined. */
function drawBoxes(
  drawing: Drawing,
  columns: BloatColumns,
  plan: PlanColumns,
  operations: Int32Array,
  scale: Scale,
  at: { left: number; span: number; endS: number; y: number; height: number },
): void {
  const ramp = rampOf(drawing.colours);
  for (const i of operations) {
    const x = at.left + (plan.startS[i]! / at.endS) * at.span;
    const length = Math.max(0.5, (durationS(columns, plan, i) / at.endS) * at.span - 1);
    const shade = shadeOf(scale.values[columns.classOf[i]!]![plan.option[i]!]!, scale);
    const critical = isCritical(plan, i) ? { stroke: drawing.colours.foreground } : {};
    drawing.rect(x, at.y, length, at.height, { fill: ramp.css[shade]!, ...critical });
  }
}

function legend(drawing: Drawing, scale: Scale, by: string, endS: number, top: number): number {
  const { muted, hairline, foreground } = drawing.colours;
  const [left, span] = [margin + 52, width - 2 * margin - 52];
  const { step, values } = timeTicks(0, endS, 8);
  for (const value of values) {
    const x = left + (value / endS) * span;
    drawing.line(x, top, x, top + 4, hairline);
    drawing.text(x, top + 16, timeTickText(value, step), { size: 11, colour: muted, anchor: "middle" });
  }
  const y = top + 36;
  const ramp = rampOf(drawing.colours);
  const low = Number.isFinite(scale.low) ? Math.round(scale.low) : "–";
  drawing.text(left, y, `${by}: ${low}`, { size: 11, colour: muted });
  const from = left + 96;
  for (let k = 0; k < 16; k++) drawing.rect(from + k * 6, y - 9, 6, 10, { fill: ramp.css[k * 4]! });
  drawing.text(from + 104, y, `${Math.round(scale.high)} ${scale.unit}`, { size: 11, colour: muted });
  drawing.rect(from + 190, y - 9, 16, 2, { fill: foreground });
  drawing.text(from + 212, y, "critical path", { size: 11, colour: muted });
  return y;
}
