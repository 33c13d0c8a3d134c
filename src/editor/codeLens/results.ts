import { createHash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { bloatSummary, loopSummary } from "../../analysis/loopSummary";
import type { Manifest } from "../../model/manifest";
import { readManifest } from "../../store/manifest";
import { readSummary } from "../../store/readSummary";
import type { RunListing } from "../../store/runs";

/** What the last run of a loop used. */
export interface LoopResult {
  readonly run: string;
  /** At most three: `182 J/iter`, `41 W`, `data wait 21 %`. */
  readonly parts: readonly string[];
  /** `bloat 14 %`; absent where there is none, or it is not known. */
  readonly bloat?: string;
  /** The file was changed after the run began: lines may have moved, and the numbers are of what was there. */
  readonly stale: boolean;
}

interface LoopRun {
  readonly path: string;
  readonly manifest: Manifest;
  readonly loop: { readonly path: string; readonly line: number; readonly endLine: number };
  readonly parts: readonly string[];
  readonly bloat?: string;
}

/** Older ones say less about the code as it is. */
const runsLookedAt = 20;

/** Finds the last run of each loop, from the reports that recorders left; each is read once. */
export class LoopResults {
  private readonly read = new Map<string, Promise<LoopRun | undefined>>();

  /**
   * @param file absolute path of the Python file
   * @param lines of its loops, from 1
   * @param isDirty whether the editor holds changes that the file does not
   * @returns by line; a loop that was never profiled is absent
   */
  async of(
    listings: readonly RunListing[],
    file: string,
    lines: readonly number[],
    isDirty: boolean,
  ): Promise<Map<number, LoopResult>> {
    const ended = listings
      .filter(({ state, fault }) => state !== "running" && fault === undefined)
      .slice(0, runsLookedAt);
    const runs = await Promise.all(ended.map((listing) => this.ofRun(listing)));
    const results = new Map<number, LoopResult>();
    for (const run of runs) {
      if (run === undefined || run.loop.path !== file || run.parts.length === 0) continue;
      const stale = isDirty || (await changedSince(run.manifest, file));
      // Where lines have moved, the run's loop is taken for the nearest.
      const line = lines.includes(run.loop.line) || !stale ? run.loop.line : nearest(lines, run.loop.line);
      if (line !== undefined && !results.has(line)) results.set(line, resultOf(run, stale));
    }
    return results;
  }

  private ofRun(listing: RunListing): Promise<LoopRun | undefined> {
    // The report is written a moment after the end: without it there is nothing to keep.
    const key = `${listing.path} ${listing.energyJ ?? ""}`;
    const known = this.read.get(key);
    if (known !== undefined) return known;
    const reading = readLoopRun(listing.path).catch(() => undefined);
    this.read.set(key, reading);
    return reading;
  }
}

function resultOf({ path, parts, bloat }: LoopRun, stale: boolean): LoopResult {
  return { run: path, parts, stale, ...(bloat !== undefined && { bloat }) };
}

async function readLoopRun(path: string): Promise<LoopRun | undefined> {
  const report = await readSummary(path);
  const loop = report?.iterations.loop;
  if (report === undefined || loop === undefined) return undefined;
  const bloat = bloatSummary(report);
  const parts = loopSummary(report);
  return { path, manifest: await readManifest(path), loop, parts, ...(bloat !== undefined && { bloat }) };
}

/** Whether a file was changed after a run began: the script by its content, a module of it by its time. */
export async function changedSince(
  { script, startedAt }: Pick<Manifest, "script" | "startedAt">,
  file: string,
): Promise<boolean> {
  try {
    if (script?.path === file && script.sha256 !== undefined) {
      return (
        createHash("sha256")
          .update(await readFile(file))
          .digest("hex") !== script.sha256
      );
    }
    return (await stat(file)).mtimeMs > Date.parse(startedAt);
  } catch {
    return true;
  }
}

function nearest(lines: readonly number[], line: number): number | undefined {
  return [...lines].sort((a, b) => Math.abs(a - line) - Math.abs(b - line))[0];
}

/** `$(flame) bloat 14 %`, likewise. */
export function bloatTitle({ bloat, stale }: LoopResult): string | undefined {
  return bloat === undefined ? undefined : `$(flame) ${bloat}${stale ? " (before edit)" : ""}`;
}

/** `$(zap) 182 J/iter · 41 W · data wait 21 %`, with `(before edit)` where the file has changed since. */
export function resultTitle({ parts, stale }: LoopResult): string {
  return `$(zap) ${parts.join(" · ")}${stale ? " (before edit)" : ""}`;
}
