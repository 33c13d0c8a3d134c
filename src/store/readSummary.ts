import { join } from "node:path";
import * as v from "valibot";
import { deviceKinds } from "../model/device";
import { type Report, reportSchemaName } from "../model/report";
import { readJson } from "./files";

const finite = v.pipe(v.number(), v.finite());
const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const text = v.pipe(v.string(), v.maxLength(65_536));
const optional = v.optional(finite);

/** The fields of model/report.ts; others, of a later version, are dropped. */
const summarySchema = v.object({
  schema: v.literal(reportSchemaName),
  run: v.object({
    id: text,
    path: text,
    argv: v.array(text),
    startedAt: text,
    durationS: finite,
    state: v.picklist(["running", "finished", "interrupted"] as const),
    exitCode: optional,
    signal: v.optional(text),
    labels: v.optional(v.record(text, text)),
  }),
  energyJ: optional,
  standardErrorJ: optional,
  energyAtMostJ: optional,
  runAtLeastS: optional,
  devices: v.array(
    v.object({
      id: text,
      kind: v.picklist(deviceKinds),
      name: text,
      meter: text,
      source: v.picklist(["measured", "integrated", "estimated"] as const),
      counted: v.boolean(),
      partOf: v.optional(text),
      energyJ: optional,
      idleEnergyJ: optional,
      standardErrorJ: optional,
      gainError: optional,
      averagePowerW: optional,
      updatePeriodS: optional,
      energyIntegratedJ: optional,
      model: v.optional(text),
      lost: v.optional(v.array(v.object({ fromS: finite, toS: finite, reason: text }))),
      usedBy: v.optional(v.array(v.object({ pid: count, share: finite, ofRun: v.optional(v.literal(true)) }))),
    }),
  ),
  phases: v.array(
    v.object({
      phase: text,
      rank: optional,
      device: v.optional(text),
      energyJ: finite,
      standardErrorJ: finite,
      durationS: finite,
      averagePowerW: finite,
      spans: finite,
      inseparableFrom: v.optional(v.array(text)),
    }),
  ),
  other: v.object({ energyJ: optional, durationS: finite }),
  iterations: v.object({
    count,
    optimizerSteps: optional,
    excluded: v.object({ warmUp: count, outliers: count, layerTable: v.optional(count), settling: v.optional(count) }),
    energyPerIterationJ: optional,
    standardErrorJ: optional,
    durationPerIterationS: optional,
    drift: v.optional(v.object({ share: finite, standardError: finite })),
    loop: v.optional(v.object({ path: text, line: count, endLine: count })),
  }),
  indicators: v.optional(
    v.object({
      samplesPerS: optional,
      tokensPerS: optional,
      parameters: optional,
      flopsPerIteration: optional,
      modelFlopsUtilization: optional,
      peakSource: v.optional(v.picklist(["calibrated", "datasheet"] as const)),
      peakMemoryBytes: optional,
      parameterBytes: optional,
      gradientBytes: optional,
      optimizerStateBytes: optional,
      activationBytes: optional,
      energyPerSampleJ: optional,
      energyPerTokenJ: optional,
    }),
  ),
  bloat: v.optional(v.object({ energyJ: finite, share: finite })),
  self: v.object({ cpuTimeS: finite, residentBytes: finite, addedTimePerIterationS: optional, polls: count }),
  warnings: v.array(
    v.object({
      code: v.picklist([
        "too-short",
        "estimate-only",
        "meter-lost",
        "meters-disagree",
        "shared-device",
        "phases-inseparable",
        "phases-uncertain",
        "iterations-drift",
        "iterations-unknown",
        "no-trace",
        "tracer-thinned",
        "tracer-hook-off",
        "interrupted",
      ] as const),
      message: text,
    }),
  ),
});

/**
 * The report as the recorder left it: what a list needs of a hundred runs, without reading their samples.
 * @returns undefined where there is none, or none that this version understands: derive the report from the run then
 */
export async function readSummary(runPath: string): Promise<Report | undefined> {
  return readJson(join(runPath, "summary.json"), summarySchema, reportSchemaName).catch(() => undefined);
}
