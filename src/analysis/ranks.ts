/** The ranks of a run, and which of its devices are whose. */
import type { Device } from "../model/device";
import type { Run } from "../model/run";
import type { Trace } from "../model/trace";
import { mainTrace } from "./mainTrace";

export interface Rank {
  /** Absent where the run has a single one, or processes that are no ranks: then it is the one that traced most. */
  readonly rank?: number;
  /** One, or several that came one after the other (a process that was started again). */
  readonly traces: readonly Trace[];
}

/** More than this are not told apart: the one that traced most stands for all of them. */
const mostRanks = 16;

/** Ranks that ran on this node, in order: those whose clock is the run's. At least one where anything was traced. */
export function ranksOf(run: Run): readonly Rank[] {
  const here = run.traces.filter((trace) => isHere(trace, run));
  const main = mainTrace(here);
  if (main === undefined) return [];
  const byRank = rankTraces(here);
  // One of several, whose others are on other nodes, is a rank too.
  const isOfSeveral = byRank.size === 1 && main.header.rank >= 0 && (main.header.worldSize ?? 1) > 1;
  if ((byRank.size < 2 && !isOfSeveral) || byRank.size > mostRanks) return [{ traces: [main] }];
  return [...byRank].sort(([a], [b]) => a - b).map(([rank, traces]) => ({ rank, traces }));
}

/** Traces of processes that are ranks, by rank; those that never did anything are left out. */
export function rankTraces(traces: readonly Trace[]): Map<number, Trace[]> {
  const byRank = new Map<number, Trace[]>();
  for (const trace of traces) {
    const { rank } = trace.header;
    if (rank < 0 || trace.spans.phase.length + trace.iterations.loop.length === 0) continue;
    byRank.set(rank, [...(byRank.get(rank) ?? []), trace]);
  }
  return byRank;
}

/** Whether a process ran on the node whose clock and meters the run has. */
function isHere({ header }: Trace, { manifest }: Run): boolean {
  return header.bootId === undefined || manifest.bootId === undefined || header.bootId === manifest.bootId;
}

/**
 * Whose work a device's energy is. A GPU is one rank's where there are as many of them as ranks: the i-th is that of
 * local rank i, as launchers set it up. Any other device is everybody's.
 * @returns places in `ranks`
 */
export function ranksOfDevice(device: Device, counted: readonly Device[], ranks: readonly Rank[]): readonly number[] {
  const all = ranks.map((_, place) => place);
  if (device.kind !== "gpu" || ranks.length < 2) return all;
  const gpus = counted.filter(({ kind }) => kind === "gpu");
  if (gpus.length !== ranks.length) return all;
  const index = gpus.indexOf(device);
  const place = ranks.findIndex(({ traces }, at) => (traces[0]!.header.localRank ?? at) === index);
  return place < 0 ? all : [place];
}
