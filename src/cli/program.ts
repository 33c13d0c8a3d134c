/** What every program of the command line does around its command: where words go, and what an error becomes. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { WattlineError } from "../model/errors";
import { registerLog } from "../model/log";
import type { Installation } from "../recording/paths";
import type { Io } from "./command";

/** @param dist the folder that the program lies in */
export function installationAt(dist: string): Installation {
  const { version } = JSON.parse(readFileSync(join(dist, "..", "package.json"), "utf8")) as { version: string };
  return { dist, version };
}

export const processIo: Io = {
  stdout: (text) => void process.stdout.write(text),
  stderr: (text) => void process.stderr.write(text),
  env: process.env,
};

/** Runs it and ends with its exit code: a sentence of ours for an error that was foreseen, else its stack and 1. */
export function begin(main: () => Promise<number>): void {
  const say = (message: string) => processIo.stderr(`wattline: ${message}\n`);
  registerLog({ trace: () => {}, debug: () => {}, info: () => {}, warn: say, error: say });
  // A reader that went away (`wattline report … | head`) is no fault.
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});
  main().then(
    (code) => {
      process.exitCode = code;
    },
    (error: unknown) => {
      const expected = error instanceof WattlineError;
      say(expected ? error.message : `internal error: ${(error as Error)?.stack ?? error}`);
      process.exitCode = expected ? error.exitCode : 1;
    },
  );
}
