/**
 * Meters whose library may hang or crash, read in another process. A host that is silent past its deadline is killed, its
 * devices are lost from then on, and a fresh process tries again, later each time; all other meters lose nothing.
 */
import type { Device } from "../model/device";
import { log } from "../model/log";
import type { ProcessUseRow } from "../model/processUse";
import type { Sample } from "../model/sample";
import { HostedEnergy } from "./hostedEnergy";
import { HostProcess } from "./hostProcess";
import type { FromHost, HostState } from "./hostProtocol";
import { RingReader } from "./hostRing";
import type { PollSettings } from "./localGroup";
import { mergeSpans } from "./lossTracker";
import type { GroupEnd, MeterGroup } from "./meterGroup";
import { type Pace, type Task, timerPace } from "./pace";
import type { LostSpan } from "./samplerProtocol";

export interface HostedSettings extends PollSettings {
  readonly program: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly startedMonotonicS: number;
}

/** No sign of life for this long: the call hangs. A driver's slow call takes tens of milliseconds. */
const silentMs = 2_000;
/** What the process wrote is looked at so often. */
const drainPeriodMs = 500;
/** Where both processes stood still together, this one may wake first: one look does not condemn. */
const silentLooks = 2;
/**
 * All devices unreadable for this long: NVML does not find a GPU again that fell off the bus and was reset, unless it is
 * started anew; and `nvidia-smi --gpu-reset` wants nobody to hold it meanwhile.
 */
const failingS = 3;
/** Opening may wake a driver that has to be loaded: one to three seconds a GPU. */
const openDeadlineMs = 10_000;
const stopDeadlineMs = 1_000;
const firstBackOffMs = 1_000;
const longestBackOffMs = 30_000;
/** A process that lasted for so long was worth starting: the next one need not wait for longer. */
const goodForS = 30;

const noState: HostState = { cpuTimeS: 0, residentBytes: 0, polls: 0, lost: [], failingS: 0 };

export class HostedGroup implements MeterGroup {
  private host: HostProcess | undefined;
  private onSamples: (samples: readonly Sample[]) => void = () => {};
  private onProcesses: (rows: readonly ProcessUseRow[]) => void = () => {};
  private readonly pace: Pace;
  private readonly energy: HostedEnergy;
  /** Of the processes that are gone. */
  private readonly lost: LostSpan[] = [];
  private spent = { cpuTimeS: 0, polls: 0 };
  /** Of the one that lives. */
  private state = noState;
  private goodFromS: number | undefined;
  private lastGoodS = 0;
  private lostSince: { fromS: number; reason: string } | undefined;
  /** Of the process that lives, once its library is open. */
  private ring: RingReader | undefined;
  private draining: Task | undefined;
  private lastSignS = 0;
  private silentLooks = 0;
  private retry: NodeJS.Timeout | undefined;
  private backOffMs = firstBackOffMs;
  private stopped = false;

  constructor(
    private readonly meter: string,
    readonly devices: readonly Device[],
    private readonly settings: HostedSettings,
    /** The process that found the devices: it has the library open. */
    first: HostProcess,
  ) {
    this.host = first;
    this.energy = new HostedEnergy(devices.map(({ id }) => id));
    this.pace = settings.pace ?? timerPace;
  }

  start(
    onSamples: (samples: readonly Sample[]) => void,
    onProcesses: (rows: readonly ProcessUseRow[]) => void = () => {},
  ): void {
    this.onSamples = onSamples;
    this.onProcesses = onProcesses;
    this.draining = this.pace.every(drainPeriodMs, () => this.look());
    this.lastGoodS = this.settings.timeS();
    void this.open(this.host!);
  }

  async stop(): Promise<GroupEnd> {
    this.stopped = true;
    clearTimeout(this.retry);
    this.draining?.cancel();
    const answer = await this.host?.ask({ type: "stop" }, "stopped", stopDeadlineMs);
    this.drain();
    if (answer?.type === "stopped") {
      this.state = answer.state;
      this.onProcesses(answer.processes ?? []);
    } else if (this.host) this.lose(this.host.gone ?? hangReason);
    this.end(this.host);
    this.found(this.settings.timeS());
    return {
      polls: this.spent.polls + this.state.polls,
      ...(this.state.meanPollS !== undefined && { meanPollS: this.state.meanPollS }),
      lost: mergeSpans([...this.lost, ...this.state.lost]),
      cpuTimeS: this.spent.cpuTimeS + this.state.cpuTimeS,
      residentBytes: this.state.residentBytes,
    };
  }

  private async open(host: HostProcess): Promise<void> {
    const { rateHz, startedMonotonicS, bursts } = this.settings;
    host.listen((message) => this.receive(host, message));
    const answer = await host.ask(
      {
        type: "open",
        meter: this.meter,
        devices: this.devices,
        rateHz,
        startedMonotonicS,
        ...(bursts === false && { bursts }),
      },
      "opened",
      openDeadlineMs,
    );
    if (answer?.type !== "opened") this.giveUp(host, answer ? sentence(answer.message) : (host.gone ?? hangReason));
  }

  private receive(host: HostProcess, message: FromHost | undefined): void {
    if (host !== this.host) return;
    if (message === undefined) this.giveUp(host, host.gone!);
    else if (message.type === "opened") {
      this.energy.opened(message.countersJ ?? [], this.settings.timeS());
      this.ring = new RingReader(
        host.ring,
        this.devices.map(({ id }) => id),
      );
      this.sign();
    } else if (message.type === "alive") {
      this.sign();
      this.state = message.state;
      if (message.processes?.length) this.onProcesses(message.processes);
      if (message.state.failingS > failingS) this.giveUp(host, message.state.lost.at(-1)?.reason ?? "Nothing is read.");
    }
  }

  /** Takes what was read, and notices when nothing comes any more. */
  private look(): void {
    this.drain();
    const silentS = this.settings.timeS() - this.lastSignS;
    if (this.ring === undefined || this.host === undefined || silentS < silentMs / 1000) this.silentLooks = 0;
    else if (++this.silentLooks >= silentLooks) this.giveUp(this.host, hangReason);
  }

  private drain(): void {
    const drained = this.ring?.drain();
    if (drained?.firstPollS === undefined || drained.pollS === undefined) return;
    this.sign();
    this.found(drained.firstPollS);
    this.lastGoodS = drained.pollS;
    this.goodFromS ??= drained.pollS;
    if (drained.samples.length > 0) this.onSamples(drained.samples.map((sample) => this.energy.continued(sample)));
  }

  private sign(): void {
    this.lastSignS = this.settings.timeS();
    this.silentLooks = 0;
  }

  private end(host: HostProcess | undefined): void {
    this.ring = undefined;
    host?.kill();
    host?.closeRing();
  }

  private giveUp(host: HostProcess, reason: string): void {
    if (host !== this.host || this.stopped) return;
    this.drain();
    const nowS = this.settings.timeS();
    if (this.goodFromS !== undefined && nowS - this.goodFromS > goodForS) this.backOffMs = firstBackOffMs;
    log.warn(`${this.meter} is lost. ${reason} Trying again in ${this.backOffMs / 1000} s.`);
    this.lose(reason);
    this.host = undefined;
    this.end(host);
    this.goodFromS = undefined;
    this.lost.push(...this.state.lost);
    this.spent = {
      cpuTimeS: this.spent.cpuTimeS + this.state.cpuTimeS,
      polls: this.spent.polls + this.state.polls,
    };
    this.state = noState;
    this.retry = setTimeout(() => this.again(), this.backOffMs);
    this.backOffMs = Math.min(longestBackOffMs, this.backOffMs * 2);
  }

  private again(): void {
    const { program, env } = this.settings;
    try {
      this.host = new HostProcess(program, env, this.meter);
      void this.open(this.host);
    } catch (error) {
      log.warn(`${this.meter} is not tried again: ${(error as Error).message}`);
    }
  }

  private lose(reason: string): void {
    this.lostSince ??= { fromS: this.lastGoodS, reason };
  }

  /** @param toS when it was read again */
  private found(toS: number): void {
    if (this.lostSince === undefined) return;
    const { fromS, reason } = this.lostSince;
    this.lostSince = undefined;
    for (const { id } of this.devices) this.lost.push({ device: id, fromS, toS, reason });
  }
}

const hangReason = `A call into the driver did not return within ${silentMs / 1000} s.`;

function sentence(message: string): string {
  return message.endsWith(".") ? message : `${message.charAt(0).toUpperCase()}${message.slice(1)}.`;
}
