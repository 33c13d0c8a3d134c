/**
 * The program of a process that reads one vendor's library. The library may hang or crash in any call; then this process
 * does, and nobody else. Whoever started it watches its signs of life and starts another.
 */
import { meters } from "../meters";
import type { Host } from "../meters/meter";
import { monotonicS } from "./clock";
import { endWithParent } from "./endWithParent";
import type { FromHost, HostState, ToHost } from "./hostProtocol";
import { LocalGroup } from "./localGroup";

/** Several times within the deadline after which a silent host is given up. */
const signPeriodMs = 500;

export class MeterHost {
  private group: LocalGroup | undefined;
  private signs: NodeJS.Timeout | undefined;
  private signedPolls = -1;

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
    this.group = new LocalGroup(devices, opened, { rateHz, timeS, ...(bursts === false && { bursts }) });
    const countersJ = opened.counterAtOpenJ?.().map((joules) => joules ?? null);
    this.tell({ type: "opened", ...(countersJ && { countersJ }) });
    this.group.start((samples) => this.tell({ type: "samples", samples }));
    this.signs = setInterval(() => this.sign(), signPeriodMs);
  }

  /** A call that hangs lets no timer come here; an answer that is owed since the last time is no sign of life either. */
  private sign(): void {
    const { polls, isWaiting } = this.group!;
    if (isWaiting && polls === this.signedPolls) return;
    this.signedPolls = polls;
    this.tell({ type: "alive", state: this.state() });
  }

  private async stop(): Promise<void> {
    clearInterval(this.signs);
    await this.group?.stop();
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
