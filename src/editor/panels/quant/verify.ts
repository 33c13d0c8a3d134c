import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { WattlineError } from "../../../model/errors";
import { log } from "../../../model/log";
import type { QuantReport } from "../../../model/quantization";
import type { VerifyAnswer } from "../../../model/verify";
import type { Recorder } from "../../shared/recorder";

export interface RunningVerify {
  readonly done: Promise<VerifyAnswer>;
  cancel(): void;
}

export interface VerifyQuestion {
  readonly path: string;
  readonly data: string;
  readonly python: string;
  readonly device: string;
  readonly request: QuantReport["request"];
}

/** Of what the command line says: its last lines are enough to tell what went wrong. */
const keptLines = 40;
const mostOutput = 256e6;

/**
 * `wattline quant --verify` in a process of its own: the user's Python below it is measured, and neither may take the
 * window with it. `done` is rejected with its sentence.
 */
export function startVerify(
  { path, data, python, device, request }: VerifyQuestion,
  recorder: Recorder,
  progress: (text: string | undefined, share: number | undefined) => void,
): RunningVerify {
  const [program, ...args] = recorder.argv(
    "quant",
    "--verify",
    data,
    "--python",
    python,
    ...(device === "" ? [] : ["--device", device]),
    "--mode",
    request.mode,
    "--batch",
    String(request.batch),
    "--context",
    String(request.contextTokens),
    "--language",
    request.language,
    ...(request.latencyBound ? ["--latency-bound"] : []),
    ...(request.belowFourBit ? ["--below-4-bit"] : []),
    "--json",
    "--",
    path,
  );
  const env = { ...process.env, ...recorder.env(), WATTLINE_PROGRESS: "json" };
  const child: ChildProcess = spawn(program!, args, { env, stdio: ["ignore", "pipe", "pipe"] });
  let cancelled = false;
  const done = new Promise<VerifyAnswer>((resolve, reject) => {
    const parts: Buffer[] = [];
    let bytes = 0;
    const lines: string[] = [];
    child.stdout!.on("data", (part: Buffer) => {
      bytes += part.length;
      if (bytes > mostOutput) child.kill();
      else parts.push(part);
    });
    createInterface({ input: child.stderr! }).on("line", (line) => {
      const told = progressIn(line);
      if (told !== undefined) progress(told.text, told.share);
      else {
        lines.push(line);
        if (lines.length > keptLines) lines.shift();
      }
    });
    child.once("error", reject);
    child.once("close", (code) => {
      if (cancelled) return reject(new WattlineError("The verification was cancelled."));
      if (code !== 0) return reject(failure(lines));
      try {
        const { verify } = JSON.parse(Buffer.concat(parts).toString("utf8")) as QuantReport;
        if (verify === undefined) throw new Error("The answer has no measurements.");
        resolve(verify);
      } catch (error) {
        reject(error as Error);
      }
    });
  });
  return {
    done,
    cancel() {
      cancelled = true;
      child.kill("SIGTERM");
    },
  };
}

function progressIn(line: string): { text: string | undefined; share: number | undefined } | undefined {
  if (!line.startsWith('{"wattline"')) return undefined;
  try {
    const { text, share } = (JSON.parse(line) as { wattline: Record<string, unknown> }).wattline;
    return {
      text: typeof text === "string" ? text.slice(0, 200) : undefined,
      share: typeof share === "number" && share >= 0 && share <= 1 ? share : undefined,
    };
  } catch {
    return undefined;
  }
}

/** The command line's own sentence, which is its last line; the rest is for the log. */
function failure(lines: readonly string[]): Error {
  log.warn(`Verification failed:\n${lines.join("\n")}`);
  const own = lines.findLast((line) => line.startsWith("wattline: "));
  return new WattlineError(own?.slice("wattline: ".length) ?? "The verification failed; the log has what was said.");
}
