/** What this machine's devices reach, kept per machine and driver in the user's state folder. */
import { mkdir, readFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { type Calibration, calibrationSchema, calibrationSchemaName } from "../model/calibration";
import { WattlineError } from "../model/errors";
import { log } from "../model/log";
import { readJson, writeAtomically } from "../store/files";
import { stateFolder } from "./stateFolder";

type Environment = Readonly<Record<string, string | undefined>>;

/** @throws WattlineError where it cannot be written */
export async function keepCalibration(calibration: Calibration, env: Environment): Promise<void> {
  const path = pathOf(env);
  try {
    await mkdir(stateFolder(env), { recursive: true, mode: 0o700 });
    await writeAtomically(path, `${JSON.stringify(calibration)}\n`);
  } catch (error) {
    throw new WattlineError(`The calibration could not be kept in ${path}: ${(error as Error).message}.`);
  }
}

/** What this machine reached when it was last asked; of GPUs nothing where their driver is another one by now. */
export async function rememberedCalibration(env: Environment): Promise<Calibration | undefined> {
  try {
    const found = await readJson(pathOf(env), calibrationSchema, calibrationSchemaName);
    if (found === undefined || found.machine.host !== hostname()) return undefined;
    if (found.machine.driver === (await driverVersion())) return found;
    return { ...found, devices: found.devices.filter(({ kind }) => kind !== "gpu") };
  } catch (error) {
    log.warn(`The calibration of this machine is not used: ${(error as Error).message}`);
    return undefined;
  }
}

/** A home folder may be shared by machines, so each has a file of its own. */
function pathOf(env: Environment): string {
  return join(stateFolder(env), `calibration-${hostname().replace(/[^\w.-]/g, "_")}.json`);
}

/** The version of NVIDIA's kernel driver, where it is loaded: reading it costs nothing and loads no library. */
export async function driverVersion(): Promise<string | undefined> {
  const text = await readFile("/proc/driver/nvidia/version", "utf8").catch(() => "");
  return /Kernel Module\s+(?:for \S+\s+)?([\d.]+)/.exec(text)?.[1];
}
