/** CLOCK_MONOTONIC in seconds: on Linux the clock of Python's `perf_counter` and `monotonic` too. */
export function monotonicS(): number {
  return Number(process.hrtime.bigint()) / 1e9;
}
