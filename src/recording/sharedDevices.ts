/** Whose energy is whose where several runs read one sampler. */
import { selectGpus } from "../meters/nvml/cudaVisibleDevices";
import type { Device } from "../model/device";

const nvmlPrefix = "nvml:";

/**
 * The serving run's devices as this run counts them.
 *
 * Every run counts the GPUs that it uses. Ranks of one job are added up by somebody sooner or later, so what the serving
 * rank counts (the node's CPUs and DRAM, GPUs that all ranks see) is counted there and nowhere else; two runs that only
 * happen to be on a machine at the same time each have the whole machine.
 */
export function sharedDevices(
  serving: readonly Device[],
  env: Readonly<Record<string, string | undefined>>,
  sameJob: boolean,
): Device[] {
  const gpus = serving.filter(({ id }) => id.startsWith(nvmlPrefix));
  const { use } = selectGpus(
    env.CUDA_VISIBLE_DEVICES,
    gpus.map(({ id, name }) => ({ uuid: id.slice(nvmlPrefix.length), name, slices: [] })),
    env.CUDA_DEVICE_ORDER,
  );
  return serving.map((device) => {
    const gpu = gpus.indexOf(device);
    const wanted = gpu >= 0 ? use[gpu] !== "none" : device.counted;
    return { ...device, counted: wanted && !(sameJob && device.counted) };
  });
}
