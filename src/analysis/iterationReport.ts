/** The iterations of a run's main loop: how many, how long, how much energy each. */
import type { ReportedIterations } from "../model/report";
import type { Run } from "../model/run";
import type { Trace, TracedLoop } from "../model/trace";
import type { DeviceEnergy } from "./deviceEnergy";
import { mainTrace } from "./phaseReport";

export function iterationReport(run: Run, _counted: readonly DeviceEnergy[]): ReportedIterations {
  const trace = mainTrace(run.traces);
  const loop = trace && mainLoop(trace);
  if (trace === undefined || loop === undefined) return { count: 0, excluded: { warmUp: 0, outliers: 0 } };
  let count = 0;
  for (const id of trace.iterations.loop) if (id === loop.id) count++;
  return {
    count,
    excluded: { warmUp: 0, outliers: 0 },
    loop: { path: loop.path, line: loop.line, endLine: loop.endLine },
  };
}

/** The loop whose iterations count: of training if there is one, the innermost that goes round most. */
export function mainLoop(trace: Trace): TracedLoop | undefined {
  const counts = new Map<number, number>();
  for (const id of trace.iterations.loop) counts.set(id, (counts.get(id) ?? 0) + 1);
  for (const { loop, count } of trace.aggregates) counts.set(loop, (counts.get(loop) ?? 0) + count);
  const rank = ({ id, kind }: TracedLoop) => (kind === "training" ? 1e12 : 0) + (counts.get(id) ?? 0);
  return trace.loops.filter(({ id }) => counts.has(id)).sort((a, b) => rank(b) - rank(a))[0];
}
