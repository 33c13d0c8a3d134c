import { existsSync } from "node:fs";
import { join } from "node:path";
import { modelFacts } from "../analysis/quantization/facts";
import { quantReport } from "../analysis/quantization/report";
import { type ScanResult, scanCheckpoint } from "../analysis/quantization/scan";
import type { Checkpoint } from "../model/checkpoint";
import { badArguments, WattlineError } from "../model/errors";
import { formatBytes } from "../model/format";
import type { QuantReport } from "../model/quantization";
import type { Installation } from "../recording/paths";
import { quantDevice } from "../store/checkpoint/device";
import { openCheckpoint } from "../store/checkpoint/open";
import { openScanPool } from "../store/checkpoint/scanPool";
import { numberOption, parse, takeJson } from "./arguments";
import type { Command, Io } from "./command";
import { quantOptions, requestOf, quantUsage as usage } from "./quantRequest";

/** Samples of the user's data that are looked at where nothing is said. */
const usualSamples = 64;
const mostSamples = 100_000;

export const quantCommand = (installation: Installation): Command => ({
  name: "quant",
  summary: "what quantizing a model would save here, by which rule, and what it would cost",
  usage,
  async run(args, io) {
    const { json, rest } = takeJson(args);
    const { values, positionals } = parse(rest, quantOptions, usage);
    if (positionals.length !== 1) throw badArguments("Name one checkpoint: a file or a folder.", usage);
    const path = positionals[0]!;
    const device = deviceOf(values.device);
    const checkpoint = openCheckpoint(path);
    const request = requestOf(values, checkpoint.config.maxContext);
    const facts = modelFacts(checkpoint);
    if (facts.parameters === 0)
      throw badArguments(`${path} has no weights, and its config.json does not say how large they are.`, usage);
    if (values.verify !== undefined && values["header-only"])
      throw badArguments("--verify rounds the weights, so it cannot go with --header-only.", usage);
    const samples =
      values.samples === undefined
        ? usualSamples
        : Math.floor(numberOption("samples", values.samples, 1, mostSamples, usage));
    const started = performance.now();
    const found =
      values["header-only"] || checkpoint.kind === "config"
        ? undefined
        : await scan(checkpoint, installation, io, !json);
    const elapsedS = (performance.now() - started) / 1000;
    const report = quantReport({
      facts,
      device,
      request,
      notes: checkpoint.notes,
      ...(found === undefined ? {} : { scan: { ...found, elapsedS } }),
    });
    // Loaded where they are asked for: a header-only answer is to come at once.
    const answer: QuantReport =
      values.verify === undefined
        ? report
        : await (await import("./quantVerify")).verified(report, facts, checkpoint, {
            data: values.verify,
            samples,
            python: values.python,
            env: io.env,
            installation,
          });
    if (json) io.stdout(`${JSON.stringify(answer, undefined, 2)}\n`);
    else io.stdout((await import("./quantTable")).quantTable(answer));
    return 0;
  },
});

function deviceOf(name: string | undefined) {
  try {
    return quantDevice(name);
  } catch (error) {
    throw error instanceof WattlineError ? badArguments(error.message, usage) : error;
  }
}

/** Reads the weights: in threads where the worker is built, which it is in what ships, else here. */
async function scan(checkpoint: Checkpoint, { dist }: Installation, io: Io, talk: boolean): Promise<ScanResult> {
  const paths = checkpoint.files.map(({ path }) => path);
  const program = join(dist, "quantScan.js");
  const pool = existsSync(program)
    ? openScanPool({ program, paths })
    : (await import("../analysis/quantization/scanHere")).poolHere(
        new (await import("../store/checkpoint/files")).CheckpointFiles(paths),
      );
  const show = talk && process.stderr.isTTY === true ? progressLine(io) : undefined;
  try {
    return await scanCheckpoint(checkpoint, pool, show === undefined ? {} : { onProgress: show.update });
  } finally {
    show?.clear();
    await pool.close();
  }
}

/** One line that is written over, ten times a second at most. */
function progressLine(io: Io): { update(done: number, total: number): void; clear(): void } {
  let last = 0;
  return {
    update(done, total) {
      const now = performance.now();
      if (now - last < 100) return;
      last = now;
      io.stderr(
        `\r\x1b[KReading weights: ${formatBytes(done)} of ${formatBytes(total)} (${Math.floor((done / total) * 100)} %). Ctrl-C ends it.`,
      );
    },
    clear: () => {
      if (last > 0) io.stderr("\r\x1b[K");
    },
  };
}
