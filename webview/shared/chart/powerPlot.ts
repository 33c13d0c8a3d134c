import uPlot from "uplot";
import { palette } from "../theme";
import { type axisFromZero, axisUnit, tickText, timeTicks } from "./axis";
import { curveOf, isDense } from "./downsample";
import type { PowerStore } from "./powerStore";
import type { Window } from "./zoom";

/** One curve. Devices differ by dash and label, not by colour. */
export interface Curve {
  readonly store: PowerStore;
  readonly dash: readonly number[];
  readonly fill: boolean;
}

/** Dashes in the order of devices; from the fifth they repeat, and the label tells them apart. */
export const dashes: readonly (readonly number[])[] = [[], [6, 4], [2, 3], [10, 3, 2, 3]];

export interface PlotView {
  readonly curves: readonly Curve[];
  readonly window: Window;
  /** Of the power axis; undefined where there is no curve. */
  readonly powerAxis: ReturnType<typeof axisFromZero> | undefined;
  /** Of the whole element, axis and gutter included, CSS pixels. */
  readonly width: number;
  readonly height: number;
  readonly left: number;
  readonly right: number;
}

/**
 * The power curves, by uPlot: it owns the canvas, its scaling and the y axis. The lines are our own paths, reduced to
 * the pixels that there are (see downsample.ts), so that a million samples cost what a thousand do. Pointer and time
 * axis are the timeline's, which has the strip of phases on the same axis.
 */
export class PowerPlot {
  private plot: uPlot | undefined;
  private view: PlotView | undefined;
  /** What a plot was made for; anything else is only new data. */
  private madeFor = "";

  constructor(private readonly element: HTMLElement) {}

  draw(view: PlotView): void {
    this.view = view;
    const made = `${view.curves.length}|${view.left}|${view.right}|${view.curves.map((curve) => curve.fill)}`;
    if (this.plot === undefined || this.madeFor !== made) {
      this.destroy();
      this.madeFor = made;
      this.plot = new uPlot(this.options(view), this.data(view), this.element);
      return;
    }
    if (this.plot.width !== view.width || this.plot.height !== view.height) {
      this.plot.setSize({ width: view.width, height: view.height });
    }
    this.plot.setData(this.data(view));
  }

  destroy(): void {
    this.plot?.destroy();
    this.plot = undefined;
  }

  /** uPlot wants a point at either end of the axis; the curves come from their stores. */
  private data(view: PlotView): uPlot.AlignedData {
    return [[view.window.from, view.window.to], ...view.curves.map(() => [0, 0])];
  }

  private options(view: PlotView): uPlot.Options {
    return {
      width: view.width,
      height: view.height,
      legend: { show: false },
      cursor: { show: false },
      select: { show: false, left: 0, top: 0, width: 0, height: 0 },
      padding: [8, view.right, 0, 0],
      scales: {
        x: { time: false, range: () => [this.view!.window.from, this.view!.window.to] },
        y: { range: () => [0, this.view!.powerAxis?.top ?? 1] },
      },
      axes: [
        {
          size: 6,
          ticks: { show: false },
          values: () => [],
          splits: () =>
            this.view!.powerAxis === undefined
              ? []
              : [...timeTicks(this.view!.window.from, this.view!.window.to, this.columns / 80).values],
          grid: { stroke: () => palette().grid, width: 1 },
        },
        {
          size: view.left,
          gap: 6,
          font: this.font,
          stroke: () => palette().muted,
          ticks: { show: false },
          grid: { stroke: () => palette().grid, width: 1 },
          splits: () => [...(this.view!.powerAxis?.values ?? [])],
          values: (_plot, splits) => this.axisTexts(splits),
        },
      ],
      series: [
        {},
        ...view.curves.map(
          (curve, i): uPlot.Series => ({
            stroke: () => palette().foreground,
            fill: () => this.fillOf(i),
            width: 1.25,
            dash: [...curve.dash],
            points: { show: false },
            paths: (plot) => this.paths(plot, i),
          }),
        ),
      ],
    };
  }

  private get columns(): number {
    return Math.max(1, this.view!.width - this.view!.left - this.view!.right);
  }

  private get font(): string {
    const { fontFamily, fontSizePx } = palette();
    return `${Math.round(fontSizePx * 0.85)}px ${fontFamily}`;
  }

  /** The unit stands once, at the highest number. */
  private axisTexts(splits: readonly number[]): string[] {
    const { step, top } = this.view!.powerAxis ?? { step: 1, top: 1 };
    const { unit, factor } = axisUnit(top, "W");
    return splits.map((value, i) => tickText(value, step, factor) + (i === splits.length - 1 ? ` ${unit}` : ""));
  }

  /** The band of a dense curve, or the area under the only one. */
  private fillOf(index: number): string {
    const { store, fill } = this.view!.curves[index]!;
    const { from, to } = this.view!.window;
    if (isDense(store, from, to, this.columns)) return palette().band;
    return fill ? palette().grid : "transparent";
  }

  private paths(plot: uPlot, index: number): uPlot.Series.Paths {
    const { store } = this.view!.curves[index]!;
    const { from, to } = this.view!.window;
    const { line, band } = curveOf(store, from, to, this.columns);
    const xOf = (timeS: number) => plot.valToPos(timeS, "x", true);
    const yOf = (powerW: number) => plot.valToPos(powerW, "y", true);
    const stroke = new Path2D();
    const fill = new Path2D();
    let start: number | undefined;
    for (let i = 0; i < line.length; i += 2) {
      const [x, y] = [xOf(line[i]!), yOf(line[i + 1]!)];
      if (Number.isNaN(line[i])) start = undefined;
      else if (start === undefined) {
        stroke.moveTo(x, y);
        start = x;
      } else stroke.lineTo(x, y);
      const ends = Number.isNaN(line[i + 2] ?? Number.NaN);
      if (band !== undefined || start === undefined) continue;
      if (start === x) fill.moveTo(x, yOf(0));
      fill.lineTo(x, y);
      if (!ends) continue;
      fill.lineTo(x, yOf(0));
      fill.closePath();
    }
    const left = xOf(from);
    const width = (xOf(to) - left) / (band?.low.length ?? 1);
    for (let column = 0; band !== undefined && column < band.low.length; column++) {
      if (Number.isNaN(band.low[column])) continue;
      const [top, bottom] = [yOf(band.high[column]!), yOf(band.low[column]!)];
      fill.rect(left + column * width, top, width, Math.max(1, bottom - top));
    }
    return { stroke, fill, clip: null, band: null, flags: 0 };
  }
}
