import { phases } from "../../../src/model/phase";

const size = 6;

/**
 * Hatches for high contrast, one a phase, so that colour never speaks alone: none for data, then `/`, `\`, a cross, and
 * bars. Lines are in units of the tile.
 */
const strokes: Record<string, Hatch> = {
  data: [],
  forward: [
    [0, 6, 6, 0],
    [-1, 1, 1, -1],
    [5, 7, 7, 5],
  ],
  backward: [
    [0, 0, 6, 6],
    [5, -1, 7, 1],
    [-1, 5, 1, 7],
  ],
  optimizer: [
    [0, 3, 6, 3],
    [3, 0, 3, 6],
  ],
  communication: [[3, 0, 3, 6]],
  named: [[0, 3, 6, 3]],
};

/** Fill style of a phase: its colour, and in high contrast its colour with the background hatched into it. */
export function phaseFill(
  context: CanvasRenderingContext2D,
  phase: string,
  colour: string,
  hatch: string | undefined,
): string | CanvasPattern {
  const lines = strokes[(phases as readonly string[]).includes(phase) ? phase : "named"] ?? [];
  if (hatch === undefined || lines.length === 0) return colour;
  return hatchFill(context, lines, hatch, colour);
}

/** Lines of a tile of `tileSize` pixels, from x0, y0 to x1, y1. */
export type Hatch = readonly (readonly [number, number, number, number])[];

export const tileSize = size;

/** A fill that repeats a tile of lines over a ground, or over whatever is there. */
export function hatchFill(
  context: CanvasRenderingContext2D,
  lines: Hatch,
  stroke: string,
  ground?: string,
): string | CanvasPattern {
  const scale = Math.max(1, Math.round(globalThis.devicePixelRatio || 1));
  const tile = document.createElement("canvas");
  tile.width = size * scale;
  tile.height = size * scale;
  const draw = tile.getContext("2d");
  if (draw === null) return ground ?? stroke;
  draw.scale(scale, scale);
  if (ground !== undefined) {
    draw.fillStyle = ground;
    draw.fillRect(0, 0, size, size);
  }
  draw.strokeStyle = stroke;
  draw.lineWidth = 1;
  draw.beginPath();
  for (const [x0, y0, x1, y1] of lines) {
    draw.moveTo(x0, y0);
    draw.lineTo(x1, y1);
  }
  draw.stroke();
  const pattern = context.createPattern(tile, "repeat");
  pattern?.setTransform(new DOMMatrix().scale(1 / scale));
  return pattern ?? ground ?? stroke;
}
