/**
 * Meters whose library may hang or crash, read in another process. A host that is silent past its deadline is killed, its
 * devices are lost from then on, and a fresh process tries again, later each time; all other meters lose nothing.
 */
import type { Device } from "../model/device";
import { log } from "../model/log";
import type { Sample } from "../model/sample";
import { HostProcess } from "./hostProcess";
import type { FromHost, HostCost } from "./hostProtocol";
import type { PollSettings } from "./localGroup";
import type { GroupEnd, MeterGroup } from "./meterGroup";
import type { LostSpan } from "./samplerProtocol";

export interface HostedSettings extends PollSettings {
  readonly program: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly startedMonotonicS: number;
}

/** No sign of life for this long: the call hangs. A driver's slow call takes tens of milliseconds. */
const silentMs = 2_000;
/** Opening may wake a driver that has to be loaded: one to three seconds a GPU. */
const openDeadlineMs = 10_000;
const stopDeadlineMs = 1_000;
const firstBackOffMs = 1_000;
const longestBackOffMs = 30_000;

const noCost: HostCost = { cpuTimeS: 0, residentBytes: 0, polls: 0 };

export class HostedGroup implements MeterGroup {
  private host: HostProcess | undefined;
  private onSamples: (samples: readonly Sample[]) => void = () => {};
  private readonly lost: LostSpan[] = [];
  /** Where a device's energy stood when its process was lost: the next one counts from there. */
  private readonly energyJ = new Map<string, { last: number; base: number }>();
  private lostSince: { fromS: number; reason: string } | undefined;
  private lastSignS = 0;
  private watchdog: NodeJS.Timeout | undefined;
  private retry: NodeJS.Timeout | undefined;
  private backOffMs = firstBackOffMs;
  /** Of the processes that are gone, and of the one that lives. */
  private spent: HostCost = noCost;
  private cost: HostCost = noCost;
  private stopped = false;

  constructor(
    private readonly meter: string,
    readonly devices: readonly Device[],
    private readonly settings: HostedSettings,
    /** The process that found the devices: it has the library open. */
    first: HostProcess,
  ) {
    this.host = first;
  }

  start(onSamples: (samples: readonly Sample[]) => void): void {
    this.onSamples = onSamples;
    this.lastSignS = this.settings.timeS();
    void this.open(this.host!);
  }

  async stop(): Promise<GroupEnd> {
    this.stopped = true;
    clearTimeout(this.retry);
    clearTimeout(this.watchdog);
    const answer = await this.host?.ask({ type: "stop" }, "stopped", stopDeadlineMs);
    if (answer?.type === "stopped") {
      this.lost.push(...answer.lost);
      this.cost = answer.cost;
    } else if (this.lostSince === undefined && this.host) this.loseSince(this.hangReason());
    this.host?.kill();
    this.found();
    return {
      polls: this.spent.polls + this.cost.polls,
      lost: this.lost,
      cpuTimeS: this.spent.cpuTimeS + this.cost.cpuTimeS,
      residentBytes: this.cost.residentBytes,
    };
  }

  private async open(host: HostProcess): Promise<void> {
    const { rateHz, startedMonotonicS, bursts } = this.settings;
    host.listen((message) => this.receive(host, message));
    const { meter, devices } = this;
    const question = {
      type: "open",
      meter,
      devices,
      rateHz,
      startedMonotonicS,
      ...(bursts === false && { bursts }),
    } as const;
    const answer = await host.ask(question, "opened", openDeadlineMs);
    if (this.stopped || host !== this.host) return;
    if (answer?.type === "opened") this.watch(host);
    else this.giveUp(host, answer?.type === "failed" ? answer.message : (host.gone ?? this.hangReason()));
  }

  private receive(host: HostProcess, message: FromHost | undefined): void {
    if (host !== this.host) return;
    if (message === undefined) {
      if (!this.stopped) this.giveUp(host, `The process that reads it is gone: ${host.gone}.`);
      return;
    }
    if (message.type !== "samples") return;
    this.cost = message.cost;
    this.lastSignS = this.settings.timeS();
    if (!this.stopped) this.watch(host);
    this.found();
    this.backOffMs = firstBackOffMs;
    if (message.samples.length > 0) this.onSamples(message.samples.map((sample) => this.continued(sample)));
  }

  /** A fresh process counts from zero; the run's energy goes on from where it stood. */
  private continued(sample: Sample): Sample {
    if (sample.energyJ === undefined) return sample;
    let counted = this.energyJ.get(sample.deviceId);
    if (counted === undefined) this.energyJ.set(sample.deviceId, (counted = { last: 0, base: 0 }));
    counted.last = counted.base + sample.energyJ;
    if (counted.base === 0) return sample;
    const { energyIntegratedJ, ...rest } = sample;
    return { ...rest, energyJ: counted.last };
  }

  private watch(host: HostProcess): void {
    clearTimeout(this.watchdog);
    this.watchdog = setTimeout(() => this.giveUp(host, this.hangReason()), silentMs);
  }

  private hangReason(): string {
    return `A call into the driver did not return within ${silentMs / 1000} s.`;
  }

  private giveUp(host: HostProcess, reason: string): void {
    if (host !== this.host || this.stopped) return;
    log.warn(`${this.meter} is lost: ${reason} Trying again in ${this.backOffMs / 1000} s.`);
    this.loseSince(reason);
    clearTimeout(this.watchdog);
    this.host = undefined;
    host.kill();
    this.spent = {
      ...this.spent,
      cpuTimeS: this.spent.cpuTimeS + this.cost.cpuTimeS,
      polls: this.spent.polls + this.cost.polls,
    };
    this.cost = noCost;
    for (const counted of this.energyJ.values()) counted.base = counted.last;
    this.retry = setTimeout(() => this.again(), this.backOffMs);
    this.backOffMs = Math.min(longestBackOffMs, this.backOffMs * 2);
  }

  private again(): void {
    const { program, env } = this.settings;
    this.host = new HostProcess(program, env, this.meter);
    void this.open(this.host);
  }

  private loseSince(reason: string): void {
    this.lostSince ??= { fromS: this.lastSignS, reason };
  }

  private found(): void {
    if (this.lostSince === undefined) return;
    const { fromS, reason } = this.lostSince;
    this.lostSince = undefined;
    const toS = this.settings.timeS();
    for (const { id } of this.devices) this.lost.push({ device: id, fromS, toS, reason });
  }
}
