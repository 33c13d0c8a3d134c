/** Names of the parts of a run's energy, and what would win each back. */
import type { WasteCause, WasteKind } from "../../model/waste";

export interface PartWords {
  readonly kind: WasteKind;
  readonly name: string;
  readonly remedy?: string;
}

export const partWords: Readonly<Record<WasteCause, PartWords>> = {
  forward: { kind: "useful", name: "forward" },
  backward: { kind: "useful", name: "backward" },
  optimizer: { kind: "useful", name: "optimizer" },
  work: { kind: "useful", name: "other work in iterations" },
  data: {
    kind: "intrinsic",
    name: "waiting for data",
    remedy:
      "Let the loader work ahead (`num_workers`, `prefetch_factor`), or move decoding and augmentation out of it.",
  },
  host: {
    kind: "intrinsic",
    name: "devices waiting for the host",
    remedy:
      "Give the device more at once: a larger batch, `torch.compile`, CUDA graphs, fewer `.item()` calls and prints.",
  },
  communication: {
    kind: "intrinsic",
    name: "communication that nothing overlaps",
    remedy:
      "Communicate less often (gradient accumulation with `no_sync`), less (a compression hook), or earlier (smaller buckets).",
  },
  bubble: {
    kind: "intrinsic",
    name: "pipeline bubbles",
    remedy: "More microbatches, an interleaved schedule, or stages of equal length; lower clocks where a stage waits.",
  },
  clocks: {
    kind: "intrinsic",
    name: "clocks that bought no time",
    remedy: "Run at the lower clock: it was as fast.",
  },
  straggler: {
    kind: "extrinsic",
    name: "waiting for other ranks",
    remedy: "Mend the slow rank, give it less work, or let the others run at lower clocks meanwhile.",
  },
  stall: {
    kind: "outside",
    name: "stalls of single iterations",
    remedy:
      "If these are checkpoints, save them less often or from another process; else look at what those iterations do.",
  },
  "start-up": {
    kind: "outside",
    name: "start-up",
    remedy: "Keep caches (of compiled code, of data sets) between runs, and start once for several short runs.",
  },
  evaluation: {
    kind: "outside",
    name: "evaluation",
    remedy: "Evaluate less often, on fewer samples, or in larger batches.",
  },
  between: {
    kind: "outside",
    name: "between iterations",
    remedy: "Save checkpoints less often, keep a loader's workers alive between epochs (`persistent_workers`).",
  },
  tail: {
    kind: "outside",
    name: "after the last iteration",
    remedy: "End the job as soon as the last checkpoint is written.",
  },
};
