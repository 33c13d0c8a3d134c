import type { Trace } from "../model/trace";

/** The trace with the most spans; among equals the lowest rank. */
export function mainTrace(traces: readonly Trace[]): Trace | undefined {
  return [...traces]
    .filter(({ spans, iterations }) => spans.phase.length + iterations.loop.length > 0)
    .sort((a, b) => b.spans.phase.length - a.spans.phase.length || a.header.rank - b.header.rank)[0];
}
