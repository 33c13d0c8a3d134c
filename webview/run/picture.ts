import { sourceMarks, sources } from "../../src/model/device";
import { formatDuration, formatMoment, plural, unknownText } from "../../src/model/format";
import type { Report } from "../../src/model/report";
import { axisFromZero, axisUnit, tickText, timeTicks, timeTickText } from "../shared/chart/axis";
import { curveOf } from "../shared/chart/downsample";
import { inPhaseOrder } from "../shared/chart/phaseLegend";
import { dashes } from "../shared/chart/powerPlot";
import { sharesPerColumn, spansInSight } from "../shared/chart/spanStore";
import { blendOf } from "../shared/chart/strip";
import type { TimelineDevice } from "../shared/chart/timelineText";
import type { Window } from "../shared/chart/zoom";
import { Drawing, type Picture } from "../shared/picture";
import type { RunModel } from "./model";
import { tiles } from "./numbers";
import { phaseBars } from "./phaseBars";

const width = 960;
const margin = 28;
const plot = { left: margin + 44, right: width - margin - 110, height: 170 };

/** The panel as a picture for a paper or a pull request: title, date, sentence, numbers, charts, and what the marks mean. */
export function runPicture(model: RunModel, zoom: Window | undefined): Picture {
  const drawing = new Drawing(width);
  const view = model.view!;
  const { muted } = drawing.colours;
  const started = new Date(view.startedAt);
  const date = Number.isNaN(started.getTime()) ? unknownText : formatMoment(view.startedAt, new Date(0));
  drawing.text(margin, 40, view.title, { size: 17, weight: 600, width: width - 2 * margin - 300 });
  drawing.text(width - margin, 40, `${date} · ${formatDuration(view.durationS)} · ${view.state}`, {
    colour: muted,
    anchor: "end",
  });
  let y = 52;
  if (view.headline !== undefined) {
    for (const line of drawing.wrap(view.headline.text, 17, width - 2 * margin, 3)) {
      y += 24;
      drawing.text(margin, y, line, { size: 17 });
    }
  }
  y = drawTiles(drawing, view.report, y + 18) + 28;
  y = drawPower(drawing, model.devices, windowOf(model, zoom), y);
  y = drawPhases(drawing, model, windowOf(model, zoom), y) + 30;
  const bottom =
    view.report === undefined
      ? y
      : Math.max(drawBars(drawing, model, view.report, y), drawIterations(drawing, model, y));
  const legend = sources.map((source) => `${sourceMarks[source]} ${source}`).join(" · ");
  drawing.text(margin, bottom + 34, `${legend} · ± one standard error`, { size: 11, colour: muted });
  drawing.text(width - margin, bottom + 34, "Wattline", { size: 11, colour: muted, anchor: "end" });
  return drawing.finish(bottom + 54, `${view.title}, ${date}`);
}

function windowOf(model: RunModel, zoom: Window | undefined): Window {
  const ends = model.devices.map((device) => device.power.endS ?? 0);
  return zoom ?? { from: 0, to: Math.max(model.view!.durationS, ...ends, 1e-3) };
}

function drawTiles(drawing: Drawing, report: Report | undefined, top: number): number {
  const { hairline, muted } = drawing.colours;
  const [gap, height] = [12, 66];
  const each = (width - 2 * margin - 3 * gap) / 4;
  for (const [i, tile] of tiles(report).entries()) {
    const x = margin + i * (each + gap);
    drawing.rect(x, top, each, height, { stroke: hairline, radius: 6 });
    drawing.text(x + 14, top + 22, tile.label, { size: 12, colour: muted });
    drawing.text(x + 14, top + 49, tile.number, { size: 22, weight: 500 });
    const after = x + 14 + drawing.widthOf(tile.number, 22, 500) + 6;
    const small = [
      tile.unit,
      tile.error ?? "",
      tile.source === undefined ? "" : sourceMarks[tile.source],
      tile.reason ?? "",
    ];
    drawing.text(after, top + 49, small.filter((part) => part !== "").join(" "), {
      size: 13,
      width: x + each - after - 8,
    });
  }
  return top + height;
}

function drawPower(drawing: Drawing, devices: readonly TimelineDevice[], window: Window, top: number): number {
  const { grid, muted, foreground } = drawing.colours;
  drawing.text(margin, top, "Power", { weight: 600 });
  const [first, last] = [top + 20, top + 20 + plot.height];
  const ticks = axisFromZero(Math.max(0, ...devices.map((device) => device.power.maxW)), 5);
  const topW = ticks.top;
  const yOf = (powerW: number) => last - (powerW / topW) * plot.height;
  const xOf = (timeS: number) =>
    plot.left + ((timeS - window.from) / (window.to - window.from)) * (plot.right - plot.left);
  const { unit, factor } = axisUnit(topW, "W");
  for (const [i, tick] of ticks.values.entries()) {
    drawing.line(plot.left, yOf(tick), plot.right, yOf(tick), grid);
    const text = tickText(tick, ticks.step, factor) + (i === ticks.values.length - 1 ? ` ${unit}` : "");
    drawing.text(plot.left - 8, yOf(tick) + 4, text, { size: 11, colour: muted, anchor: "end" });
  }
  let free = first;
  const curves = devices
    .map((device, i) => ({ device, dash: dashes[i % dashes.length]!, y: yOf(device.power.lastUntil(window.to) ?? 0) }))
    .sort((a, b) => a.y - b.y);
  for (const { device, dash, y } of curves) {
    const columns = Math.floor(plot.right - plot.left);
    const { line, band } = curveOf(device.power, window.from, window.to, columns);
    if (band !== undefined) {
      const bars = [...band.low].map((low, column) => {
        if (Number.isNaN(low)) return "";
        const [high, bottom] = [yOf(band.high[column]!), yOf(low)];
        return `M${plot.left + column} ${high.toFixed(1)}h1V${Math.max(bottom, high + 1).toFixed(1)}h-1z`;
      });
      drawing.path(bars.join(""), { fill: foreground, opacity: 0.36 });
    }
    drawing.path(polyline(line, xOf, yOf), { stroke: foreground, width: 1.25, dash });
    const labelY = Math.max(free, y);
    free = labelY + 16;
    drawing.line(plot.right + 8, labelY, plot.right + 26, labelY, foreground, { width: 1.5, dash });
    drawing.text(plot.right + 32, labelY + 4, device.name, { size: 11, width: width - margin - plot.right - 32 });
  }
  return last;
}

function polyline(line: readonly number[], xOf: (x: number) => number, yOf: (y: number) => number): string {
  const parts: string[] = [];
  let pen = "M";
  for (let i = 0; i < line.length; i += 2) {
    if (Number.isNaN(line[i])) pen = "M";
    else {
      parts.push(`${pen}${xOf(line[i]!).toFixed(1)} ${yOf(line[i + 1]!).toFixed(1)}`);
      pen = "L";
    }
  }
  return parts.join("");
}

function drawPhases(drawing: Drawing, model: RunModel, window: Window, top: number): number {
  const { grid, muted, hairline } = drawing.colours;
  const columns = Math.floor(plot.right - plot.left);
  const names = model.spans.phaseNames;
  const [y, height] = [top + 10, 22];
  drawing.rect(plot.left, y, columns, height, { fill: grid });
  for (const rank of model.spans.ranks.slice(0, 1)) {
    const spans = model.spans.flat(rank);
    const paths = names.map(() => "");
    const near = spansInSight(spans, window.from, window.to);
    if ((near.last - near.first) * 3 < columns) {
      for (let i = near.first; i < near.last; i++) {
        const [begin, end] = [spans.startS[i]!, spans.endS[i]!].map((timeS) =>
          Math.min(columns, Math.max(0, ((timeS - window.from) / (window.to - window.from)) * columns)),
        ) as [number, number];
        paths[spans.phase[i]!] +=
          `M${(plot.left + begin).toFixed(1)} ${y}H${(plot.left + end).toFixed(1)}v${height}H${(plot.left + begin).toFixed(1)}z`;
      }
    } else {
      const raw = sharesPerColumn(spans, names.length, window.from, window.to, columns);
      const shares = blendOf(raw, names.length, near.last - near.first)(undefined);
      for (let column = 0; column < columns; column++) {
        let below = 0;
        for (let phase = 0; phase < names.length; phase++) {
          const share = Math.min(1 - below, shares[column * names.length + phase]!);
          if (share <= 0) continue;
          below += share;
          paths[phase] +=
            `M${plot.left + column} ${(y + height * (1 - below)).toFixed(1)}h1v${(height * share).toFixed(1)}h-1z`;
        }
      }
    }
    for (const [phase, path] of paths.entries()) drawing.path(path, { fill: drawing.colours.phase(names[phase]!) });
  }
  const ticks = timeTicks(window.from, window.to, 9);
  for (const tick of ticks.values) {
    const x = plot.left + ((tick - window.from) / (window.to - window.from)) * columns;
    drawing.line(x, y + height, x, y + height + 4, hairline);
    drawing.text(x, y + height + 17, timeTickText(tick, ticks.step), { size: 11, colour: muted, anchor: "middle" });
  }
  let x = plot.left;
  for (const name of inPhaseOrder(names).slice(0, 8)) {
    drawing.rect(x, y + height + 30, 10, 10, { fill: drawing.colours.phase(name), radius: 2 });
    drawing.text(x + 15, y + height + 39, name, { size: 11, width: 110 });
    x += 15 + Math.min(110, drawing.widthOf(name, 11)) + 20;
  }
  return y + height + 42;
}

function drawBars(drawing: Drawing, model: RunModel, report: Report, top: number): number {
  const { colours } = drawing;
  const rows = phaseBars(report, model.linesByPhase).slice(0, 12);
  if (report.phases.length === 0) return top;
  drawing.text(margin, top, "Energy by phase", { weight: 600 });
  const most = Math.max(1e-12, ...rows.map((row) => row.value + (row.error ?? 0)));
  const [left, room] = [margin + 100, 190];
  let y = top + 12;
  for (const row of rows) {
    const scale = (value: number) => (room * Math.max(0, value)) / most;
    drawing.text(margin, y + 15, row.label, { size: 12, width: 92 });
    const edge = row.id === "other" ? { stroke: colours.phaseOtherEdge } : {};
    drawing.rect(left, y + 4, scale(row.value), 14, { fill: colours.phase(row.id), ...edge });
    if (row.error !== undefined) {
      const [low, high] = [left + scale(row.value - row.error), left + scale(row.value + row.error)];
      drawing.path(`M${low} ${y + 7}v8M${high} ${y + 7}v8M${low} ${y + 11}H${high}`, { stroke: colours.foreground });
    }
    drawing.text(left + room + 90, y + 15, row.text, { size: 12, anchor: "end" });
    drawing.text(left + room + 134, y + 15, row.share ?? "", { size: 12, anchor: "end", colour: colours.muted });
    y += 24;
  }
  return y;
}

function drawIterations(drawing: Drawing, model: RunModel, top: number): number {
  const { iterations } = model;
  if (iterations.length === 0) return top;
  const { foreground, grid, muted } = drawing.colours;
  const energy = iterations.withEnergy > 0;
  const values = energy ? iterations.energyJ : iterations.durationS;
  const [left, right, height] = [width / 2 + 60, width - margin, 130];
  drawing.text(left - 44, top, `Per iteration, ${energy ? "energy" : "time"}`, { weight: 600 });
  let most = 0;
  let counted = 0;
  for (let i = 0; i < values.length; i++) {
    if (iterations.excluded[i] !== 0) continue;
    counted++;
    if (values[i]! > most) most = values[i]!;
  }
  const ticks = axisFromZero(most * 1.08, 4);
  const highest = ticks.top;
  const bottom = top + 16 + height;
  const { unit, factor } = axisUnit(highest, energy ? "J" : "s");
  for (const [i, tick] of ticks.values.entries()) {
    const y = bottom - (tick / highest) * height;
    drawing.line(left, y, right, y, grid);
    const text = tickText(tick, ticks.step, factor) + (i === ticks.values.length - 1 ? ` ${unit}` : "");
    drawing.text(left - 8, y + 4, text, { size: 11, colour: muted, anchor: "end" });
  }
  // A picture needs no more dots than it has room for.
  const every = Math.max(1, Math.ceil(values.length / 1500));
  for (let i = 0; i < values.length; i += every) {
    if (Number.isNaN(values[i])) continue;
    const x = left + ((i + 0.5) / values.length) * (right - left);
    const y = bottom - (Math.min(values[i]!, highest) / highest) * height;
    drawing.circle(x, y, 2, iterations.excluded[i] === 0 ? { fill: foreground } : { stroke: foreground });
  }
  const out = iterations.length - counted;
  drawing.text(
    left,
    bottom + 18,
    `${plural(counted, "iteration")} counted${out > 0 ? `, ${out} left out (hollow)` : ""}`,
    { size: 11, colour: muted },
  );
  return bottom + 20;
}
