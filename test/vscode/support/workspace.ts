/** A folder to open: the program that the tests profile, and runs of it made by the real recorder. */
import { execFile } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const root = join(__dirname, "../../..");

export interface RecordedManifest {
  readonly argv: readonly string[];
  readonly recorder: { readonly pid: number };
  readonly child?: { readonly pid: number };
  readonly loop?: { readonly path: string; readonly line: number };
  readonly devices: readonly { readonly id: string; readonly source: string }[];
  readonly end?: { readonly timeS: number; readonly exitCode?: number; readonly signal?: string };
}

export class TestWorkspace {
  readonly path = realpathSync(mkdtempSync(join(tmpdir(), "wattline-workspace-")));
  readonly script = join(this.path, "train.py");

  constructor() {
    cpSync(join(__dirname, "../workspace"), this.path, { recursive: true });
  }

  /** Line of `for x in batches(count)`, from 1. */
  get loopLine(): number {
    return (
      readFileSync(this.script, "utf8")
        .split("\n")
        .findIndex((line) => line.includes("for x in batches")) + 1
    );
  }

  /** Paths of the run folders, oldest first. */
  get runs(): string[] {
    const folder = join(this.path, ".wattline/runs");
    // One that is being made has a name with a dot.
    const names = existsSync(folder) ? readdirSync(folder).filter((name) => !name.startsWith(".")) : [];
    return names.sort().map((name) => join(folder, name));
  }

  manifest(run: string): RecordedManifest {
    return JSON.parse(readFileSync(join(run, "run.json"), "utf8")) as RecordedManifest;
  }

  /** Records the program from a terminal, as a user would. */
  async record({
    iterations = 40,
    env = {},
  }: {
    iterations?: number;
    env?: Record<string, string>;
  } = {}): Promise<string> {
    return this.recordCommand(["python3", "train.py", String(iterations)], env);
  }

  /** Records any command in this folder. */
  async recordCommand(command: readonly string[], env: Record<string, string>): Promise<string> {
    const args = [join(root, "dist/recorder.js"), "run", "--", ...command];
    await new Promise<void>((resolve, reject) => {
      execFile(process.execPath, args, { cwd: this.path, env: { ...process.env, ...env } }, (error, _, stderr) =>
        error ? reject(new Error(`The recorder failed: ${stderr}`)) : resolve(),
      );
    });
    return this.runs.at(-1)!;
  }

  dispose(): void {
    rmSync(this.path, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Waits until `probe` answers something that is not undefined or false. */
export async function eventually<T>(
  what: string,
  probe: () => T | Promise<T>,
  timeoutMs = 20_000,
): Promise<NonNullable<T>> {
  const until = Date.now() + timeoutMs;
  for (;;) {
    const found = await probe();
    if (found !== undefined && found !== false && found !== null) return found as NonNullable<T>;
    if (Date.now() > until) throw new Error(`Waited ${timeoutMs / 1000} s in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
