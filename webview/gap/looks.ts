/** How the parts of a layer's time look: the same in the charts, the legend, the list and the saved picture. */
import { type Hatch, hatchFill } from "../shared/chart/pattern";
import type { Palette } from "../shared/theme";
import type { Item } from "./items";

export const partNames = { ideal: "ideal", memory: "lost to memory", kernel: "lost to kernels" } as const;

/** Lines for memory, dots for the kernel: they differ without colour. In units of a tile. */
export const memoryHatch: Hatch = [
  [0, 6, 6, 0],
  [-1, 1, 1, -1],
  [5, 7, 7, 5],
];
export const kernelHatch: Hatch = [
  [1, 1.5, 2, 1.5],
  [4, 4.5, 5, 4.5],
];

export interface Looks {
  ideal(item: Pick<Item, "pass">): string;
  readonly memory: string | CanvasPattern;
  readonly kernel: string | CanvasPattern;
  readonly unsplit: string;
}

/** Of a pass its colour; a group has both passes and none of their colours. */
export function idealColour(colours: Palette, { pass }: Pick<Item, "pass">): string {
  return pass === undefined ? colours.muted : colours.phase(pass);
}

export function looksOf(context: CanvasRenderingContext2D, colours: Palette): Looks {
  return {
    ideal: (item) => idealColour(colours, item),
    memory: hatchFill(context, memoryHatch, colours.foreground),
    kernel: hatchFill(context, kernelHatch, colours.muted),
    unsplit: colours.grid,
  };
}
