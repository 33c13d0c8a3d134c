/** The command line as a user has it: dist/recorder.js in a process of its own. `npm test` builds it before. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Manifest } from "../../../src/model/manifest";

export const recorder = resolve("dist/recorder.js");

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Start {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string;
  readonly detached?: boolean;
  /** Whether `wattline run` finds out what the machine draws at idle. */
  readonly idle?: boolean;
}

/** Starts a program with pipes; `ended` comes when it has ended and its pipes are closed. */
export function start(argv: readonly string[], { cwd, env, stdin, detached }: Start = {}) {
  const child: ChildProcess = spawn(argv[0]!, argv.slice(1), {
    cwd,
    env: { ...process.env, ...env },
    stdio: ["pipe", "pipe", "pipe"],
    detached,
  });
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout!.on("data", (data: Buffer) => stdout.push(data));
  child.stderr!.on("data", (data: Buffer) => stderr.push(data));
  child.stdin!.on("error", () => {});
  child.stdin!.end(stdin ?? "");
  const text = (parts: Buffer[]) => Buffer.concat(parts).toString();
  const ended = new Promise<Ended>((done) =>
    child.on("close", (code, signal) => done({ code, signal, stdout: text(stdout), stderr: text(stderr) })),
  );
  return { child, ended, stdoutSoFar: () => text(stdout) };
}

/** Each alone on its machine, unless the test says where samplers meet: tests beside it shall not serve it. */
export function wattline(args: readonly string[], options: Start = {}) {
  const env = { WATTLINE_RUNTIME_DIR: newFolder(), WATTLINE_STATE_DIR: newFolder(), ...options.env };
  // Two seconds before each of a hundred runs would tell nothing; the test that wants them sets `idle`.
  const quick = args[0] === "run" && !options.idle ? ["run", "--no-idle", ...args.slice(1)] : args;
  return start([process.execPath, recorder, ...quick], { ...options, env });
}

export const newFolder = () => mkdtempSync(join(tmpdir(), "wattline-program-"));

/** The only run of a folder in which `wattline run` was started. */
export function onlyRun(folder: string): string {
  const root = join(folder, ".wattline/runs");
  const names = readdirSync(root).filter((name) => !name.startsWith(".new-"));
  if (names.length !== 1) throw new Error(`There are ${names.length} runs in ${root}, not one.`);
  return join(root, names[0]!);
}

/** Whether the command of the only run has been started. */
export function isRunning(folder: string): boolean {
  const root = join(folder, ".wattline/runs");
  if (!existsSync(root) || !readdirSync(root).some((name) => !name.startsWith(".new-"))) return false;
  return manifestAt(onlyRun(folder)).child !== undefined;
}

export function manifestAt(runPath: string): Manifest {
  return JSON.parse(readFileSync(join(runPath, "run.json"), "utf8")) as Manifest;
}

/** Waits until `condition` holds. @throws when it does not within the time */
export async function until(
  condition: () => boolean | Promise<boolean>,
  what: string,
  timeoutMs = 10_000,
): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`Waited ${timeoutMs} ms in vain: ${what}.`);
    await new Promise((done) => setTimeout(done, 20));
  }
}
