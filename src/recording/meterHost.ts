/**
 * The program of a process that reads one vendor's library. The library may hang or crash in any call; then this process
 * does, and nobody else. Whoever started it watches its signs of life and starts another.
 */
import { meters } from "../meters";
import type { Host } from "../meters/meter";
import type { Sample } from "../model/sample";
import { monotonicS } from "./clock";
import type { FromHost, HostCost, ToHost } from "./hostProtocol";
import { LocalGroup } from "./localGroup";

/** Several times within the deadline after which a silent host is given up. */
const reportPeriodMs = 200;

export class MeterHost {
  private group: LocalGroup | undefined;
  private pending: Sample[] = [];
  private reporting: NodeJS.Timeout | undefined;
  private reportedPolls = -1;

  constructor(
    private readonly host: Host,
    private readonly tell: (message: FromHost) => void,
  ) {}

  async handle(message: ToHost): Promise<void> {
    try {
      if (message.type === "find") this.tell({ type: "found", found: await meterOf(message.meter).find(this.host) });
      else if (message.type === "open") await this.open(message);
      else await this.stop();
    } catch (error) {
      this.tell({ type: "failed", message: (error as Error).message });
    }
  }

  private async open(message: Extract<ToHost, { type: "open" }>): Promise<void> {
    const { devices, rateHz, startedMonotonicS, bursts } = message;
    const opened = await meterOf(message.meter).open(devices, this.host);
    const timeS = () => monotonicS() - startedMonotonicS;
    this.group = new LocalGroup(devices, opened, { rateHz, timeS, ...(bursts === false && { bursts }) });
    this.group.start((samples) => this.pending.push(...samples));
    this.reporting = setInterval(() => this.report(), reportPeriodMs);
    this.tell({ type: "opened" });
  }

  /** A poll that has not come back since the last report is no sign of life. */
  private report(): void {
    const { polls } = this.group!;
    if (polls === this.reportedPolls && this.pending.length === 0) return;
    this.reportedPolls = polls;
    const samples = this.pending;
    this.pending = [];
    this.tell({ type: "samples", samples, cost: this.cost() });
  }

  private async stop(): Promise<void> {
    clearInterval(this.reporting);
    const end = await this.group?.stop();
    if (this.group) this.tell({ type: "samples", samples: this.pending, cost: this.cost() });
    this.tell({ type: "stopped", lost: end?.lost ?? [], cost: this.cost() });
  }

  private cost(): HostCost {
    const { userCPUTime, systemCPUTime } = process.resourceUsage();
    return {
      cpuTimeS: (userCPUTime + systemCPUTime) / 1e6,
      residentBytes: process.memoryUsage.rss(),
      polls: this.group?.polls ?? 0,
    };
  }
}

function meterOf(id: string) {
  const meter = meters.find((one) => one.id === id);
  if (meter === undefined) throw new Error(`There is no meter ${id}.`);
  return meter;
}
