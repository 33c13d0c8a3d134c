import { randomUUID } from "node:crypto";
import { mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { log } from "../../model/log";
import { startTicksOf } from "../../store/manifest";

const keptMs = 24 * 3600e3;

/**
 * Which recorder each of our tasks started, in files, so that it is known after a reload whether that recorder still
 * runs. VS Code remembers tasks too, but in a browser its memory may lag: it then starts anew what has long ended.
 */
export class Starts {
  /** @param folder of this workspace's own storage */
  constructor(private readonly folder: string) {}

  /** A name for a start that is about to be made. */
  next(): string {
    return randomUUID();
  }

  async note(start: string, pid: number): Promise<void> {
    try {
      await mkdir(this.folder, { recursive: true });
      await writeFile(this.file(start), JSON.stringify({ pid, ticks: await startTicksOf(pid) }));
      await this.forgetOld();
    } catch (error) {
      log.warn(`After a reload this run will not be recognised: ${(error as Error).message}`);
    }
  }

  async goesOn(start: string): Promise<boolean> {
    try {
      const { pid, ticks } = JSON.parse(await readFile(this.file(start), "utf8")) as Record<string, unknown>;
      if (typeof pid !== "number") return false;
      if (typeof ticks === "number") return (await startTicksOf(pid)) === ticks;
      process.kill(pid, 0);
      return true;
    } catch {
      return false;
    }
  }

  private file(start: string): string {
    return join(this.folder, `${start.replace(/[^\w-]/g, "")}.json`);
  }

  private async forgetOld(): Promise<void> {
    for (const name of await readdir(this.folder)) {
      const path = join(this.folder, name);
      const age = Date.now() - (await stat(path)).mtimeMs;
      if (age > keptMs && !(await this.goesOn(name.replace(/\.json$/, "")))) await rm(path, { force: true });
    }
  }
}
