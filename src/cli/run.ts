import { resolve } from "node:path";
import { badArguments, cannotWrite } from "../model/errors";
import type { Report } from "../model/report";
import type { Installation } from "../recording/paths";
import { record } from "../recording/record";
import { numberOption, parse, takeJson } from "./arguments";
import type { Command, Io } from "./command";

const usage =
  "wattline run [--out DIR] [--rate HZ] [--no-trace] [--no-idle] [--label KEY=VALUE] [--loop FILE:LINE] [--json[=FILE]] -- COMMAND …";

const options = {
  out: { type: "string" },
  rate: { type: "string", default: "10" },
  "no-trace": { type: "boolean", default: false },
  "no-idle": { type: "boolean", default: false },
  label: { type: "string", multiple: true, default: [] as string[] },
  loop: { type: "string" },
} as const;

/** Options that take a value: needed to see where the command begins when `--` is left out. */
const withValue = new Set(["--out", "--rate", "--label", "--loop"]);

export function runCommand(installation: Installation): Command {
  return {
    name: "run",
    summary: "run a command and record its energy",
    usage,
    async run(args, io) {
      const [own, command] = split(args);
      const { json, rest } = takeJson(own);
      const { values } = parse(rest, options, usage);
      if (command.length === 0) throw badArguments("There is no command to run.", usage);
      const cwd = process.cwd();
      const { runPath, exitCode } = await record(
        {
          argv: command,
          cwd,
          env: io.env,
          ...(values.out !== undefined && { out: values.out }),
          rateHz: numberOption("rate", values.rate, 0.1, 100, usage),
          trace: !values["no-trace"],
          idle: !values["no-idle"],
          labels: Object.fromEntries(values.label.map(label)),
          ...(values.loop !== undefined && { loop: loopAt(values.loop, cwd) }),
        },
        installation,
      );
      if (runPath === undefined) return exitCode;
      // The command has ended: from here on nothing may change its exit code.
      try {
        await tell(runPath, json, io);
      } catch (error) {
        io.stderr(`wattline: the run is kept in ${runPath}, but its report failed: ${(error as Error).message}\n`);
      }
      return exitCode;
    },
  };
}

/** Our own words and the command's: behind `--`, or from the first word that is no option of ours. */
function split(args: readonly string[]): [string[], string[]] {
  for (let at = 0; at < args.length; at++) {
    const word = args[at]!;
    if (word === "--") return [args.slice(0, at), args.slice(at + 1)];
    if (!word.startsWith("-")) return [args.slice(0, at), args.slice(at)];
    if (withValue.has(word)) at++;
  }
  return [[...args], []];
}

function label(text: string): [string, string] {
  const at = text.indexOf("=");
  return at > 0 ? [text.slice(0, at), text.slice(at + 1)] : ["name", text];
}

function loopAt(text: string, cwd: string): { path: string; line: number } {
  const match = /^(.+):(\d+)$/.exec(text);
  if (match === null) throw badArguments(`--loop takes FILE:LINE, not "${text}".`, usage);
  return { path: resolve(cwd, match[1]!), line: Number(match[2]) };
}

/** What this run found out about idle, for the next one. */
function idlePowers({ devices, run }: Report): Map<string, number> {
  const known = devices.filter(({ idleEnergyJ, source }) => idleEnergyJ !== undefined && source !== "estimated");
  return new Map(known.map(({ id, idleEnergyJ }) => [id, idleEnergyJ! / run.durationS]));
}

/** The report: a table, or one line of JSON, on standard error; or JSON to a file and the table. */
async function tell(runPath: string, json: boolean | string, io: Io): Promise<void> {
  // Loaded now and not before: while the command ran the recorder was to stay small.
  const { summarize } = await import("../recording/summarize");
  const { reportTable } = await import("./reportTable");
  const report: Report = await summarize(runPath);
  const { rememberIdle } = await import("../recording/idlePower");
  await rememberIdle(io.env, idlePowers(report), Date.now());
  if (json === true) {
    io.stderr(`${JSON.stringify(report)}\n`);
    return;
  }
  if (typeof json === "string") {
    const { writeAtomically } = await import("../store/files");
    await writeAtomically(resolve(json), `${JSON.stringify(report)}\n`).catch((error: Error) => {
      throw cannotWrite(json, error.message);
    });
  }
  io.stderr(`\n${reportTable(report)}`);
}
