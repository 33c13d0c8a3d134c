/** Layers that are so small that starting them takes longer than computing them. */
import type { GapLayer } from "../../model/gap";

/**
 * A kernel is started every 5 to 10 µs at best (the launch latency that NVIDIA's guides give, and about what a call of a
 * PyTorch operator costs on a CPU): what the roofline lets be done in less waits for its start.
 */
export const launchS = 10e-6;
/** A layer that takes this much longer than a launch is slow for another reason. */
const most = 10 * launchS;

export interface LaunchBound {
  /** Of an iteration: kernel gap of such layers, at most a launch a call. */
  readonly timeS: number;
  readonly layers: number;
}

export function launchBound(layers: readonly GapLayer[]): LaunchBound {
  let timeS = 0;
  const names = new Set<string>();
  for (const row of layers) {
    if (row.kernelGapS === undefined || !(row.calls > 0)) continue;
    const roofS = (row.timeS - row.kernelGapS) / row.calls;
    if (roofS > launchS || row.timeS / row.calls > most) continue;
    timeS += Math.min(row.kernelGapS, launchS * row.calls);
    names.add(row.name);
  }
  return { timeS, layers: names.size };
}
