import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { modelFacts } from "../analysis/quantization/facts";
import { quantReport } from "../analysis/quantization/report";
import { type ScanResult, scanCheckpoint } from "../analysis/quantization/scan";
import { makeScanner } from "../analysis/quantization/scanTask";
import type { Checkpoint } from "../model/checkpoint";
import { badArguments } from "../model/errors";
import { formatBytes } from "../model/format";
import type { QuantRequest } from "../model/quantization";
import type { ScanPool } from "../model/quantScan";
import { CheckpointFiles } from "../store/checkpoint/files";
import { openCheckpoint } from "../store/checkpoint/open";
import { openScanPool } from "../store/checkpoint/scanPool";
import { numberOption, parse, takeJson } from "./arguments";
import type { Command, Io } from "./command";
import { quantDevice } from "./quantDevice";
import { quantTable } from "./quantTable";

const usage =
  "wattline quant PATH [--device NAME] [--mode sync|async] [--batch N] [--context N] [--latency-bound]\n" +
  "                     [--language CODE] [--below-4-bit] [--header-only] [--json]";

/** Tokens of prompt and answer together where nothing is said; fewer where the model takes fewer. */
const usualContext = 4096;
/** Requests at a time of a server where nothing is said. */
const usualAsyncBatch = 64;

export const quantCommand: Command = {
  name: "quant",
  summary: "what quantizing a model would save here, by which rule, and what it would cost",
  usage,
  async run(args, io) {
    const { json, rest } = takeJson(args);
    const { values, positionals } = parse(
      rest,
      {
        device: { type: "string" },
        mode: { type: "string" },
        batch: { type: "string" },
        context: { type: "string" },
        "latency-bound": { type: "boolean" },
        language: { type: "string" },
        "below-4-bit": { type: "boolean" },
        "header-only": { type: "boolean" },
      },
      usage,
    );
    if (positionals.length !== 1) throw badArguments("Name one checkpoint: a file or a folder.", usage);
    const device = quantDevice(values.device, usage);
    const checkpoint = openCheckpoint(positionals[0]!);
    const request = requestOf(values, checkpoint.config.maxContext);
    const facts = modelFacts(checkpoint);
    if (facts.parameters === 0)
      throw badArguments(
        `${positionals[0]} has no weights, and its config.json does not say how large they are.`,
        usage,
      );
    const started = performance.now();
    const found = values["header-only"] || checkpoint.kind === "config" ? undefined : await scan(checkpoint, io, !json);
    const elapsedS = (performance.now() - started) / 1000;
    const report = quantReport({
      facts,
      device,
      request,
      notes: checkpoint.notes,
      ...(found === undefined ? {} : { scan: { ...found, elapsedS } }),
    });
    io.stdout(json ? `${JSON.stringify(report, undefined, 2)}\n` : quantTable(report));
    return 0;
  },
};

interface Values {
  readonly mode?: string | undefined;
  readonly batch?: string | undefined;
  readonly context?: string | undefined;
  readonly language?: string | undefined;
  readonly "latency-bound"?: boolean | undefined;
  readonly "below-4-bit"?: boolean | undefined;
}

function requestOf(values: Values, maxContext: number | undefined): QuantRequest {
  const mode = values.mode ?? "sync";
  if (mode !== "sync" && mode !== "async") throw badArguments(`--mode is sync or async, not "${mode}".`, usage);
  const whole = (name: "batch" | "context", most: number) => {
    const value = values[name] === undefined ? undefined : numberOption(name, values[name], 1, most, usage);
    if (value !== undefined && !Number.isInteger(value))
      throw badArguments(`--${name} takes a whole number, not "${values[name]}".`, usage);
    return value;
  };
  const language = values.language ?? "en";
  if (!/^[A-Za-z]{2,}([-_][A-Za-z0-9]+)*$/.test(language))
    throw badArguments(`--language takes a code such as en or de, not "${language}".`, usage);
  return {
    mode,
    batch: whole("batch", 1_000_000) ?? (mode === "sync" ? 1 : usualAsyncBatch),
    contextTokens: whole("context", 100_000_000) ?? Math.min(usualContext, maxContext ?? usualContext),
    latencyBound: values["latency-bound"] ?? false,
    language,
    belowFourBit: values["below-4-bit"] ?? false,
  };
}

/** Reads the weights: in threads where the worker is built, which it is in what ships, else here. */
async function scan(checkpoint: Checkpoint, io: Io, talk: boolean): Promise<ScanResult> {
  const paths = checkpoint.files.map(({ path }) => path);
  const program = join(dirname(fileURLToPath(import.meta.url)), "quantScan.js");
  const pool = existsSync(program) ? openScanPool({ program, paths }) : poolHere(paths);
  const show = talk && process.stderr.isTTY === true ? progressLine(io) : undefined;
  try {
    return await scanCheckpoint(checkpoint, pool, show === undefined ? {} : { onProgress: show.update });
  } finally {
    show?.clear();
    await pool.close();
  }
}

function poolHere(paths: readonly string[]): ScanPool {
  const files = new CheckpointFiles(paths);
  const scanner = makeScanner((file, offset, into) => files.read(file, offset, into));
  return { size: 1, run: async (task) => scanner.run(task), close: async () => files.close() };
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
