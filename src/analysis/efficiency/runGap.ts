/** The gap report of a run folder: which trace, which device, which power. */

import type { Calibration } from "../../model/calibration";
import type { GapReport, Pass } from "../../model/gap";
import type { Report } from "../../model/report";
import type { Run } from "../../model/run";
import type { Trace } from "../../model/trace";
import { deviceEnergies } from "../deviceEnergy";
import { loopIterations } from "../iterationReport";
import { warmUp } from "../iterations";
import { phaseReport } from "../phaseReport";
import { gapReport } from "./gapReport";
import { hostSide, type Place, phaseSeconds } from "./hostSide";
import { optimizerFusion } from "./optimizerFusion";
import { runPeak } from "./runPeak";
import { runWaste } from "./runWaste";

export interface RunGapOptions {
  /** Of the machine on which the run was made, where its own manifest has none. */
  readonly calibration?: Calibration;
  /** Calls in the loop's source at which the program waits for its device. */
  readonly places?: readonly Place[];
}

export function runGap(run: Run, options: RunGapOptions = {}): GapReport {
  const trace = layerTrace(run.traces);
  const { peakFlopsPerS, bandwidthBytesPerS, name, source } = runPeak(run, trace, options.calibration);
  const energy = phasePower(run);
  const table = gapReport({
    run: { id: run.manifest.id, path: run.path },
    layers: trace?.layers ?? [],
    measures: trace?.layerMeasures ?? [],
    leaveOut: warmUpIterations(run),
    machine: {
      name,
      source,
      ...(Object.keys(peakFlopsPerS).length > 0 && { peakFlopsPerS }),
      ...(bandwidthBytesPerS !== undefined && { bandwidthBytesPerS }),
    },
    ...energy,
  });
  const optimizer = optimizerFusion(trace, phaseSeconds(run)?.get("optimizer"), bandwidthBytesPerS);
  const fusions = [...table.fusions, ...(optimizer ? [optimizer] : [])].sort((a, b) => b.savingS - a.savingS);
  const report = { ...table, fusions };
  const host = hostSide(run, report.layers, options.places);
  if (host === undefined) return report;
  const waste = runWaste(run, { ...report, host }, run.manifest.calibration ?? options.calibration);
  return { ...report, host, ...(waste && { waste }) };
}

/** The trace with the most measured layers; among equals the lowest rank. */
function layerTrace(traces: readonly Trace[]): Trace | undefined {
  const measures = ({ layerMeasures }: Trace) => layerMeasures?.length ?? 0;
  return [...traces]
    .filter((trace) => measures(trace) > 0)
    .sort((a, b) => measures(b) - measures(a) || a.header.rank - b.header.rank)[0];
}

/** Measuring slows an iteration down, so that it is often an outlier; of those only warm-up is left out. */
function warmUpIterations(run: Run): Set<number> {
  const loop = loopIterations(run);
  const rows = loop === undefined ? [] : [...loop.iteration.keys()];
  return new Set(rows.flatMap((row) => (loop!.classified.kind[row] === warmUp ? [loop!.iteration[row]!] : [])));
}

const passes = ["forward", "backward"] as const;

/** Mean watts of the counted devices in each pass; on one node those of all ranks. */
function phasePower(run: Run): { powerW: Partial<Record<Pass, number>>; energySource: "modelled" | "estimated" } {
  const counted = deviceEnergies(run).filter(({ device }) => device.counted);
  const known = counted.length > 0 && counted.every(({ energyJ }) => energyJ !== undefined);
  const rows: Report["phases"] = known ? phaseReport(run, counted).rows : [];
  const powerW: Partial<Record<Pass, number>> = {};
  for (const { phase, energyJ, durationS, standardErrorJ } of rows) {
    const pass = passes.find((name) => name === phase);
    if (pass !== undefined && standardErrorJ < energyJ && durationS > 0) powerW[pass] = energyJ / durationS;
  }
  const estimated = counted.some(({ device }) => device.source === "estimated");
  return { powerW, energySource: estimated ? "estimated" : "modelled" };
}
