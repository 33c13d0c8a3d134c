/** The answer of `wattline quant`: facts, sizes, predictions, rules and proposal put together. */

import { formatBytes } from "../../model/format";
import {
  type Format,
  type FormatAnswer,
  formatBits,
  formats,
  type ModelFacts,
  type QuantDevice,
  type QuantReport,
  type QuantRequest,
  quantSchemaName,
  type ScannedFormat,
} from "../../model/quantization";
import { notForYou, warningsOf } from "./cautions";
import { predictDecode } from "./decodeModel";
import { recoveryOf } from "./evidence";
import { runsOn } from "./hardware";
import { proposeOverrides } from "./proposal";
import { decide } from "./rules/index";
import type { Decision } from "./rules/rule";
import type { ScanResult } from "./scan";
import { activationBytes, kvCacheBytes, totalBytes, weightBytes } from "./sizes";
import { gaussianSqnrDb, sqnrOf } from "./statistics";

export interface ReportInput {
  readonly facts: ModelFacts;
  readonly device: QuantDevice | undefined;
  readonly request: QuantRequest;
  /** Absent for a header-only answer. */
  readonly scan?: ScanResult & { readonly elapsedS: number };
  readonly notes: readonly string[];
}

const fp8Energyless = (format: Format, { mode, batch }: QuantRequest) =>
  format === "fp8-e4m3" && mode === "async" && batch >= 5 && batch <= 16;

export function quantReport({ facts, device, request, scan, notes }: ReportInput): QuantReport {
  const kvCache = kvCacheBytes(facts.config, request.contextTokens, request.batch);
  const activations = activationBytes(facts.config, request.contextTokens, request.batch);
  const memory = device?.memoryBytes === undefined ? undefined : device.memoryBytes * device.count;
  const total = (format: Format) => totalBytes(weightBytes(facts, format), kvCache, activations);
  const fits = (format: Format) => (memory === undefined ? undefined : total(format) <= memory);
  const fitText = (format: Format) => `${formatBytes(total(format))} of ${formatBytes(memory)}`;
  const decision = decide({ facts, device, request, fits, fitText });
  const sqnr = scan === undefined ? {} : sqnrOf(scan.total);
  let outside: string | undefined;
  const answers = formats.map((format): FormatAnswer => {
    const runs = runsOn(format, device);
    const fit = fits(format);
    const prediction = runs.known && fit !== false ? predictDecode(facts, format, device, request) : undefined;
    if (prediction?.known) outside ??= prediction.value.outside;
    const recovery = recoveryOf(facts, format);
    const sqnrDb = sqnr[format as ScannedFormat];
    return {
      format,
      bitsPerWeight: formatBits[format],
      weightBytes: Math.round(weightBytes(facts, format)),
      totalBytes: Math.round(total(format)),
      ...(fit === undefined ? {} : { fits: fit }),
      ...(device === undefined ? {} : { runs: runs.known }),
      ...(runs.known ? {} : { reason: runs.reason }),
      ...(prediction?.known ? { timePerTokenS: prediction.value.timePerTokenS } : {}),
      ...(prediction?.known && prediction.value.energyPerTokenJ !== undefined && !fp8Energyless(format, request)
        ? { energyPerTokenJ: prediction.value.energyPerTokenJ }
        : {}),
      ...(recovery === undefined ? {} : { recovery }),
      ...(sqnrDb === undefined ? {} : { sqnrDb, penaltyDb: gaussianSqnrDb[format as ScannedFormat] - sqnrDb }),
    };
  });
  const overrides = proposeOverrides(facts, scan?.layers ?? [], decision.format, device);
  const against = notForYou(facts, decision.format, device, request, fits("bf16"));
  const predicted = answers.some(({ timePerTokenS }) => timePerTokenS !== undefined);
  return {
    schema: quantSchemaName,
    headline: headlineOf(facts, device, decision, against, fits, total, answers),
    ...(against === undefined ? {} : { notForYou: against }),
    model: {
      ...(facts.name === undefined ? {} : { name: facts.name }),
      ...(facts.architecture === undefined ? {} : { architecture: facts.architecture }),
      parameters: facts.parameters,
      weightBytes: facts.weightBytes,
      dtype: facts.dtype,
      linearParameters: facts.linearParameters,
      ...(facts.config.quantized === undefined ? {} : { alreadyQuantized: facts.config.quantized.method }),
      source: facts.source,
    },
    ...(device === undefined ? {} : { device }),
    request,
    ...(kvCache === undefined ? {} : { kvCacheBytes: kvCache }),
    ...(activations === undefined ? {} : { activationBytes: activations }),
    formats: answers,
    ...(predicted
      ? {
          modelled: {
            formula:
              request.batch < 8
                ? "bytes over a measured share of peak bandwidth"
                : "decode step fitted on ML.ENERGY v3",
            ...(outside === undefined ? {} : { outside }),
          },
        }
      : {}),
    rules: decision.rules,
    proposal: {
      format: decision.format,
      recipe: decision.recipe,
      reason: `${decision.decidedBy === "none" ? "" : `${decision.decidedBy}: `}${decision.reason}`,
      overrides: overrides.overrides,
      weightBytes: Math.round(overrides.weightBytes),
    },
    layers: scan?.layers ?? [],
    skipped: scan?.skipped ?? [],
    warnings: [
      ...notes.map((message) => ({ code: "note", message })),
      ...(device?.note === undefined ? [] : [{ code: "device", message: device.note }]),
      ...warningsOf(facts, decision.format, device, request, scan?.layers ?? [], kvCache),
    ],
    scan:
      scan === undefined
        ? { state: "header-only" }
        : { state: "done", elapsedS: scan.elapsedS, bytesRead: scan.bytesRead },
  };
}

/** The advice in one sentence, with what it rests on. */
function headlineOf(
  facts: ModelFacts,
  device: QuantDevice | undefined,
  decision: Decision,
  against: string | undefined,
  fits: (format: Format) => boolean | undefined,
  total: (format: Format) => number,
  answers: readonly FormatAnswer[],
): string {
  if (against !== undefined) return `Not for you: ${against}`;
  const row = answers.find(({ format }) => format === decision.format)!;
  const where = device === undefined ? "" : ` on ${device.count > 1 ? `${device.count} × ` : ""}${device.name}`;
  if (fits(decision.format) === false) {
    const each = device?.memoryBytes ?? 0;
    const needed = each > 0 ? Math.ceil(total(decision.format) / each) : 0;
    return `It does not fit${where} in any format that is offered: ${decision.format} takes ${formatBytes(total(decision.format))} with its cache${needed > 1 ? `, ${needed} such devices` : ""}.`;
  }
  const sizes = `${formatBytes(row.weightBytes)} of weights instead of ${formatBytes(weightBytes(facts, "bf16"))}`;
  const must = fits("bf16") === false ? "; 16 bit does not fit" : "";
  const kept =
    row.recovery === undefined
      ? ""
      : `; about ${row.recovery.percent.toFixed(1)} % of the accuracy kept in the nearest published model`;
  return `${decision.format}${where} (${decision.decidedBy}): ${sizes}${must}${kept}.`;
}
