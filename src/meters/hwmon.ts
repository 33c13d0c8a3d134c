/**
 * hwmon and power_supply: GPUs of AMD and Intel, and a laptop's battery, from files of Linux's sysfs.
 *
 * amdgpu shows a power in microwatts, `power1_average` or (since 6.6, where the chip has only that) `power1_input`, and
 * no energy: it is integrated. i915 (since 6.2) and xe show energy in microjoules: `energy1_input` is the card,
 * `energy2_input` (xe) the package in it; the driver undoes the wraps of its 32-bit register. A battery shows what the
 * whole laptop draws while it runs on battery; it contains all else and is never counted. Source: kernel
 * Documentation/gpu/amdgpu/thermal.rst, ABI/testing/sysfs-driver-intel-i915-hwmon, sysfs-class-power.
 */
import { type Files, systemFiles } from "./files";
import { findBatteries } from "./hwmon/battery";
import { findCards } from "./hwmon/cards";
import type { Channel, Finding } from "./hwmon/channel";
import type { Meter, OpenMeter, Reading } from "./meter";

export const hwmon: Meter = {
  id: "hwmon",

  async find(host) {
    if (host.platform !== "linux") return { devices: [], unavailable: [] };
    const found = findAll(host.files ?? systemFiles);
    return {
      devices: found.flatMap(({ device }) => (device ? [device] : [])),
      unavailable: found.flatMap(({ unavailable }) => (unavailable ? [unavailable] : [])),
    };
  },

  /** Where the files lie is looked up once, here; each is read anew at each call. */
  open(devices, host) {
    const files = host.files ?? systemFiles;
    const nowS = host.nowS ?? (() => performance.now() / 1000);
    const found = new Map(findAll(files).map((each) => [each.device?.id, each]));
    return new OpenHwmon(devices.map((device) => found.get(device.id)?.open?.(files, nowS)));
  },
};

function findAll(files: Files): readonly Finding[] {
  return [...findCards(files), ...findBatteries(files)];
}

class OpenHwmon implements OpenMeter {
  constructor(private readonly channels: readonly (Channel | undefined)[]) {}

  read(): readonly Reading[] {
    return this.channels.map((channel) => channel?.read() ?? gone);
  }

  close(): void {
    for (const channel of this.channels) channel?.close();
  }
}

const gone: Reading = { failure: "This device is not there any more." };
