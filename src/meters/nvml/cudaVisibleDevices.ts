/**
 * Which GPUs a CUDA program may use, as `CUDA_VISIBLE_DEVICES` says: indices, UUIDs or their beginnings (`GPU-8932f`),
 * MIG slices (`MIG-…`, `MIG-GPU-…/1/0`), up to the first entry that names nothing (CUDA C Programming Guide,
 * "CUDA Environment Variables").
 */
export interface SelectableGpu {
  readonly uuid: string;
  readonly name: string;
  /** UUIDs of its MIG slices. */
  readonly slices: readonly string[];
}

export interface Selection {
  /** By place in the list of GPUs: whole, a slice of it, or not used. */
  readonly use: readonly ("whole" | "slice" | "none")[];
  /** Why the answer may be another one, a sentence. */
  readonly doubt?: string;
}

/**
 * @param variable CUDA_VISIBLE_DEVICES; undefined: all GPUs
 * @param gpus     in NVML's order, that of the PCI bus
 * @param order    CUDA_DEVICE_ORDER: without PCI_BUS_ID, CUDA counts the fastest GPU first
 */
export function selectGpus(
  variable: string | undefined,
  gpus: readonly SelectableGpu[],
  order: string | undefined,
): Selection {
  if (variable === undefined) return { use: gpus.map(() => "whole") };
  const use = gpus.map((): "whole" | "slice" | "none" => "none");
  let byIndex = false;
  for (const entry of variable.split(",").map((part) => part.trim())) {
    const found = entryOf(entry, gpus);
    if (found === undefined) break;
    byIndex ||= /^\d+$/.test(entry);
    if (use[found.gpu] !== "whole") use[found.gpu] = found.slice ? "slice" : "whole";
  }
  const alike = new Set(gpus.map((gpu) => gpu.name)).size <= 1;
  if (!byIndex || alike || order === "PCI_BUS_ID") return { use };
  return {
    use,
    doubt:
      "CUDA_VISIBLE_DEVICES names GPUs of different models by number, and CUDA may count them in another order than " +
      "the driver: set CUDA_DEVICE_ORDER=PCI_BUS_ID, or name them by UUID.",
  };
}

function entryOf(entry: string, gpus: readonly SelectableGpu[]): { gpu: number; slice: boolean } | undefined {
  if (/^\d+$/.test(entry)) return Number(entry) < gpus.length ? { gpu: Number(entry), slice: false } : undefined;
  const ofGpu = /^MIG-(GPU-[^/]+)\/\d+\/\d+$/.exec(entry)?.[1];
  if (ofGpu !== undefined) return only(gpus, (gpu) => gpu.uuid === ofGpu, true);
  if (/^MIG-./.test(entry)) return only(gpus, (gpu) => gpu.slices.some((slice) => slice.startsWith(entry)), true);
  if (/^GPU-./.test(entry)) return only(gpus, (gpu) => gpu.uuid.startsWith(entry), false);
  return undefined;
}

/** A beginning that fits several GPUs names none of them. */
function only(gpus: readonly SelectableGpu[], fits: (gpu: SelectableGpu) => boolean, slice: boolean) {
  const first = gpus.findIndex(fits);
  return first >= 0 && gpus.filter(fits).length === 1 ? { gpu: first, slice } : undefined;
}
