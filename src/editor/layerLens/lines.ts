/** The lines of a file that make layers, with what each says. No VS Code here. */
import { layerSummary } from "../../analysis/efficiency/gapHeadline";
import { plural } from "../../model/format";
import type { GapLayer, GapReport } from "../../model/gap";

export interface LayerLine {
  /** From 1. */
  readonly line: number;
  /** `12 % of time · 9 % efficient · memory-bound` */
  readonly summary: string;
  /** `3 layers` */
  readonly layers: string;
}

/** Lines whose layers take less than this share of the time are left alone: a lens a line would hide the code. */
const worthALens = 0.01;

/** @param file absolute path */
export function layerLines({ layers, totals }: GapReport, file: string): LayerLine[] {
  const byLine = new Map<number, GapLayer[]>();
  for (const row of layers) {
    if (row.file !== file || row.line === undefined) continue;
    const rows = byLine.get(row.line);
    if (rows === undefined) byLine.set(row.line, [row]);
    else rows.push(row);
  }
  return [...byLine]
    .filter(([, rows]) => rows.reduce((sum, { timeS }) => sum + timeS, 0) >= worthALens * totals.timeS)
    .sort(([a], [b]) => a - b)
    .map(([line, rows]) => ({
      line,
      summary: layerSummary(rows, totals.timeS),
      layers: plural(new Set(rows.map(({ name }) => name)).size, "layer"),
    }));
}

/** With `(before edit)` where the file has changed since. */
export function lensTitle(summary: string, stale: boolean): string {
  return `$(graph) ${summary}${stale ? " (before edit)" : ""}`;
}
