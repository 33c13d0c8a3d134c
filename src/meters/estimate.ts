/**
 * Estimate: what a CPU draws, guessed from how busy it is, for machines without a meter. Always marked as a guess.
 *
 * Power = logical CPUs x (0.74 W + load x (3.5 W - 0.74 W)): the linear model and the averages that Cloud Carbon
 * Footprint publishes for a server whose processor is not known (cloudcarbonfootprint.org/docs/methodology, "Compute",
 * AWS), made of SPECpower_ssj2008 results: power of whole servers at the wall at idle and at full load, for each
 * hardware thread. So a share of memory, fans and power supply is in it.
 *
 * The stated error is the root mean square deviation of the 20 processor families of that project (ccf-coefficients
 * output/coefficients-aws-use.csv at b0032d9, from 1.1 to 6.3 W a thread at half load) from this average.
 */
import { cpuName } from "./cpuName";
import { systemFiles } from "./files";
import type { Meter, Reading } from "./meter";
import { type LoadProbe, loadProbe } from "./systemInformation";

export const idleWattsPerCpu = 0.74;
export const fullWattsPerCpu = 3.5;
const gainError = 0.69;
const periodS = 0.5;

export const estimate: Meter = estimateFrom(() => loadProbe(periodS));

/** The meter over a load that comes from `probe`. */
export function estimateFrom(probe: () => LoadProbe): Meter {
  return {
    id: "estimate",

    async find(host) {
      return {
        devices: [
          {
            id: "estimate:cpu",
            kind: "cpu",
            name: cpuName(host.files ?? systemFiles) ?? "CPU",
            meter: "estimate",
            source: "estimated",
            counted: true,
            updatePeriodS: periodS,
            averagingWindowS: periodS,
            scope: "all logical CPUs, with a share of memory, fans and power supply",
            gainError,
            model:
              `logical CPUs × (${idleWattsPerCpu} W + load × ${(fullWattsPerCpu - idleWattsPerCpu).toFixed(2)} W): averages of ` +
              "Cloud Carbon Footprint, from SPECpower results of whole servers " +
              "(cloudcarbonfootprint.org/docs/methodology)",
          },
        ],
        unavailable: [],
      };
    },

    /** A power, being the mean over the half second before it; nothing is known for the first fifth of a second. */
    async open(devices) {
      const source = probe();
      // The package needs half a second for its first answer; nobody's command waits for a guess.
      void source.load().catch(() => {});
      return {
        async read() {
          const reading = await readOnce(source);
          return devices.map(() => reading);
        },
        close() {},
      };
    },
  };
}

async function readOnce(source: LoadProbe): Promise<Reading> {
  try {
    const load = await source.load();
    return load ? { powerW: estimatedPowerW(load.share, load.logicalCpus), utilization: load.share } : {};
  } catch (error) {
    return { failure: `The load of the CPUs could not be read: ${(error as Error).message}.` };
  }
}

/** @param share mean load of the logical CPUs, 0..1 */
export function estimatedPowerW(share: number, logicalCpus: number): number {
  return logicalCpus * (idleWattsPerCpu + share * (fullWattsPerCpu - idleWattsPerCpu));
}
