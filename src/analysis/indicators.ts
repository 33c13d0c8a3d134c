/** What the field compares programs by, as far as the trace says it. */
import type { Indicators, ReportedIterations } from "../model/report";
import type { Run } from "../model/run";
import type { Trace } from "../model/trace";
import { modelPeak, runPeak } from "./efficiency/runPeak";

/** Counters of which the largest that any rank saw counts: ranks hold copies, or parts of about the same size. */
const sizes = {
  parameters: "parameters",
  peakMemoryBytes: "peak_memory_bytes",
  parameterBytes: "parameter_bytes",
  gradientBytes: "gradient_bytes",
  optimizerStateBytes: "optimizer_state_bytes",
  activationBytes: "activation_bytes",
} as const;

/** @returns undefined where nothing is known */
export function indicatorsOf(run: Run, iterations: ReportedIterations): Indicators | undefined {
  const samplesPerS = sum(run.traces.map((trace) => rate(trace, "samples")));
  const tokensPerS = sum(run.traces.map((trace) => rate(trace, "tokens")));
  const energyPerSampleJ = energyPer(samplesPerS, iterations);
  const energyPerTokenJ = energyPer(tokensPerS, iterations);
  const known = Object.entries(sizes).flatMap(([name, counter]) => {
    const value = largest(run, counter);
    return value === undefined ? [] : [[name, value] as const];
  });
  const found: Indicators = {
    ...(samplesPerS !== undefined && { samplesPerS }),
    ...(tokensPerS !== undefined && { tokensPerS }),
    ...Object.fromEntries(known),
    ...flopsOf(run, iterations),
    ...(energyPerSampleJ !== undefined && { energyPerSampleJ }),
    ...(energyPerTokenJ !== undefined && { energyPerTokenJ }),
  };
  return Object.keys(found).length > 0 ? found : undefined;
}

/** FLOPs of all ranks an iteration, and their share of what the devices could have computed in its time. */
function flopsOf(run: Run, { durationPerIterationS }: ReportedIterations) {
  const ranks = run.traces.flatMap((trace) => {
    const flops = last(trace, "flops_per_iteration");
    return flops === undefined ? [] : [{ trace, flops }];
  });
  if (ranks.length === 0) return {};
  const flopsPerIteration = ranks.reduce((total, { flops }) => total + flops, 0);
  const peaks = ranks.map(({ trace }) => {
    const machine = runPeak(run, trace);
    return { ...machine, peakPerS: modelPeak(machine, trace) };
  });
  const { source, kind } = peaks[0]!;
  if (source === "unknown" || !(durationPerIterationS! > 0) || peaks.some(({ peakPerS }) => peakPerS === undefined)) {
    return { flopsPerIteration };
  }
  // Ranks on one node's processor share it; each has a GPU of its own.
  const peakPerS = kind === "cpu" ? peaks[0]!.peakPerS! : peaks.reduce((total, one) => total + one.peakPerS!, 0);
  const modelFlopsUtilization = flopsPerIteration / (durationPerIterationS! * peakPerS);
  return { flopsPerIteration, modelFlopsUtilization, peakSource: source };
}

/** Joules an iteration over what it does of something that is counted a second. */
function energyPer(perS: number | undefined, { energyPerIterationJ, durationPerIterationS }: ReportedIterations) {
  if (perS === undefined || energyPerIterationJ === undefined || durationPerIterationS === undefined) return undefined;
  const perIteration = perS * durationPerIterationS;
  return perIteration > 0 ? energyPerIterationJ / perIteration : undefined;
}

function largest(run: Run, name: string): number | undefined {
  const values = run.traces.flatMap(({ counters }) => counters.filter((one) => one.name === name));
  return values.length > 0 ? values.reduce((most, { value }) => Math.max(most, value), -Infinity) : undefined;
}

function last({ counters }: Trace, name: string): number | undefined {
  return counters.findLast((one) => one.name === name)?.value;
}

/** A counter's growth a second, over the time in which it grew. Two values at least. */
function rate({ counters }: Trace, name: string): number | undefined {
  const values = counters.filter((one) => one.name === name);
  const [first, last] = [values[0], values.at(-1)];
  if (first === undefined || last === undefined || last.timeS <= first.timeS || last.value <= first.value)
    return undefined;
  return (last.value - first.value) / (last.timeS - first.timeS);
}

/** Ranks work side by side: what they do adds up. */
function sum(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined);
  return known.length > 0 ? known.reduce((total, value) => total + value, 0) : undefined;
}
