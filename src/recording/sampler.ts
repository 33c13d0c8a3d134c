/**
 * The sampler's program: finds the devices, polls them, appends their samples to the run folder, until it is told to
 * stop or its recorder is gone.
 */
import type { Host } from "../meters/meter";
import { log } from "../model/log";
import { monotonicS } from "./clock";
import { type Discovered, discover } from "./discover";
import type { MeterGroup } from "./meterGroup";
import type { FromSampler, LostSpan, SamplerConfig } from "./samplerProtocol";
import { SamplesFile } from "./samplesFile";

/** What is lost at most when this process is killed. */
const flushPeriodMs = 500;

export class Sampler {
  private found: Discovered | undefined;
  private groups: readonly MeterGroup[] = [];
  private file: SamplesFile | undefined;
  private flushing: NodeJS.Timeout | undefined;
  private ended: Promise<Extract<FromSampler, { type: "ended" }>> | undefined;

  /** @param program sampler.js itself, to be started again for vendor libraries */
  constructor(private readonly program: string) {}

  /** Finds what can be read and begins to read it. */
  async start(config: SamplerConfig, host: Host): Promise<FromSampler> {
    try {
      const found = await discover(host, this.program);
      this.found = found;
      const { devices, unavailable } = found;
      const { rateHz, startedMonotonicS } = config;
      const timeS = () => monotonicS() - startedMonotonicS;
      this.groups = await found.open({ rateHz, startedMonotonicS, timeS });
      const file = await SamplesFile.create(
        config.runPath,
        devices.map(({ id }) => id),
      );
      this.file = file;
      for (const group of this.groups) group.start((samples) => file.add(samples));
      this.flushing = setInterval(() => this.flush(), flushPeriodMs);
      return { type: "ready", devices, unavailable };
    } catch (error) {
      return { type: "failed", message: `Nothing is measured: ${(error as Error).message}.` };
    }
  }

  /** Takes the last readings and closes the file; called again it answers the same. */
  stop(): Promise<Extract<FromSampler, { type: "ended" }>> {
    this.ended ??= this.end();
    return this.ended;
  }

  private async end(): Promise<Extract<FromSampler, { type: "ended" }>> {
    clearInterval(this.flushing);
    const ends = await Promise.all(this.groups.map((group) => group.stop()));
    this.found?.close();
    await this.file?.close().catch((error: Error) => log.error(`The samples could not be closed: ${error.message}.`));
    const sum = (pick: (end: (typeof ends)[number]) => number) => ends.reduce((total, end) => total + pick(end), 0);
    const { userCPUTime, systemCPUTime } = process.resourceUsage();
    return {
      type: "ended",
      self: {
        cpuTimeS: (userCPUTime + systemCPUTime) / 1e6 + sum(({ cpuTimeS }) => cpuTimeS),
        residentBytes: process.memoryUsage.rss() + sum(({ residentBytes }) => residentBytes),
        polls: sum(({ polls }) => polls),
      },
      lost: ends.flatMap(({ lost }): readonly LostSpan[] => lost),
    };
  }

  private flush(): void {
    this.file?.flush().catch((error: Error) => {
      // A full disk: what was written stays readable; saying it twice a second helps nobody.
      clearInterval(this.flushing);
      log.error(`Samples cannot be written any more: ${error.message}.`);
    });
  }
}
