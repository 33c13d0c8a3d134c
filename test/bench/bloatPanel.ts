/** How fast the bloat panel answers, in a real Chromium: part of `npm run bench:bloat`. */
import { performance } from "node:perf_hooks";
import {
  bloatColumns,
  type Frontier,
  planColumns,
  planFor,
  tableDeadlines,
  tablePlans,
} from "../../src/analysis/bloat";
import type { FromBloatPanel, ToBloatPanel } from "../../src/messages/bloat";
import { PanelBrowser } from "../browser/browser";

export interface PanelTimes {
  readonly case: string;
  /** Milliseconds from a move of the slider to everything drawn: the median and the ninth decile of 60 moves. */
  readonly medianMs: number;
  readonly ninthMs: number;
}

/** Moves the straggler's slider in the gallery's small case and in that of 16 stages and 512 microbatches. */
export async function sliderTimes(): Promise<PanelTimes[]> {
  const browser = await PanelBrowser.start<ToBloatPanel, FromBloatPanel>("bloat");
  const times: PanelTimes[] = [];
  try {
    for (const name of ["full", "huge"]) {
      const panel = await browser.open(name, { width: 1280 });
      // The page's own clock stands still for the sake of pictures: each move is timed from here, and what asking costs
      // is taken off.
      const move = (value: number) =>
        panel.page.evaluate(async (factor) => {
          const input = document.querySelector<HTMLInputElement>("#straggler")!;
          if (factor > 0) {
            input.value = String(factor);
            input.dispatchEvent(new Event("input"));
          }
          for (const element of ["wattline-bloat", "wl-frontier", "wl-gantt"])
            await (document.querySelector(element) as unknown as { updateComplete: Promise<unknown> }).updateComplete;
        }, value);
      const timed = async (value: number) => {
        const began = performance.now();
        await move(value);
        return performance.now() - began;
      };
      const asking: number[] = [];
      const moves: number[] = [];
      for (let k = 0; k < 60; k++) {
        asking.push(await timed(0));
        moves.push(await timed(1.05 + 0.45 * (k / 60)));
      }
      const cost = asking.sort((a, b) => a - b)[30]!;
      const own = moves.map((ms) => Math.max(0, ms - cost)).sort((a, b) => a - b);
      times.push({ case: name, medianMs: own[30]!, ninthMs: own[54]! });
      await panel.close();
    }
  } finally {
    await browser.close();
  }
  return times;
}

export interface TableTimes {
  readonly plans: number;
  readonly megabytes: number;
  readonly tableS: number;
  /** The best plan where the slider rests. */
  readonly restS: number;
}

/** What the panel's thread does once a frontier is solved. */
export function tableTimes(frontier: Frontier): TableTimes {
  const deadlines = tableDeadlines(frontier);
  const columns = bloatColumns(frontier, 0);
  let began = performance.now();
  const plans = tablePlans(frontier, deadlines, deadlines.length, undefined).map((plan) => planColumns(frontier, plan));
  const tableS = (performance.now() - began) / 1000;
  began = performance.now();
  planFor(frontier, Math.round(1.2 * frontier.minimumTicks));
  const restS = (performance.now() - began) / 1000;
  const bytes = plans.reduce(
    (sum, { option, startS, slackS }) => sum + option.byteLength + startS.byteLength + slackS.byteLength,
    columns.cornerS.byteLength + columns.cornerJ.byteLength,
  );
  return { plans: plans.length, megabytes: bytes / 1e6, tableS, restS };
}
