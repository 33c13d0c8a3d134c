/** `--verify`: the report of a checkpoint with what was measured on the user's data. */
import { stat } from "node:fs/promises";
import { basename, dirname, resolve } from "node:path";
import { calibrate } from "../analysis/quantization/calibrate";
import { exceptionsOf } from "../analysis/quantization/proposal";
import { verifyAnswer } from "../analysis/quantization/verify";
import type { Checkpoint } from "../model/checkpoint";
import { commandNotFound, malformedFile, WattlineError } from "../model/errors";
import { type Format, formatBits, type ModelFacts, type QuantReport, scannedFormats } from "../model/quantization";
import type { VerifyMix, VerifyPlan } from "../model/verify";
import { findPython } from "../recording/findPython";
import type { Installation } from "../recording/paths";
import { verify } from "../recording/verify";

export interface VerifyOptions {
  readonly data: string;
  readonly samples: number;
  readonly python: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly installation: Installation;
}

/** Tokens of a sample. */
const window = 512;
/** That each variant runs with real kernels: enough for a meter of ten readings a second. */
const seconds = 4;
const mostBatch = 64;

/** @throws WattlineError where there is no model to load, no Python, or the Python says why it cannot */
export async function verified(
  report: QuantReport,
  facts: ModelFacts,
  checkpoint: Checkpoint,
  { data, samples, python, env, installation }: VerifyOptions,
): Promise<QuantReport> {
  const model = await folderOf(checkpoint);
  const file = await stat(data).catch(() => undefined);
  if (file === undefined || !file.isFile()) throw malformedFile(data, "there is no such file");
  const program = python ?? (await findPython({ env, platform: process.platform }));
  if (program === undefined) throw commandNotFound("python3");
  const { proposal, layers, device, request } = report;
  const mixes = mixesOf(report);
  const plan: VerifyPlan = {
    model,
    data: resolve(data),
    samples,
    window,
    parameters: facts.parameters,
    matrices: layers.map(({ name }) => name),
    formats: scannedFormats.filter((format) => isOffered(report, format)),
    mixes,
    measured: measuredFormats(report),
    seconds,
    batch: Math.min(mostBatch, request.batch),
  };
  const run = await verify(plan, { python: program, cwd: process.cwd(), env }, installation);
  const calibration = calibrate(run.result, layers, facts, proposal.format, device);
  return {
    ...report,
    verify: { ...verifyAnswer(run, mixes), ...(calibration === undefined ? {} : { calibration }) },
  };
}

/** Formats of 4 bits and more that the device can run; without a GPU all of them, since GGUF's cannot be simulated here. */
function isOffered({ formats, device, request }: QuantReport, format: Format): boolean {
  if (formatBits[format] < 4) return request.belowFourBit;
  return device?.kind !== "gpu" || formats.find((each) => each.format === format)?.runs !== false;
}

function measuredFormats(report: QuantReport): Format[] {
  const casts: Format[] = report.model.dtype === "f32" ? ["bf16"] : [];
  return [...scannedFormats.filter((format) => isOffered(report, format)), ...casts];
}

/** The proposal as it stands, where some of its layers have a format of their own. */
function mixesOf({ proposal, layers, device }: QuantReport): VerifyMix[] {
  const exceptions = exceptionsOf(layers, proposal.format, device);
  if (exceptions.length === 0) return [];
  const overrides = Object.fromEntries(exceptions.map(({ layer, format }) => [layer.name, format]));
  return [{ name: "proposal", format: proposal.format, overrides }];
}

/** The folder that transformers loads. */
async function folderOf(checkpoint: Checkpoint): Promise<string> {
  const { path, kind, config, files } = checkpoint;
  if (config.quantized !== undefined || kind === "gguf") {
    throw new WattlineError(`${path} is quantized already: --verify needs the weights that it was made from.`);
  }
  if (kind === "config") throw new WattlineError(`${path} has no weights here: --verify needs them.`);
  const folder = dirname(resolve(files[0]!.path));
  if ((await stat(`${folder}/config.json`).catch(() => undefined)) === undefined) {
    throw new WattlineError(
      `${basename(folder)} has no config.json: --verify loads the model with transformers, which needs one and a tokenizer.`,
    );
  }
  return folder;
}
