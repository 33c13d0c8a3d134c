/**
 * What each device draws when nothing runs, remembered per machine and boot so that not every run begins with a wait.
 * Comes from the status bar's watch, or from the two seconds before a run.
 */
import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import * as v from "valibot";
import { log } from "../model/log";
import { readJson, writeAtomically } from "../store/files";
import { bootId } from "../store/manifest";
import { stateFolder } from "./stateFolder";

const schemaName = "wattline.idle/1";
const idleSchema = v.object({
  schema: v.literal(schemaName),
  bootId: v.pipe(v.string(), v.maxLength(100)),
  devices: v.record(
    v.pipe(v.string(), v.maxLength(1024)),
    v.object({ powerW: v.pipe(v.number(), v.finite(), v.minValue(0)), at: v.pipe(v.number(), v.finite()) }),
  ),
});

type Environment = Readonly<Record<string, string | undefined>>;

/** A machine warms up and cools down over a day, and people plug things in. */
const freshMs = 12 * 3600 * 1000;
/** How long a run waits where nothing is remembered. */
export const idleWaitS = 2;

/** Watts by device id, as far as they are remembered and fresh. */
export async function rememberedIdle(env: Environment, nowMs: number): Promise<ReadonlyMap<string, number>> {
  const found = await read(env);
  const fresh = Object.entries(found).filter(([, { at }]) => nowMs - at < freshMs && at <= nowMs + 60_000);
  return new Map(fresh.map(([id, { powerW }]) => [id, powerW]));
}

/**
 * Keeps the least that was seen: somebody else's work makes a machine draw more than at idle, never less.
 * A value that is no longer fresh gives way.
 */
export async function rememberIdle(
  env: Environment,
  powersW: ReadonlyMap<string, number>,
  nowMs: number,
): Promise<void> {
  const boot = await bootId();
  if (boot === undefined || powersW.size === 0) return;
  try {
    const devices = { ...(await read(env)) };
    for (const [id, powerW] of powersW) {
      const before = devices[id];
      if (before === undefined || nowMs - before.at >= freshMs || powerW < before.powerW)
        devices[id] = { powerW, at: nowMs };
    }
    await mkdir(dirname(pathOf(env)), { recursive: true, mode: 0o700 });
    await writeAtomically(pathOf(env), `${JSON.stringify({ schema: schemaName, bootId: boot, devices })}\n`);
  } catch (error) {
    log.debug(`The idle power could not be remembered: ${(error as Error).message}`);
  }
}

async function read(env: Environment) {
  const found = await readJson(pathOf(env), idleSchema, schemaName).catch(() => undefined);
  return found !== undefined && found.bootId === (await bootId()) ? found.devices : {};
}

function pathOf(env: Environment): string {
  return join(stateFolder(env), "idle.json");
}
