/** GPUs of AMD and Intel: their power and energy in `/sys/class/hwmon`. */
import { join } from "node:path";
import { type Files, namesIn, textOf } from "../files";
import { energyChannel, type Finding, isNumber, numberIn, powerChannel } from "./channel";

const hwmonFolder = "/sys/class/hwmon";

export function findCards(files: Files): readonly Finding[] {
  return namesIn(files, hwmonFolder).flatMap((entry) => {
    const folder = join(hwmonFolder, entry);
    const driver = textOf(files, join(folder, "name"));
    if (driver === "amdgpu") return [findAmd(files, folder)];
    if (driver === "i915" || driver === "xe") return [findIntel(files, folder, driver)];
    return [];
  });
}

/** `0000:03:00.0`, which stays where the number of `hwmon3` may change with each start of the machine. */
function busAddress(files: Files, folder: string): string {
  try {
    return files.link(join(folder, "device")).split("/").pop() ?? folder;
  } catch {
    return folder.split("/").pop() ?? folder;
  }
}

function findAmd(files: Files, folder: string): Finding {
  const address = busAddress(files, folder);
  const power = ["power1_average", "power1_input"].find((name) => isNumber(files, join(folder, name)));
  const isApu = isAmdApu(files, folder);
  if (power === undefined) {
    return {
      unavailable: {
        meter: "hwmon",
        reason: `The AMD GPU ${address} shows no power (neither power1_average nor power1_input gives a number).`,
        remedy:
          "Use a newer kernel (6.6 or later shows power1_input). A card that sleeps shows nothing until a program uses it.",
      },
    };
  }
  const limitW = numberIn(files, join(folder, "power1_cap"), 1e-6);
  const lowW = numberIn(files, join(folder, "power1_cap_min"), 1e-6);
  const highW = numberIn(files, join(folder, "power1_cap_max"), 1e-6);
  return {
    device: {
      id: `hwmon:${address}`,
      kind: "gpu",
      name: `AMD GPU ${address}`,
      meter: "hwmon",
      source: "integrated",
      // What a processor with graphics shows here is its whole package, which RAPL counts too.
      counted: !isApu,
      scope: isApu ? "The whole processor with its graphics, so it is shown and not added." : "The GPU's board.",
      ...(limitW ? { powerLimitW: limitW } : {}),
      // The lowest limit may be 0, which means that there is none.
      ...(lowW && highW ? { powerLimitRangeW: [lowW, highW] as [number, number] } : {}),
    },
    open: (opened) =>
      powerChannel(opened, {
        powerW: [join(folder, power), 1e-6],
        temperatureC: [join(folder, "temp1_input"), 1e-3],
        smClockMhz: [join(folder, "freq1_input"), 1e-6],
        memoryClockMhz: [join(folder, "freq2_input"), 1e-6],
        utilization: [join(folder, "device", "gpu_busy_percent"), 0.01],
        memoryBytes: [join(folder, "device", "mem_info_vram_used"), 1],
      }),
  };
}

/**
 * Whether this is a processor with graphics: the driver's `gpu_metrics` table has format 2 or 3 for these and 1 for
 * cards (kernel kgd_pp_interface.h, gpu_metrics_v1_x, v2_x, v3_x: a 16-bit size, then the format).
 */
function isAmdApu(files: Files, folder: string): boolean {
  const header = Buffer.alloc(4);
  try {
    const descriptor = files.open(join(folder, "device", "gpu_metrics"));
    try {
      return files.read(descriptor, header) === 4 && (header[2] === 2 || header[2] === 3);
    } finally {
      files.close(descriptor);
    }
  } catch {
    return false;
  }
}

function findIntel(files: Files, folder: string, driver: string): Finding {
  const address = busAddress(files, folder);
  const energy = ["energy1_input", "energy2_input"].find((name) => isNumber(files, join(folder, name)));
  if (energy === undefined) {
    return {
      unavailable: {
        meter: "hwmon",
        reason: `The Intel GPU ${address} shows no energy (${driver} has no energy1_input here).`,
        remedy:
          "Use a newer kernel: i915 shows energy since 6.2. Graphics inside a processor are counted with it by RAPL.",
      },
    };
  }
  const limitW = numberIn(files, join(folder, "power1_max"), 1e-6);
  return {
    device: {
      id: `hwmon:${address}`,
      kind: "gpu",
      name: `Intel GPU ${address}`,
      meter: "hwmon",
      source: "measured",
      counted: true,
      scope: energy === "energy1_input" ? "The whole card." : "The GPU's package, without the rest of its card.",
      ...(limitW ? { powerLimitW: limitW } : {}),
    },
    open: (opened, nowS) => energyChannel(opened, join(folder, energy), nowS),
  };
}
