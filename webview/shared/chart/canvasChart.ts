import type { PropertyValues } from "lit";
import { type Palette, palette } from "../theme";
import { SizedChart } from "./sizedChart";

/**
 * What a chart on a canvas needs: its width, the theme, and a canvas that is sharp on every screen. The first
 * `<canvas>` with the class `chart-canvas` in what is rendered is painted anew after each change.
 */
export abstract class CanvasChart extends SizedChart {
  /** Of the canvas, CSS pixels. */
  protected abstract get heightPx(): number;

  /** Paints all of it; coordinates are CSS pixels. */
  protected abstract paint(context: CanvasRenderingContext2D, colours: Palette): void;

  /** Changes of only these properties need no new painting: what follows the pointer lies above the canvas. */
  protected readonly overlays: readonly string[] = [];

  protected override updated(changed: PropertyValues): void {
    const names = [...changed.keys()].map(String);
    if (this.widthPx === 0 || (names.length > 0 && names.every((name) => this.overlays.includes(name)))) return;
    const canvas = this.querySelector<HTMLCanvasElement>("canvas.chart-canvas");
    if (canvas !== null) paintSharp(canvas, this.widthPx, this.heightPx, (context) => this.paint(context, palette()));
  }

  protected fire(type: string, detail?: unknown): void {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

/** Sets a canvas to its size on this screen and paints it in CSS pixels. */
export function paintSharp(
  canvas: HTMLCanvasElement,
  widthPx: number,
  heightPx: number,
  paint: (context: CanvasRenderingContext2D) => void,
): void {
  const ratio = globalThis.devicePixelRatio || 1;
  canvas.width = Math.round(widthPx * ratio);
  canvas.height = Math.round(heightPx * ratio);
  const context = canvas.getContext("2d");
  if (context === null) return;
  context.scale(ratio, ratio);
  paint(context);
}
