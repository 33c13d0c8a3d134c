/** Whether an optimizer's step would be faster as one kernel. */
import type { Fusion } from "../../model/gap";
import type { Trace } from "../../model/trace";

/** A step this close to what memory allows is fused already, or as good as that. */
const worthSaying = 1.5;

/**
 * A step reads parameters, gradients and state and writes parameters and state: 28 bytes a parameter for Adam in
 * float32. An optimizer that does so operation by operation, tensor by tensor, moves several times as much and starts a
 * kernel for each.
 * @param timeS of the steps of an iteration
 * @returns undefined where sizes or bandwidth are not known, or little could be saved
 */
export function optimizerFusion(
  trace: Trace | undefined,
  timeS: number | undefined,
  bandwidthBytesPerS: number | undefined,
): Fusion | undefined {
  const largest = (name: string) => {
    const values = (trace?.counters ?? []).flatMap((counter) => (counter.name === name ? [counter.value] : []));
    return values.reduce((most, value) => Math.max(most, value), 0);
  };
  const parameters = largest("parameter_bytes");
  const bytes = 2 * parameters + largest("gradient_bytes") + 2 * largest("optimizer_state_bytes");
  if (timeS === undefined || bandwidthBytesPerS === undefined || parameters === 0) return undefined;
  const leastS = bytes / bandwidthBytesPerS;
  if (!(timeS > worthSaying * leastS)) return undefined;
  return {
    kind: "optimizer",
    layers: ["optimizer step"],
    timeS,
    savingS: timeS - leastS,
    advice:
      "An optimizer made with `fused=True` (or `foreach=True`) updates all parameters in a few kernels; what is shown as " +
      "saved is down to reading and writing each value once.",
  };
}
