/** Whether there is anything to measure with, and whether it said anything when it was asked. */
import { plural } from "../../model/format";
import type { Check } from "../doctor";
import type { MetersAnswer, Observed } from "../probe";

/** Counter and power over the same seconds of an idle device differ by less on every GPU that others measured. */
const disagreement = 0.2;

export function checkReadings({ devices, unavailable }: MetersAnswer, { samples, ends }: Observed): Check[] {
  const silent = devices.filter(({ id }) => (samples.get(id) ?? []).length === 0);
  return [
    energy(),
    ...silent.map(({ id, name }): Check => {
      const reason = ends.get(id)?.lost.find(({ device }) => device === id)?.reason;
      return {
        id: `reading:${id}`,
        state: "warning",
        message: `${name} was found, but gave no new reading in two seconds.${reason ? ` ${reason}` : ""}`,
        remedy: "Try again while the device works. If it still says nothing, please report it with the text below.",
      };
    }),
    ...devices.flatMap(({ id, name }) => disagree(id, name)),
  ];

  function energy(): Check {
    const counted = devices.filter((device) => device.counted && !silent.includes(device));
    const real = counted.filter(({ source }) => source !== "estimated");
    if (real.length > 0) {
      const guessed = counted.length > real.length ? " The CPU is estimated from its load." : "";
      return {
        id: "energy",
        state: "ok",
        message: `${plural(real.length, "device")} can be measured.${guessed}`,
      };
    }
    const remedy = unavailable.length > 0 ? { remedy: "See above what cannot be read, and what helps." } : {};
    return counted.length > 0
      ? { id: "energy", state: "warning", message: "Nothing is measured: energy is a guess from the load.", ...remedy }
      : { id: "energy", state: "failed", message: "No energy can be told on this machine.", ...remedy };
  }

  function disagree(id: string, name: string): Check[] {
    const both = (samples.get(id) ?? []).filter(({ energyIntegratedJ }) => energyIntegratedJ !== undefined);
    const [first, last] = [both[0], both.at(-1)];
    if (!first || !last) return [];
    const countedJ = last.energyJ! - first.energyJ!;
    const integratedJ = last.energyIntegratedJ! - first.energyIntegratedJ!;
    if (!(countedJ > 0) || Math.abs(integratedJ / countedJ - 1) < disagreement) return [];
    return [
      {
        id: `agreement:${id}`,
        state: "warning",
        message: `${name}: its energy counter and its power over time differ by ${Math.round(Math.abs(integratedJ / countedJ - 1) * 100)} %.`,
        remedy:
          "Try again while nothing uses the device: a power averaged over a second lags behind. If they still differ, do not trust absolute joules of this device; comparisons on it hold.",
      },
    ];
  }
}
