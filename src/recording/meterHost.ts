/**
 * The program of a process that reads one vendor's library. The library may hang or crash in any call; then this process
 * does, and nobody else. Whoever started it watches its signs of life and starts another.
 */
import { meters } from "../meters";
import type { Host, OpenMeter } from "../meters/meter";
import type { Device } from "../model/device";
import type { ProcessUseRow } from "../model/processUse";
import type { Sample } from "../model/sample";
import { monotonicS } from "./clock";
import { endWithParent } from "./endWithParent";
import type { FromHost, HostState, ToHost } from "./hostProtocol";
import { RingWriter } from "./hostRing";
import { LocalGroup } from "./localGroup";
import { type Pace, timerPace } from "./pace";

/** Several times within the deadline after which a silent host is given up. */
const signPeriodMs = 500;
/** What it cost, and who used the devices, is told this often. The driver has samples of processes for longer. */
const statePeriodS = 2;

export class MeterHost {
  private group: LocalGroup | undefined;
  private opened: OpenMeter | undefined;
  private devices: readonly Device[] = [];
  private ring: RingWriter | undefined;
  private timeS: () => number = monotonicS;
  private signedPolls = 0;
  private writtenS = Number.NEGATIVE_INFINITY;
  private statedS = Number.NEGATIVE_INFINITY;

  /** @param ringDescriptor where samples are written */
  constructor(
    private readonly host: Host,
    private readonly ringDescriptor: number,
    private readonly tell: (message: FromHost) => void,
    private readonly pace: Pace = timerPace,
    private readonly beforeStop: () => void = () => {},
  ) {}

  async handle(message: ToHost): Promise<void> {
    try {
      if (message.type === "find") {
        await endWithParent();
        this.tell({ type: "found", found: await meterOf(message.meter).find(this.host) });
      } else if (message.type === "open") await this.open(message);
      else await this.stop();
    } catch (error) {
      this.tell({ type: "failed", message: (error as Error).message });
    }
  }

  private async open(message: Extract<ToHost, { type: "open" }>): Promise<void> {
    const { devices, rateHz, startedMonotonicS, bursts } = message;
    await endWithParent();
    const opened = await meterOf(message.meter).open(devices, this.host);
    this.opened = opened;
    this.devices = devices;
    this.timeS = () => monotonicS() - startedMonotonicS;
    this.ring = new RingWriter(
      this.ringDescriptor,
      devices.map(({ id }) => id),
    );
    const { timeS, pace } = this;
    this.group = new LocalGroup(devices, opened, { rateHz, timeS, pace, ...(bursts === false && { bursts }) });
    const countersJ = opened.counterAtOpenJ?.().map((joules) => joules ?? null);
    this.tell({ type: "opened", ...(countersJ && { countersJ }) });
    // The first reading of processes only tells the driver from when on.
    opened.processes?.();
    this.statedS = this.timeS();
    this.group.start((samples) => this.write(samples));
    pace.every(signPeriodMs, () => this.sign());
  }

  private write(samples: readonly Sample[]): void {
    this.writtenS = this.timeS();
    this.ring!.write(samples, this.writtenS);
  }

  /** A call that hangs lets nobody come here; an answer that is owed since the last time is no sign of life either. */
  private sign(): void {
    const { polls, isWaiting, failingS } = this.group!;
    if (isWaiting && polls === this.signedPolls) return;
    const isGood = failingS === 0 && polls > 0;
    const nowS = this.timeS();
    if (isGood && nowS - this.writtenS > signPeriodMs / 2000) this.write([]);
    this.signedPolls = polls;
    if (isGood && nowS - this.statedS < statePeriodS) return;
    this.statedS = nowS;
    void this.processes().then((processes) => this.tell({ type: "alive", state: this.state(), processes }));
  }

  private async stop(): Promise<void> {
    this.beforeStop();
    const processes = await this.processes();
    await this.group?.stop();
    this.tell({ type: "stopped", state: this.state(), processes });
  }

  private async processes(): Promise<ProcessUseRow[]> {
    const uses = (await this.opened?.processes?.()) ?? [];
    const timeS = this.timeS();
    return uses.map(({ device, ...use }) => ({ deviceId: this.devices[device]!.id, timeS, ...use }));
  }

  private state(): HostState {
    const { userCPUTime, systemCPUTime } = process.resourceUsage();
    return {
      cpuTimeS: (userCPUTime + systemCPUTime) / 1e6,
      residentBytes: process.memoryUsage.rss(),
      polls: this.group?.polls ?? 0,
      ...(this.group?.meanPollS !== undefined && { meanPollS: this.group.meanPollS }),
      lost: this.group?.lost ?? [],
      failingS: this.group?.failingS ?? 0,
    };
  }
}

function meterOf(id: string) {
  const meter = meters.find((one) => one.id === id);
  if (meter === undefined) throw new Error(`There is no meter ${id}.`);
  return meter;
}
