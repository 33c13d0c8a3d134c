/** A laptop's battery as a meter of all of it, from `/sys/class/power_supply`. */
import { join } from "node:path";
import { type Files, namesIn, textOf } from "../files";
import type { Channel, Finding } from "./channel";

const supplyFolder = "/sys/class/power_supply";

export function findBatteries(files: Files): readonly Finding[] {
  return namesIn(files, supplyFolder).flatMap((entry): readonly Finding[] => {
    const folder = join(supplyFolder, entry);
    if (textOf(files, join(folder, "type")) !== "Battery") return [];
    // A mouse has a battery too; only the machine's own has the scope "System", or none.
    if (textOf(files, join(folder, "scope")) === "Device") return [];
    if (powerOfBattery(files, folder) === undefined) return [];
    if (textOf(files, join(folder, "status")) !== "Discharging") {
      return [
        {
          unavailable: {
            meter: "hwmon",
            reason: `The battery ${entry} tells the laptop's power only while the laptop runs on it.`,
            remedy: "Unplug the charger for the run; the battery is then shown as a meter of the whole laptop.",
          },
        },
      ];
    }
    return [
      {
        device: {
          id: `hwmon:${entry}`,
          kind: "battery",
          name: `Battery ${entry}`,
          meter: "hwmon",
          source: "integrated",
          counted: false,
          scope: "The whole laptop, while it runs on battery.",
        },
        open: (opened: Files) => batteryChannel(opened, folder),
      },
    ];
  });
}

/** Watts out of `power_now`, or of current times voltage; some drivers give a sign. */
function powerOfBattery(files: Files, folder: string): number | undefined {
  const signed = (name: string) => {
    const text = textOf(files, join(folder, name));
    return text !== undefined && /^-?\d{1,12}$/.test(text) ? Math.abs(Number(text)) * 1e-6 : undefined;
  };
  const power = signed("power_now");
  if (power !== undefined) return power;
  const current = signed("current_now");
  const voltage = signed("voltage_now");
  return current !== undefined && voltage !== undefined ? current * voltage : undefined;
}

function batteryChannel(files: Files, folder: string): Channel {
  return {
    read() {
      if (textOf(files, join(folder, "status")) !== "Discharging") {
        return { failure: "The laptop does not run on battery now." };
      }
      const powerW = powerOfBattery(files, folder);
      return powerW === undefined ? { failure: `${folder} gives no power.` } : { powerW };
    },
    close() {},
  };
}
