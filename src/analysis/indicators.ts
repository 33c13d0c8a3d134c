/** What the field compares programs by, as far as the trace says it. */
import type { Indicators, ReportedIterations } from "../model/report";
import type { Run } from "../model/run";
import type { Trace } from "../model/trace";

/** @returns undefined where nothing is known */
export function indicatorsOf(run: Run, iterations: ReportedIterations): Indicators | undefined {
  const parameters = largest(run, "parameters");
  const peakMemoryBytes = largest(run, "peak_memory_bytes");
  const samples = sum(run.traces.map((trace) => rate(trace, "samples")));
  const tokens = sum(run.traces.map((trace) => rate(trace, "tokens")));
  const { energyPerIterationJ, durationPerIterationS } = iterations;
  const perIteration =
    samples !== undefined && durationPerIterationS !== undefined ? samples * durationPerIterationS : undefined;
  const found: Indicators = {
    ...(samples !== undefined && { samplesPerS: samples }),
    ...(tokens !== undefined && { tokensPerS: tokens }),
    ...(parameters !== undefined && { parameters }),
    ...(peakMemoryBytes !== undefined && { peakMemoryBytes }),
    ...(energyPerIterationJ !== undefined &&
      perIteration !== undefined &&
      perIteration > 0 && { energyPerSampleJ: energyPerIterationJ / perIteration }),
  };
  return Object.keys(found).length > 0 ? found : undefined;
}

function largest(run: Run, name: string): number | undefined {
  const values = run.traces.flatMap(({ counters }) => counters.filter((one) => one.name === name));
  return values.length > 0 ? Math.max(...values.map(({ value }) => value)) : undefined;
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
