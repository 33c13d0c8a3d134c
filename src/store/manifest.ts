/** `run.json` and what tells a run that goes on from one whose recorder died. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import * as v from "valibot";
import { notARunFolder } from "../model/errors";
import { type Manifest, manifestSchema, type RunState, runSchemaName } from "../model/manifest";
import { readJson, writeAtomically } from "./files";

/** @throws WattlineError when there is none, or it is malformed or of another version */
export async function readManifest(runPath: string): Promise<Manifest> {
  const manifest = await readJson(join(runPath, "run.json"), manifestSchema, runSchemaName);
  if (manifest === undefined) throw notARunFolder(runPath);
  return manifest;
}

export async function writeManifest(runPath: string, manifest: Manifest): Promise<void> {
  await writeAtomically(join(runPath, "run.json"), `${JSON.stringify(manifest, undefined, 2)}\n`);
}

/**
 * A run without an end goes on if the recorder that began it still lives: same boot, same pid, same start time of that
 * pid (pids are used again). Where none of that can be known (no /proc), a living pid must do.
 */
export async function runState(manifest: Manifest): Promise<RunState> {
  if (manifest.end !== undefined) return "finished";
  const { pid, startTicks } = manifest.recorder;
  if (manifest.bootId !== undefined && manifest.bootId !== (await bootId())) return "interrupted";
  if (startTicks !== undefined) return (await startTicksOf(pid)) === startTicks ? "running" : "interrupted";
  try {
    process.kill(pid, 0);
    return "running";
  } catch (error) {
    // EPERM: it lives and is somebody else's.
    return (error as NodeJS.ErrnoException).code === "EPERM" ? "running" : "interrupted";
  }
}

/** Linux boot id; undefined elsewhere. */
export async function bootId(): Promise<string | undefined> {
  const text = await readFile("/proc/sys/kernel/random/boot_id", "utf8").catch(() => undefined);
  return text?.trim();
}

/** Start of a process in clock ticks since boot; undefined when it is gone, is a zombie, or there is no /proc. */
export async function startTicksOf(pid: number): Promise<number | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => undefined);
  // The second field, the name in parentheses, may itself hold spaces and parentheses. Fields 3 (state) and 22.
  const fields = stat?.slice(stat.lastIndexOf(")") + 2).split(" ");
  if (fields === undefined || fields[0] === "Z" || fields[0] === "X") return undefined;
  const ticks = Number(fields[19]);
  return Number.isFinite(ticks) ? ticks : undefined;
}

const labelsSchema = v.object({
  schema: v.literal("wattline.labels/1"),
  labels: v.record(v.pipe(v.string(), v.maxLength(200)), v.pipe(v.string(), v.maxLength(4096))),
});

/**
 * Labels given after the run, in a file of their own: the manifest is the recorder's alone, which may still be writing.
 * An empty label takes one away that the recorder wrote.
 */
export async function readLabels(runPath: string, manifest: Manifest): Promise<Record<string, string>> {
  const later = await readJson(join(runPath, "labels.json"), labelsSchema, "wattline.labels/1").catch(() => undefined);
  const all = { ...manifest.labels, ...later?.labels };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== ""));
}

export async function writeLabels(runPath: string, labels: Readonly<Record<string, string>>): Promise<void> {
  const text = JSON.stringify({ schema: "wattline.labels/1", labels }, undefined, 2);
  await writeAtomically(join(runPath, "labels.json"), `${text}\n`);
}
