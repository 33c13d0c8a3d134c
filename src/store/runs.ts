/** The runs of a workspace: list, label, delete, keep within bounds. */
import { lstat, readdir, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import * as v from "valibot";
import { notARunFolder } from "../model/errors";
import type { RunState } from "../model/manifest";
import { reportSchemaName } from "../model/report";
import { readJson } from "./files";
import { readLabels, readManifest, runState, writeLabels } from "./manifest";
import { scriptName, unfinishedPrefix } from "./runFolder";

export interface RunListing {
  /** Absolute path of the folder. */
  readonly path: string;
  readonly id: string;
  /** `train_char_gpt` */
  readonly script: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly state: RunState;
  /** ISO 8601; empty where the manifest cannot be read. */
  readonly startedAt: string;
  readonly durationS?: number;
  readonly energyJ?: number;
  /** The least sure source of the devices in `energyJ`. */
  readonly source?: "measured" | "integrated" | "estimated";
  readonly exitCode?: number;
  /** What the folder takes on disk. */
  readonly bytes: number;
  /** Why the run cannot be opened, a sentence. */
  readonly fault?: string;
}

/** What a listing needs of `summary.json`; the rest of it is not looked at. */
const listedSummarySchema = v.object({
  schema: v.literal(reportSchemaName),
  run: v.object({ durationS: v.number() }),
  energyJ: v.optional(v.number()),
  devices: v.array(
    v.object({ counted: v.boolean(), source: v.picklist(["measured", "integrated", "estimated"] as const) }),
  ),
});

/** Every run below `root` (`.wattline/runs`), newest first. A folder that cannot be read is listed with its fault. */
export async function listRuns(root: string): Promise<RunListing[]> {
  const entries = await readdir(root, { withFileTypes: true }).catch(() => []);
  const listings = await Promise.all(
    // A link could lead a later `delete` out of the workspace.
    entries
      .filter((entry) => entry.isDirectory() && !entry.name.startsWith(unfinishedPrefix))
      .map((entry) => listing(join(root, entry.name))),
  );
  return listings
    .filter((one): one is RunListing => one !== undefined)
    .sort((a, b) => Date.parse(b.startedAt || "0") - Date.parse(a.startedAt || "0") || b.id.localeCompare(a.id));
}

async function listing(path: string): Promise<RunListing | undefined> {
  const bytes = await folderBytes(path);
  const id = basename(path);
  try {
    const manifest = await readManifest(path);
    const summary = await readJson(join(path, "summary.json"), listedSummarySchema, reportSchemaName).catch(
      () => undefined,
    );
    const durationS = manifest.end?.timeS ?? summary?.run.durationS;
    const source = leastSure(summary?.devices.filter(({ counted }) => counted).map((device) => device.source) ?? []);
    return {
      path,
      id,
      script: scriptName(manifest.argv),
      labels: await readLabels(path, manifest),
      state: await runState(manifest),
      startedAt: manifest.startedAt,
      ...(durationS !== undefined && { durationS }),
      ...(summary?.energyJ !== undefined && { energyJ: summary.energyJ }),
      ...(source && { source }),
      ...(manifest.end?.exitCode !== undefined && { exitCode: manifest.end.exitCode }),
      bytes,
    };
  } catch (error) {
    // An empty folder is not worth a line.
    if (bytes === 0) return undefined;
    const fault = (error as Error).message;
    return { path, id, script: id, labels: {}, state: "interrupted", startedAt: "", bytes, fault };
  }
}

function leastSure(found: readonly ("measured" | "integrated" | "estimated")[]) {
  return (["estimated", "integrated", "measured"] as const).find((source) => found.includes(source));
}

/** Gives a run labels, beside those the recorder wrote; an empty text takes one away. */
export async function labelRun(path: string, labels: Readonly<Record<string, string>>): Promise<void> {
  const manifest = await readManifest(path);
  await writeLabels(path, { ...(await readLabels(path, manifest)), ...labels });
}

/** Deletes a run folder. @throws WattlineError when the path is no run folder: nothing else is ever deleted */
export async function deleteRun(path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined);
  const names = found?.isDirectory() ? await readdir(path) : [];
  if (!names.includes("run.json")) throw notARunFolder(path);
  await rm(path, { recursive: true });
}

/**
 * Deletes the oldest runs until the rest takes at most `maxBytes`. Runs with a label and runs that go on stay.
 * @returns the paths deleted
 */
export async function pruneRuns(root: string, maxBytes: number): Promise<string[]> {
  const runs = await listRuns(root);
  let total = runs.reduce((sum, { bytes }) => sum + bytes, 0);
  const deleted: string[] = [];
  for (const run of runs.reverse()) {
    if (total <= maxBytes) break;
    if (run.state === "running" || Object.keys(run.labels).length > 0 || run.fault !== undefined) continue;
    await deleteRun(run.path);
    total -= run.bytes;
    deleted.push(run.path);
  }
  return deleted;
}

/** What the files of a folder take, two levels deep: a run has no more. */
async function folderBytes(path: string, depth = 2): Promise<number> {
  const entries = await readdir(path, { withFileTypes: true }).catch(() => []);
  const sizes = entries.map(async (entry) => {
    const inside = join(path, entry.name);
    if (entry.isDirectory()) return depth > 1 ? folderBytes(inside, depth - 1) : 0;
    return (await lstat(inside).catch(() => undefined))?.size ?? 0;
  });
  return (await Promise.all(sizes)).reduce((sum, bytes) => sum + bytes, 0);
}
