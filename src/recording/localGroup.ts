/** Meters that are read in this process: files and system calls, or a vendor's library in its host. */
import type { OpenMeter, Reading } from "../meters/meter";
import type { Device } from "../model/device";
import type { Sample } from "../model/sample";
import { ChangeTracker } from "./changeTracker";
import { LossTracker } from "./lossTracker";
import type { GroupEnd, MeterGroup } from "./meterGroup";
import { type Pace, type Task, timerPace } from "./pace";
import type { LostSpan } from "./samplerProtocol";
import { nextPollS } from "./schedule";

export interface PollSettings {
  readonly rateHz: number;
  /** Seconds since the run's start. */
  readonly timeS: () => number;
  /** False: always at `rateHz`, for a display and not for attribution. */
  readonly bursts?: boolean;
  /** Default: Node's timers. */
  readonly pace?: Pace;
}

/** A poll that fails on every device this often in a row is not repeated at full rate: nobody gains by it. */
const failuresBeforeSlow = 20;
const slowPollS = 1;
/** A poll a rounding error before its time would be followed by another at once. */
const notBeforeMs = 0.01;
/** A meter that lets the end of the run wait for longer is left behind. */
const lastPollMs = 200;

export class LocalGroup implements MeterGroup {
  private readonly trackers: readonly ChangeTracker[];
  private readonly losses = new LossTracker();
  /** Each device's update period, as `nextPollS` wants it; filled anew before each use. */
  private readonly periodsS: (number | undefined)[];
  private readonly pace: Pace;
  private next: Task | undefined;
  /** A poll that waits for its meter's answer. */
  private waiting: Promise<void> | undefined;
  private onSamples: (samples: readonly Sample[]) => void = () => {};
  private failures = 0;
  private failingFromS: number | undefined;
  private stopped = false;
  private ended = false;
  polls = 0;
  private pollingS = 0;

  constructor(
    readonly devices: readonly Device[],
    private readonly open: OpenMeter,
    private readonly settings: PollSettings,
  ) {
    this.trackers = devices.map((device) => new ChangeTracker(device, settings.rateHz));
    this.periodsS = devices.map(() => undefined);
    this.pace = settings.pace ?? timerPace;
  }

  start(onSamples: (samples: readonly Sample[]) => void): void {
    this.onSamples = onSamples;
    const waiting = this.tick();
    // The pace must know of it: asleep it would let the answer's steps through Node's loop only twice a second.
    if (waiting !== undefined) this.pace.after(0, () => waiting);
  }

  /** Whether the meter owes an answer at this moment. */
  get isWaiting(): boolean {
    return this.waiting !== undefined;
  }

  /** Seconds that one poll of all devices took, on average; undefined where there was none. */
  get meanPollS(): number | undefined {
    return this.polls === 0 ? undefined : this.pollingS / this.polls;
  }

  /** For how many seconds no device could be read; 0 while one can. */
  get failingS(): number {
    return this.failingFromS === undefined ? 0 : this.settings.timeS() - this.failingFromS;
  }

  /** The spans in which a device could not be read, until now. */
  get lost(): LostSpan[] {
    return this.losses.until(this.settings.timeS());
  }

  async stop(): Promise<GroupEnd> {
    this.stopped = true;
    this.next?.cancel();
    await atMost(lastPollMs, this.waiting);
    // The last reading closes the run: whatever it is, it is kept.
    if (this.waiting === undefined) await atMost(lastPollMs, this.poll(true));
    this.ended = true;
    const timeS = this.settings.timeS();
    if (this.waiting !== undefined) {
      for (const { id } of this.devices) this.losses.poll(id, timeS, "The meter did not answer any more.");
    }
    await this.open.close();
    const { polls, meanPollS } = this;
    return {
      polls,
      ...(meanPollS !== undefined && { meanPollS }),
      lost: this.losses.until(timeS),
      cpuTimeS: 0,
      residentBytes: 0,
    };
  }

  private readonly tick = (): void | Promise<void> => {
    const waiting = this.poll(false);
    if (waiting === undefined) this.schedule();
    else return waiting.then(() => this.schedule());
  };

  private schedule(): void {
    if (this.stopped) return;
    const waitMs = (this.duePollS() - this.settings.timeS()) * 1000;
    this.next = this.pace.after(Math.max(0, waitMs + notBeforeMs), this.tick);
  }

  private duePollS(): number {
    const { rateHz, bursts, timeS } = this.settings;
    const nowS = timeS();
    if (this.failures > failuresBeforeSlow) return nowS + slowPollS;
    if (bursts === false) return nowS + 1 / rateHz;
    for (let index = 0; index < this.trackers.length; index++) {
      this.periodsS[index] = this.trackers[index]!.updatePeriodS;
    }
    return nextPollS(nowS, rateHz, this.periodsS);
  }

  /** One reading of all devices. @returns undefined where it is done already: most meters answer at once */
  private poll(last: boolean): Promise<void> | undefined {
    const beforeS = this.settings.timeS();
    let readings: ReturnType<OpenMeter["read"]>;
    try {
      readings = this.open.read();
    } catch (error) {
      readings = this.failed(error);
    }
    if (!("then" in readings)) {
      this.take(beforeS, readings, last);
      return undefined;
    }
    this.waiting = readings
      .catch((error) => this.failed(error))
      .then((answer) => {
        this.waiting = undefined;
        if (!this.ended) this.take(beforeS, answer, last);
      });
    return this.waiting;
  }

  private take(beforeS: number, readings: readonly Reading[], last: boolean): void {
    const afterS = this.settings.timeS();
    this.polls++;
    this.pollingS += afterS - beforeS;
    let samples: Sample[] | undefined;
    let failed = 0;
    for (let index = 0; index < this.devices.length; index++) {
      const reading = readings[index] ?? noReading;
      if (reading.failure !== undefined) failed++;
      this.losses.poll(this.devices[index]!.id, afterS, reading.failure);
      const sample = this.trackers[index]!.poll(beforeS, afterS, reading, last);
      if (sample === undefined) continue;
      if (samples === undefined) samples = [sample];
      else samples.push(sample);
    }
    const allFailed = failed > 0 && failed === this.devices.length;
    this.failures = allFailed ? this.failures + 1 : 0;
    this.failingFromS = allFailed ? (this.failingFromS ?? afterS) : undefined;
    if (samples !== undefined) this.onSamples(samples);
  }

  /** A meter promises not to throw; one that does has failed like one that says so. */
  private failed(error: unknown): readonly Reading[] {
    return this.devices.map(() => ({ failure: `Reading failed: ${(error as Error).message}.` }));
  }
}

const noReading: Reading = { failure: "The meter gave no reading." };

function atMost(milliseconds: number, work: Promise<void> | undefined): Promise<void> | undefined {
  return work && Promise.race([work, new Promise<void>((resolve) => setTimeout(resolve, milliseconds))]);
}
