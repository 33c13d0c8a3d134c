/**
 * nvidia-smi: power and state of NVIDIA GPUs where the driver's library cannot be loaded but its program runs.
 *
 * A fallback. One question starts a program that takes a tenth of a second or more, so it is asked once a second: power
 * is integrated at that rate, and a phase of milliseconds cannot be seen with it. There is no energy counter in
 * nvidia-smi's output.
 */
import type { Device } from "../model/device";
import type { Host, Meter, OpenMeter, Reading } from "./meter";
import { selectGpus } from "./nvml/cudaVisibleDevices";
import { querySmi, type SmiGpu } from "./nvml/smiQuery";

/** At most so often: the program works the driver for a tenth of a second each time. */
const periodS = 1;

export const nvidiaSmi: Meter = nvidiaSmiFrom(() => querySmi());

/** The meter over what `query` answers. */
export function nvidiaSmiFrom(query: () => Promise<readonly SmiGpu[]>): Meter {
  return {
    id: "nvidiaSmi",
    fallbackFor: "nvml",

    async find(host) {
      try {
        const gpus = await query();
        const devices = describeAll(gpus, host);
        const silent = gpus.filter((gpu) => power(gpu) === undefined);
        return {
          devices,
          unavailable: silent.map((gpu) => ({
            meter: "nvidiaSmi",
            reason: `nvidia-smi shows no power for ${gpu.name}.`,
            remedy: "Some laptop, virtual and early GPUs have no power sensor; a newer driver may show more.",
          })),
        };
      } catch (error) {
        return {
          devices: [],
          unavailable: [
            {
              meter: "nvidiaSmi",
              reason: `nvidia-smi gives no answer: ${(error as Error).message}.`,
              remedy: "It comes with NVIDIA's driver. Run `nvidia-smi` in a terminal: it should list the GPUs.",
            },
          ],
        };
      }
    },

    open: (devices, host) => new OpenSmi(devices, query, host.nowS ?? (() => performance.now() / 1000)),
  };
}

function power(gpu: SmiGpu): number | undefined {
  return gpu.powerW ?? gpu.powerInstantW;
}

function idOf(gpu: SmiGpu): string {
  return `nvidiaSmi:${gpu.uuid}`;
}

function describeAll(gpus: readonly SmiGpu[], { env }: Host): readonly Device[] {
  const { use, doubt } = selectGpus(env.CUDA_VISIBLE_DEVICES, gpus, env.CUDA_DEVICE_ORDER);
  return gpus.flatMap((gpu, index) => {
    if (power(gpu) === undefined) return [];
    return {
      id: idOf(gpu),
      kind: "gpu" as const,
      name: gpu.name,
      meter: "nvidiaSmi",
      source: "integrated" as const,
      counted: use[index] !== "none",
      updatePeriodS: periodS,
      scope: ["The whole board: GPU and its memory.", ...(doubt ? [doubt] : [])].join(" "),
      ...(gpu.powerLimitW === undefined ? {} : { powerLimitW: gpu.powerLimitW }),
      ...(gpu.powerLimitRangeW ? { powerLimitRangeW: [...gpu.powerLimitRangeW] as [number, number] } : {}),
    };
  });
}

class OpenSmi implements OpenMeter {
  private askedS = Number.NEGATIVE_INFINITY;
  private last: readonly Reading[] = [];

  constructor(
    private readonly devices: readonly Device[],
    private readonly query: () => Promise<readonly SmiGpu[]>,
    private readonly nowS: () => number,
  ) {}

  /** New readings once a second; in between the last ones still stand, as `updatePeriodS` says. */
  async read(): Promise<readonly Reading[]> {
    const nowS = this.nowS();
    if (nowS - this.askedS < periodS) return this.last;
    this.askedS = nowS;
    this.last = await this.ask();
    return this.last;
  }

  private async ask(): Promise<readonly Reading[]> {
    try {
      const byId = new Map((await this.query()).map((gpu) => [idOf(gpu), gpu]));
      return this.devices.map((device) => readingOf(byId.get(device.id)));
    } catch (error) {
      return this.devices.map(() => ({ failure: `nvidia-smi gives no answer: ${(error as Error).message}.` }));
    }
  }

  close(): void {}
}

function readingOf(gpu: SmiGpu | undefined): Reading {
  if (gpu === undefined) return { failure: "nvidia-smi does not list this GPU any more." };
  if (power(gpu) === undefined) return { failure: "nvidia-smi shows no power for this GPU." };
  const { uuid: _uuid, name: _name, slices: _slices, powerLimitW: _limit, powerLimitRangeW: _range, ...values } = gpu;
  return { ...values, powerW: power(gpu)! };
}
