import { badArguments } from "../model/errors";
import { summarize } from "../recording/summarize";
import { parse, takeJson } from "./arguments";
import type { Command } from "./command";
import { reportTable } from "./reportTable";

const usage = "wattline report RUN [--json]";

export const reportCommand: Command = {
  name: "report",
  summary: "print what a run used, from its folder",
  usage,
  async run(args, io) {
    const { json, rest } = takeJson(args);
    const { positionals } = parse(rest, {}, usage);
    if (positionals.length !== 1) throw badArguments("Name one run folder.", usage);
    const report = await summarize(positionals[0]!);
    io.stdout(json ? `${JSON.stringify(report, undefined, 2)}\n` : reportTable(report));
    return 0;
  },
};
