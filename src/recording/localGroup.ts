/** Meters that are files and system calls: polled in this process. */
import type { OpenMeter, Reading } from "../meters/meter";
import type { Device } from "../model/device";
import type { Sample } from "../model/sample";
import { ChangeTracker } from "./changeTracker";
import { LossTracker } from "./lossTracker";
import type { GroupEnd, MeterGroup } from "./meterGroup";
import { nextPollS } from "./schedule";

export interface PollSettings {
  readonly rateHz: number;
  /** Seconds since the run's start. */
  readonly timeS: () => number;
  /** False: always at `rateHz`, for a display and not for attribution. */
  readonly bursts?: boolean;
}

/** A poll that fails on every device this often in a row is not repeated at full rate: nobody gains by it. */
const failuresBeforeSlow = 20;
const slowPollS = 1;
const lastPollMs = 200;

export class LocalGroup implements MeterGroup {
  private readonly trackers: readonly ChangeTracker[];
  private readonly losses = new LossTracker();
  private timer: NodeJS.Timeout | undefined;
  private polling: Promise<void> | undefined;
  private onSamples: (samples: readonly Sample[]) => void = () => {};
  polls = 0;
  private failures = 0;
  private stopped = false;

  constructor(
    readonly devices: readonly Device[],
    private readonly open: OpenMeter,
    private readonly settings: PollSettings,
  ) {
    this.trackers = devices.map((device) => new ChangeTracker(device, settings.rateHz));
  }

  start(onSamples: (samples: readonly Sample[]) => void): void {
    this.onSamples = onSamples;
    void this.tick();
  }

  async stop(): Promise<GroupEnd> {
    this.stopped = true;
    clearTimeout(this.timer);
    await this.polling;
    // The last reading closes the run: whatever it is, it is kept. A meter that lets it wait is left behind.
    await Promise.race([this.poll(true), new Promise((resolve) => setTimeout(resolve, lastPollMs))]);
    await this.open.close();
    return { polls: this.polls, lost: this.losses.end(this.settings.timeS()), cpuTimeS: 0, residentBytes: 0 };
  }

  private async tick(): Promise<void> {
    this.polling = this.poll(false);
    await this.polling;
    if (this.stopped) return;
    const waitMs = (this.duePollS() - this.settings.timeS()) * 1000;
    this.timer = setTimeout(() => void this.tick(), Math.max(0, waitMs));
  }

  private duePollS(): number {
    const { rateHz, bursts, timeS } = this.settings;
    const nowS = timeS();
    if (this.failures > failuresBeforeSlow) return nowS + slowPollS;
    if (bursts === false) return nowS + 1 / rateHz;
    return nextPollS(
      nowS,
      rateHz,
      this.trackers.map(({ updatePeriodS }) => updatePeriodS),
    );
  }

  private async poll(last: boolean): Promise<void> {
    const beforeS = this.settings.timeS();
    const readings = await this.read();
    const afterS = this.settings.timeS();
    this.polls++;
    const samples: Sample[] = [];
    let failed = 0;
    for (let index = 0; index < this.devices.length; index++) {
      const reading = readings[index] ?? { failure: "The meter gave no reading." };
      if (reading.failure !== undefined) failed++;
      this.losses.poll(this.devices[index]!.id, afterS, reading.failure);
      const sample = this.trackers[index]!.poll(beforeS, afterS, reading, last);
      if (sample !== undefined) samples.push(sample);
    }
    this.failures = failed === this.devices.length ? this.failures + 1 : 0;
    if (samples.length > 0) this.onSamples(samples);
  }

  /** A meter promises not to throw; one that does has failed like one that says so. */
  private async read(): Promise<readonly Reading[]> {
    try {
      const readings = this.open.read();
      return "then" in readings ? await readings : readings;
    } catch (error) {
      return this.devices.map(() => ({ failure: `Reading failed: ${(error as Error).message}.` }));
    }
  }
}
