import { resolve } from "node:path";
import { type TraceEvent, traceEvents } from "../analysis/traceEvents";
import { badArguments } from "../model/errors";
import type { Run } from "../model/run";
import { readRun } from "../store/readRun";
import { writeLines } from "../store/writeLines";
import { parse } from "./arguments";
import type { Command } from "./command";

const usage = "wattline export RUN --perfetto OUT.json[.gz]";

export const exportCommand: Command = {
  name: "export",
  summary: "write a run as a trace that Perfetto opens",
  usage,
  async run(args, io) {
    const { values, positionals } = parse(args, { perfetto: { type: "string" } }, usage);
    if (positionals.length !== 1) throw badArguments("Name one run folder.", usage);
    if (values.perfetto === undefined) throw badArguments("Say where the trace is to go: --perfetto OUT.json.", usage);
    const run = await readRun(positionals[0]!);
    const out = resolve(values.perfetto);
    let events = 0;
    await writeLines(
      out,
      lines(run, () => events++),
      { gzip: out.endsWith(".gz") },
    );
    io.stdout(`${out}: ${events.toLocaleString("en")} events. Open it in ui.perfetto.dev or chrome://tracing.\n`);
    for (const fault of run.faults) io.stderr(`wattline: ${fault}\n`);
    return 0;
  },
};

function* lines(run: Run, counted: (event: TraceEvent) => void): Iterable<string> {
  const { id, startedAt, argv } = run.manifest;
  const about = { run: id, startedAt, command: argv.join(" "), "written by": "Wattline" };
  yield `{"displayTimeUnit":"ms","otherData":${JSON.stringify(about)},"traceEvents":[`;
  let first = true;
  for (const event of traceEvents(run)) {
    yield `${first ? "\n" : ",\n"}${JSON.stringify(event)}`;
    first = false;
    counted(event);
  }
  yield "\n]}\n";
}
