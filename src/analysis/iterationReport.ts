/** The iterations of a run's main loop: how many, how long, how much energy each. */
import { formatShare, plural } from "../model/format";
import type { ReportedIterations, Warning } from "../model/report";
import type { Run } from "../model/run";
import type { Trace, TracedLoop } from "../model/trace";
import type { DeviceEnergy } from "./deviceEnergy";
import {
  type ClassifiedIterations,
  classifyIterations,
  energyPerIteration,
  type Iterations,
  iterationEnergies,
} from "./iterations";
import { mainTrace } from "./mainTrace";
import { isSure } from "./settling";

/** The main loop with each of its iterations. */
export interface LoopIterations extends Iterations {
  readonly loop: TracedLoop;
  /** As the program counts them, from 0. */
  readonly iteration: Int32Array;
  readonly classified: ClassifiedIterations;
  /** Iterations of the same loop that the tracer reported together, because there were too many to tell each. */
  readonly aggregated: { readonly count: number; readonly durationS: number };
  /** Iterations in which layers were measured: they took longer for it, and are none of those above. */
  readonly layerTable: number;
}

/** @returns undefined where no loop was traced */
export function loopIterations(run: Run): LoopIterations | undefined {
  const trace = mainTrace(run.traces);
  const loop = trace && mainLoop(trace);
  if (trace === undefined || loop === undefined) return undefined;
  const { loop: ids, iteration, startS, durationS, sampled } = trace.iterations;
  const all = [...ids.keys()].filter((row) => ids[row] === loop.id);
  const rows = all.filter((row) => sampled?.[row] !== 1);
  rows.sort((a, b) => startS[a]! - startS[b]!);
  const iterations = {
    startS: Float64Array.from(rows, (row) => startS[row]!),
    durationS: Float64Array.from(rows, (row) => durationS[row]!),
  };
  const together = trace.aggregates.filter((aggregate) => aggregate.loop === loop.id);
  return {
    ...iterations,
    loop,
    iteration: Int32Array.from(rows, (row) => iteration[row]!),
    classified: classifyIterations(iterations),
    aggregated: {
      count: together.reduce((sum, { count }) => sum + count, 0),
      durationS: together.reduce((sum, one) => sum + one.durationS, 0),
    },
    layerTable: all.length - rows.length,
  };
}

/** @param counted the devices that make the total */
export function iterationReport(run: Run, counted: readonly DeviceEnergy[]): ReportedIterations {
  const found = loopIterations(run);
  if (found === undefined) return { count: 0, excluded: { warmUp: 0, outliers: 0 } };
  const { loop, classified, aggregated, layerTable } = found;
  const { warmUp, outliers, settling, drift } = classified;
  const durationPerIterationS = meanDurationS(found);
  return {
    count: found.iteration.length + aggregated.count + layerTable,
    excluded: {
      warmUp,
      outliers,
      ...(settling > 0 && { settling }),
      ...(layerTable > 0 && { layerTable }),
    },
    ...energyOf(found, counted),
    ...(durationPerIterationS !== undefined && { durationPerIterationS }),
    ...(isSure(drift) && { drift }),
    loop: { path: loop.path, line: loop.line, endLine: loop.endLine },
  };
}

/** Of those counted one by one; of those reported together where they are the most. */
function meanDurationS({ classified, aggregated }: LoopIterations): number | undefined {
  if (aggregated.count > classified.counted) return aggregated.durationS / aggregated.count;
  return classified.counted > 0 ? classified.durationPerIterationS : undefined;
}

/** What an iteration's number cannot be, or should not be taken for. */
export function iterationWarnings(run: Run, counted: readonly DeviceEnergy[]): Warning[] {
  const found = loopIterations(run);
  if (found === undefined) return [];
  const { settling, drift, counted: many } = found.classified;
  const warnings: Warning[] = [];
  if (settling > 0) {
    const message =
      `The first ${plural(settling, "iteration")} after warm-up came before the machine was steady, as when it grows ` +
      "warm and lowers its clocks: they are left out of the means.";
    warnings.push({ code: "iterations-drift", message });
  }
  if (isSure(drift)) {
    const message =
      `Iterations grew ${formatShare(Math.abs(drift.share), drift.standardError)} ${drift.share > 0 ? "longer" : "shorter"} ` +
      "over the run and did not become steady: their mean is of a machine that still changed. A longer run tells more.";
    warnings.push({ code: "iterations-drift", message });
  }
  const unknown = energiesOf(found, counted).flatMap((answer) =>
    answer === undefined || answer.known ? [] : [answer],
  );
  if (unknown[0] !== undefined && many > 0 && counted.every(({ energyJ }) => energyJ !== undefined)) {
    warnings.push({ code: "iterations-unknown", message: `Energy of an iteration: ${unknown[0].reason}` });
  }
  return warnings;
}

function energiesOf(found: LoopIterations, counted: readonly DeviceEnergy[]) {
  if (found.aggregated.count > found.classified.counted) return [];
  return counted.map(({ readings, energyJ }) =>
    readings && energyJ !== undefined ? energyPerIteration(readings, found, found.classified.kind) : undefined,
  );
}

function energyOf(found: LoopIterations, counted: readonly DeviceEnergy[]) {
  const answers = energiesOf(found, counted);
  if (answers.length === 0) return {};
  const known = answers.flatMap((answer) => (answer?.known ? [answer.value] : []));
  // A sum needs all its parts.
  if (known.length < answers.length) return {};
  return {
    energyPerIterationJ: known.reduce((sum, one) => sum + one.energyPerIterationJ, 0),
    standardErrorJ: Math.hypot(...known.map((one) => one.standardErrorJ)),
  };
}

/** Joules of each iteration on all counted devices; NaN where a meter is too slow to tell. */
export function energyOfEach(found: LoopIterations, counted: readonly DeviceEnergy[]): Float64Array {
  const all = counted.map(({ readings }) => readings && iterationEnergies(readings, found));
  return found.startS.map((_, row) =>
    all.length === 0 ? Number.NaN : all.reduce((sum, energies) => sum + (energies?.[row] ?? Number.NaN), 0),
  );
}

/** The loop whose iterations count: of training if there is one, the innermost that goes round most. */
export function mainLoop(trace: Trace): TracedLoop | undefined {
  const counts = new Map<number, number>();
  for (const id of trace.iterations.loop) counts.set(id, (counts.get(id) ?? 0) + 1);
  for (const { loop, count } of trace.aggregates) counts.set(loop, (counts.get(loop) ?? 0) + count);
  const parents = new Set(trace.loops.map(({ parent }) => parent));
  const rank = ({ id, kind }: TracedLoop) =>
    (kind === "training" ? 1e13 : 0) + (parents.has(id) ? 0 : 1e12) + (counts.get(id) ?? 0);
  return trace.loops.filter(({ id }) => counts.has(id)).sort((a, b) => rank(b) - rank(a))[0];
}
