import { resolve } from "node:path";
import { rankPaces } from "../analysis/waste";
import { badArguments } from "../model/errors";
import { formatCount, plural } from "../model/format";
import { importTraces } from "../recording/importTrace";
import type { Installation } from "../recording/paths";
import { readRun } from "../store/readRun";
import { parse, takeJson } from "./arguments";
import type { Command } from "./command";
import { paceText } from "./paceText";

const usage = "wattline import TRACE.json[.gz] … [--out DIR] [--json]";

export const importCommand = ({ version }: Installation): Command => ({
  name: "import",
  summary: "make a run of traces of the PyTorch profiler, one a rank",
  usage,
  async run(args, io) {
    const { json, rest } = takeJson(args);
    const { values, positionals } = parse(rest, { out: { type: "string" } }, usage);
    if (positionals.length === 0) throw badArguments("Name a trace, or one a rank.", usage);
    const cwd = process.cwd();
    const found = await importTraces({
      paths: positionals.map((path) => resolve(cwd, path)),
      cwd,
      ...(values.out !== undefined && { out: resolve(cwd, values.out) }),
      version,
    });
    const { runPath, ranks, iterations, layers, spans, skipped } = found;
    const stragglers = ranks > 1 ? rankPaces(await readRun(runPath)) : [];
    if (json !== false) {
      const run = { id: runPath.slice(runPath.lastIndexOf("/") + 1), path: runPath };
      io.stdout(
        `${JSON.stringify({ schema: "wattline.import/1", run, ranks, iterations, layers, spans, skipped, stragglers })}\n`,
      );
      return 0;
    }
    io.stdout(
      `${runPath}\n` +
        `${plural(ranks, "rank")}, ${plural(iterations, "iteration")}, ${plural(layers, "layer")}, ` +
        `${plural(spans, "span")}; ${formatCount(skipped)} events passed over.\n`,
    );
    io.stdout(paceText(stragglers));
    if (layers === 0) {
      io.stdout("No layer is known: profile with record_shapes=True, or with_stack=True for their names.\n");
    }
    return 0;
  },
});
