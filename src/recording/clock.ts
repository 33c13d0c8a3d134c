import { performance } from "node:perf_hooks";

/** Node's own clock is the same one, counted from the process's start, and a good deal cheaper to ask. */
const originS = Number(process.hrtime.bigint()) / 1e9 - performance.now() / 1000;

/** CLOCK_MONOTONIC in seconds: on Linux the clock of Python's `perf_counter` and `monotonic` too. */
export function monotonicS(): number {
  return originS + performance.now() / 1000;
}
