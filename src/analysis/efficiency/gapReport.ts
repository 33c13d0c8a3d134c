/** `wattline.gap/1`: the distance to the machine's limit, layer by layer, from a run's layer table. */
import {
  type GapDevice,
  type GapLayer,
  type GapReport,
  type GapTotals,
  gapSchemaName,
  type HostSide,
  type MachineLimits,
  type Pass,
} from "../../model/gap";
import type { LayerMeasure, TracedLayer } from "../../model/trace";
import { leastBytes } from "./bytes";
import { fusionsOf } from "./fusion";
import { gapHeadline } from "./gapHeadline";
import { gapNotes } from "./gapNotes";
import { layerKind } from "./layerKind";
import { type LayerMean, layerMeans } from "./layerMeans";
import { type LayerLimits, type Peaks, peaksFor } from "./peaks";
import { attainableEfficiency, attainableOfAll, balanceOf, type Limits, splitTime } from "./split";
import { allGroups, sumsOf } from "./sums";

export interface GapInput {
  readonly run: GapReport["run"];
  readonly layers: readonly TracedLayer[];
  readonly measures: readonly LayerMeasure[];
  /** Iterations that are warm-up or unusual. */
  readonly leaveOut?: ReadonlySet<number>;
  readonly machine: MachineLimits;
  /** Mean watts of all counted devices in a phase. */
  readonly powerW?: Readonly<Partial<Record<Pass, number>>>;
  readonly energySource?: GapReport["energySource"];
  readonly host?: HostSide;
}

/** A layer and pass with all that is needed to say something of it. */
export interface Measured {
  readonly mean: LayerMean;
  readonly bytes?: number;
  readonly limits: LayerLimits;
  readonly row: GapLayer;
}

/** Bad rows and missing figures leave the rest whole; `notes` say what is missing. */
export function gapReport(input: GapInput): GapReport {
  const { means, sampled, leftOut, badRows } = layerMeans(input.layers, input.measures, input.leaveOut);
  const peaks = peaksFor(input.machine, means);
  const measured = measuredLayers(means, peaks, input.powerW ?? {});
  const layers = measured.map(({ row }) => row);
  const device = deviceOf(input.machine, measured);
  const totals = totalsOf(measured);
  const withEnergy = totals.energyJ !== undefined && input.energySource !== undefined;
  return {
    schema: gapSchemaName,
    run: input.run,
    headline: gapHeadline(layers, totals),
    device,
    iterations: { sampled, leftOut },
    layers,
    totals,
    groups: allGroups(layers),
    fusions: fusionsOf(measured),
    ...(input.host && { host: input.host }),
    ...(withEnergy && { energySource: input.energySource }),
    notes: gapNotes({ device, layers, sampled, badRows, tf32: peaks.tf32 }),
  };
}

function measuredLayers(
  means: readonly LayerMean[],
  peaks: Peaks,
  powerW: NonNullable<GapInput["powerW"]>,
): Measured[] {
  return means.map((mean) => {
    const limits = peaks.of(mean);
    const bytes = bytesOf(mean);
    return { mean, limits, ...(bytes !== undefined && { bytes }), row: rowOf(mean, bytes, limits, powerW[mean.pass]) };
  });
}

function bytesOf({ layer, pass, calls, inputBytes, outputBytes }: LayerMean): number | undefined {
  const { type, weightBytes } = layer;
  if (inputBytes === undefined || outputBytes === undefined || !(weightBytes >= 0)) return undefined;
  return leastBytes(type, pass, { weightBytes, inputBytes, outputBytes, calls });
}

function rowOf(mean: LayerMean, bytes: number | undefined, found: LayerLimits, powerW: number | undefined): GapLayer {
  const { layer, flops } = mean;
  const parts = partsOf(mean.timeS, flops, bytes, found.limits);
  const { timeS, idealTimeS } = parts;
  // Written field by field: there are thousands of rows, and each spread of what may be absent is an object.
  const row: Writable<GapLayer> = {
    name: layer.name,
    type: layer.type,
    kind: layerKind(layer, mean.inputShape),
    pass: mean.pass,
    calls: mean.calls,
    ...parts,
  };
  if (found.dtype !== undefined) row.dtype = found.dtype;
  if (mean.standardErrorS !== undefined) row.standardErrorS = mean.standardErrorS;
  if (flops !== undefined) row.flops = flops;
  if (bytes !== undefined) row.bytes = bytes;
  if (flops !== undefined && bytes !== undefined && bytes > 0) row.operationalIntensity = flops / bytes;
  if (powerW !== undefined) {
    row.energyJ = powerW * timeS;
    if (idealTimeS !== undefined) row.lostEnergyJ = powerW * (timeS - idealTimeS);
  }
  if (layer.path !== undefined) row.file = layer.path;
  if (layer.line !== undefined) row.line = layer.line;
  if (layer.callPath !== undefined) row.callFile = layer.callPath;
  if (layer.callLine !== undefined) row.callLine = layer.callLine;
  if (mean.inputShape.length > 0) row.inputShape = mean.inputShape;
  if (mean.outputShape.length > 0) row.outputShape = mean.outputShape;
  return row;
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };
type Parts = Pick<
  GapLayer,
  "timeS" | "idealTimeS" | "memoryGapS" | "kernelGapS" | "efficiency" | "attainableEfficiency" | "bound"
>;

/** A layer of which no FLOPs are known has an ideal time of 0, one of which no bytes are known no gap that is told apart. */
function partsOf(timeS: number, flops: number | undefined, bytes: number | undefined, limits?: Limits): Parts {
  if (limits === undefined || (flops === undefined && bytes === undefined)) return { timeS };
  const efficiency = flops !== undefined && { efficiency: flops / (limits.peakFlopsPerS * timeS) };
  if (bytes === undefined) {
    return { timeS, ...efficiency, idealTimeS: Math.min(timeS, flops! / limits.peakFlopsPerS) };
  }
  const work = { flops: flops ?? 0, bytes };
  const isMemory = work.bytes / limits.bandwidthBytesPerS > work.flops / limits.peakFlopsPerS;
  return {
    ...splitTime(timeS, work, limits),
    ...efficiency,
    ...(flops !== undefined && { attainableEfficiency: attainableEfficiency(work, limits) }),
    ...(work.flops + work.bytes > 0 && { bound: isMemory ? ("memory" as const) : ("compute" as const) }),
  };
}

/** The waterline is drawn for the format that most FLOPs run in, else most of the time. */
function deviceOf(machine: MachineLimits, measured: readonly Measured[]): GapDevice {
  const flops = new Map<string, { flops: number; timeS: number; limits: Limits }>();
  for (const { mean, limits } of measured) {
    if (limits.dtype === undefined || limits.limits === undefined) continue;
    const sum = flops.get(limits.dtype) ?? { flops: 0, timeS: 0, limits: limits.limits };
    flops.set(limits.dtype, {
      ...sum,
      flops: sum.flops + (mean.flops ?? 0),
      timeS: sum.timeS + mean.timeS,
    });
  }
  const main = [...flops].sort(([, a], [, b]) => b.flops - a.flops || b.timeS - a.timeS)[0];
  return { ...machine, ...(main && { mainDtype: main[0], balanceFlopsPerByte: balanceOf(main[1].limits) }) };
}

function totalsOf(measured: readonly Measured[]): GapTotals {
  const works = measured.flatMap(({ mean, bytes, limits: { limits } }) =>
    limits !== undefined && bytes !== undefined ? [{ flops: mean.flops ?? 0, bytes, limits }] : [],
  );
  const attainable = attainableOfAll(works);
  return {
    ...sumsOf(measured.map(({ row }) => row)),
    ...(attainable !== undefined && { attainableEfficiency: attainable }),
  };
}
