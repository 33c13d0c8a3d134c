/**
 * One cumulative energy over several processes that read the same devices one after another, each from 0. Between two of
 * them the hardware went on counting: where its own counter is known, what was used meanwhile is added; where it was set
 * back, that is lost, not invented.
 */
import type { Sample } from "../model/sample";

interface Counted {
  /** Joules of the run at the newest sample, and where the process that lives had its 0. */
  lastJ: number;
  baseJ: number;
  /** The device's own counter at that 0. */
  counterJ: number | undefined;
  lastS: number;
}

/** More than any device: a counter that rose by more shows something else than energy used in the gap. */
const highestPowerW = 10_000;

export class HostedEnergy {
  private readonly counted = new Map<string, Counted>();
  private processes = 0;

  constructor(private readonly deviceIds: readonly string[]) {}

  /** A process begins: its energies are 0 where the devices' counters show these joules. @param timeS now */
  opened(countersJ: readonly (number | null)[], timeS: number): void {
    this.processes++;
    this.deviceIds.forEach((id, index) => {
      const counterJ = countersJ[index] ?? undefined;
      const before = this.counted.get(id);
      const lastJ = before === undefined ? 0 : before.lastJ + gapJ(before, counterJ, timeS);
      this.counted.set(id, { lastJ, baseJ: lastJ, counterJ, lastS: timeS });
    });
  }

  /** The sample with the run's energy in place of its process's. */
  continued(sample: Sample): Sample {
    const counted = this.counted.get(sample.deviceId);
    if (counted === undefined || sample.energyJ === undefined) return sample;
    counted.lastJ = counted.baseJ + sample.energyJ;
    counted.lastS = sample.timeS;
    if (this.processes === 1) return sample;
    // Power over time has a hole where nobody looked: beside a counter that has none it would be a false witness.
    const { energyIntegratedJ: _hole, ...rest } = sample;
    return { ...rest, energyJ: counted.lastJ };
  }
}

function gapJ(before: Counted, counterJ: number | undefined, timeS: number): number {
  if (counterJ === undefined || before.counterJ === undefined) return 0;
  const usedJ = counterJ - (before.counterJ + before.lastJ - before.baseJ);
  return usedJ > 0 && usedJ <= highestPowerW * (timeS - before.lastS + 1) ? usedJ : 0;
}
