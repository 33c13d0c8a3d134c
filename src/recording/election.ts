/**
 * One sampler a node, however many recorders start there: `srun` starts one a rank, and four samplers would cost four
 * times and let four runs count the node four times.
 *
 * The first recorder's sampler serves. A file in the user's runtime folder says who it is; a later recorder of the same
 * user and the same meters writes a note into the serving run's `users/` folder and reads its samples. A sampler that is
 * told to stop first takes the file away, then looks for users, and stays while one lives. So either the user's note
 * comes before that look, or the user finds the file gone and starts a sampler of its own.
 *
 * A process is known by boot, pid and start time: files of processes that are gone are stale and taken away.
 */
import { createHash } from "node:crypto";
import { lstat, mkdir, open, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as v from "valibot";
import { log } from "../model/log";
import { bootId, startTicksOf } from "../store/manifest";

type Environment = Readonly<Record<string, string | undefined>>;

const text = v.pipe(v.string(), v.maxLength(4096));
const whole = v.pipe(v.number(), v.integer(), v.minValue(0));
const processSchema = v.object({ pid: whole, startTicks: whole, bootId: text });
const servingSchema = v.object({
  ...processSchema.entries,
  runPath: text,
  /** Which job the serving run is a rank of; absent where it is a run of its own. */
  job: v.optional(text),
});

type Process = v.InferOutput<typeof processSchema>;
export type Serving = v.InferOutput<typeof servingSchema>;

/** What decides which meters are read: recorders that differ in it do not share a sampler. */
const meterVariables = ["WATTLINE_POWERCAP_ROOT", "WATTLINE_NVML_LIBRARY"] as const;

/** The job of which a recorder is one rank, by what Slurm, MPI and an outer `wattline run` leave in the environment. */
export function jobOf(env: Environment): string | undefined {
  if (env.WATTLINE_RUN) return `run ${env.WATTLINE_RUN}`;
  if (env.SLURM_JOB_ID && env.SLURM_STEP_ID && env.SLURM_PROCID)
    return `slurm ${env.SLURM_JOB_ID}.${env.SLURM_STEP_ID}`;
  if (env.PMIX_NAMESPACE && env.OMPI_COMM_WORLD_RANK) return `mpi ${env.PMIX_NAMESPACE}`;
  return undefined;
}

export class Election {
  private constructor(private readonly file: string) {}

  /** @returns undefined where the user has no runtime folder that is theirs alone: then everybody samples for themselves */
  static async at(env: Environment): Promise<Election | undefined> {
    const folder = await runtimeFolder(env);
    if (folder === undefined) return undefined;
    const meters = createHash("sha256")
      .update(JSON.stringify(meterVariables.map((name) => env[name] ?? "")))
      .digest("hex");
    return new Election(join(folder, `sampler-${meters.slice(0, 16)}.json`));
  }

  /** The sampler that serves now; a file whose process is gone is taken away. */
  async serving(): Promise<Serving | undefined> {
    const found = await this.read();
    if (found === undefined) return undefined;
    if (await lives(found)) return found;
    await rm(this.file, { force: true });
    return undefined;
  }

  /** @returns whether this sampler serves from now on; false where another one was first */
  async claim(samplerPid: number, runPath: string, job: string | undefined): Promise<boolean> {
    const self = await processOf(samplerPid);
    if (self === undefined) return false;
    const text = JSON.stringify({ ...self, runPath, ...(job !== undefined && { job }) });
    for (let attempt = 0; attempt < 3; attempt++) {
      if (await createOnly(this.file, text)) return true;
      if ((await this.serving()) !== undefined) return false;
    }
    return false;
  }

  /** Takes the file away if it is this sampler's. */
  async resign(samplerPid: number): Promise<void> {
    if ((await this.read())?.pid === samplerPid) await rm(this.file, { force: true });
  }

  /**
   * Notes this process as a user of the serving run.
   * @returns false where the sampler stopped serving meanwhile; then there is no note
   */
  async join(serving: Serving, pid: number): Promise<boolean> {
    const self = await processOf(pid);
    if (self === undefined) return false;
    const note = join(usersFolder(serving.runPath), `${pid}.json`);
    try {
      await mkdir(usersFolder(serving.runPath), { recursive: true, mode: 0o700 });
      await writeFile(note, JSON.stringify(self), { mode: 0o600 });
    } catch (error) {
      log.debug(`The sampler of ${serving.runPath} cannot be shared: ${(error as Error).message}`);
      return false;
    }
    const now = await this.serving();
    if (now?.pid === serving.pid && now.startTicks === serving.startTicks) return true;
    await rm(note, { force: true });
    return false;
  }

  private async read(): Promise<Serving | undefined> {
    return parsed(servingSchema, await readFile(this.file, "utf8").catch(() => ""));
  }
}

/** Ends a user's share in a serving run. */
export async function leave(runPath: string, pid: number): Promise<void> {
  await rm(join(usersFolder(runPath), `${pid}.json`), { force: true });
}

/** Whether somebody alive still needs the samples of this run. Notes of processes that are gone are taken away. */
export async function isUsed(runPath: string): Promise<boolean> {
  const folder = usersFolder(runPath);
  const names = await readdir(folder).catch(() => []);
  for (const name of names) {
    const user = parsed(processSchema, await readFile(join(folder, name), "utf8").catch(() => ""));
    if (user !== undefined && (await lives(user))) return true;
    await rm(join(folder, name), { force: true });
  }
  await rm(folder, { recursive: true, force: true });
  return false;
}

const usersFolder = (runPath: string) => join(runPath, "users");

/** A folder of the user's own. One in /tmp that somebody else made first, or may write to, is not used. */
async function runtimeFolder(env: Environment): Promise<string | undefined> {
  const own = process.getuid?.();
  if (own === undefined) return undefined;
  const folder =
    env.WATTLINE_RUNTIME_DIR ??
    (env.XDG_RUNTIME_DIR ? join(env.XDG_RUNTIME_DIR, "wattline") : join(tmpdir(), `wattline-${own}`));
  try {
    await mkdir(folder, { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "EEXIST") throw error;
    });
    const found = await lstat(folder);
    if (found.isDirectory() && found.uid === own && (found.mode & 0o077) === 0) return folder;
    log.debug(`${folder} is not this user's alone, so samplers are not shared.`);
  } catch (error) {
    log.debug(`Samplers are not shared: ${(error as Error).message}`);
  }
  return undefined;
}

async function processOf(pid: number): Promise<Process | undefined> {
  const [startTicks, boot] = await Promise.all([startTicksOf(pid), bootId()]);
  return startTicks === undefined || boot === undefined ? undefined : { pid, startTicks, bootId: boot };
}

async function lives({ pid, startTicks, bootId: boot }: Process): Promise<boolean> {
  return boot === (await bootId()) && startTicks === (await startTicksOf(pid));
}

async function createOnly(path: string, content: string): Promise<boolean> {
  try {
    const handle = await open(path, "wx", 0o600);
    await handle.writeFile(content);
    await handle.close();
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

function parsed<S extends v.GenericSchema>(schema: S, content: string): v.InferOutput<S> | undefined {
  try {
    const result = v.safeParse(schema, JSON.parse(content));
    return result.success ? result.output : undefined;
  } catch {
    return undefined;
  }
}
