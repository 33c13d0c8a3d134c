/**
 * The program of a process that reads one vendor's library. The library may hang or crash in any call; then this process
 * does, and nobody else. Whoever started it watches its signs of life and starts another.
 */
import { meters } from "../meters";
import type { Host } from "../meters/meter";
import type { Sample } from "../model/sample";
import { monotonicS } from "./clock";
import { endWithParent } from "./endWithParent";
import type { FromHost, HostState, ToHost } from "./hostProtocol";
import { LocalGroup } from "./localGroup";

/** Several times within the deadline after which a silent host is given up. */
const signPeriodMs = 500;
/** Where samples are signs of life, what it cost is told this often. */
const statePeriodS = 2;
/**
 * Each message wakes the sampler, which costs more than the poll (0.3 ms of CPU time, both sides, on two busy cores). So
 * samples go at once where the last ones went this long ago, and else together with the next: what a crash in the next
 * call can take with it is younger than this.
 */
const gatherS = 0.1;

export class MeterHost {
  private group: LocalGroup | undefined;
  private signs: NodeJS.Timeout | undefined;
  private signedPolls = -1;
  private gathered: Sample[] = [];
  private sentS = Number.NEGATIVE_INFINITY;
  private statedS = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly host: Host,
    private readonly tell: (message: FromHost) => void,
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
    const timeS = () => monotonicS() - startedMonotonicS;
    // What waits is sent before the library is called again.
    const read = () => {
      this.send();
      return opened.read();
    };
    this.group = new LocalGroup(
      devices,
      { read, close: () => opened.close() },
      { rateHz, timeS, ...(bursts === false && { bursts }) },
    );
    const countersJ = opened.counterAtOpenJ?.().map((joules) => joules ?? null);
    this.tell({ type: "opened", ...(countersJ && { countersJ }) });
    this.group.start((samples) => {
      for (const sample of samples) this.gathered.push(sample);
      this.send();
    });
    this.signs = setInterval(() => this.sign(), signPeriodMs);
  }

  /** A call that hangs lets no timer come here; an answer that is owed since the last time is no sign of life either. */
  private sign(): void {
    const { polls, isWaiting, failingS } = this.group!;
    if (isWaiting && polls === this.signedPolls) return;
    this.signedPolls = polls;
    this.send(0);
    const nowS = monotonicS();
    const isKnownToLive = nowS - this.sentS < signPeriodMs / 1000 && nowS - this.statedS < statePeriodS;
    if (isKnownToLive && failingS === 0) return;
    this.statedS = nowS;
    this.tell({ type: "alive", state: this.state() });
  }

  /** Sends what was gathered, unless something was sent less than so many seconds ago. */
  private send(afterS = gatherS): void {
    if (this.gathered.length === 0) return;
    const nowS = monotonicS();
    if (nowS - this.sentS < afterS) return;
    this.sentS = nowS;
    const samples = this.gathered;
    this.gathered = [];
    this.tell({ type: "samples", samples });
  }

  private async stop(): Promise<void> {
    clearInterval(this.signs);
    await this.group?.stop();
    this.send(0);
    this.tell({ type: "stopped", state: this.state() });
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
