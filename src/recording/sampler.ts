/**
 * The sampler's program: finds the devices, polls them, appends their samples to the run folder, until it is told to
 * stop or its recorder is gone.
 */
import type { Host } from "../meters/meter";
import { log } from "../model/log";
import type { ProcessUseRow } from "../model/processUse";
import type { Sample } from "../model/sample";
import { processColumns, sampleColumns } from "../store/columns";
import { monotonicS } from "./clock";
import { type Discovered, discover } from "./discover";
import { Election, isUsed } from "./election";
import type { HostProcess } from "./hostProcess";
import type { GroupEnd, MeterGroup } from "./meterGroup";
import { type Pace, type SleepingPace, type Task, timerPace } from "./pace";
import { flushPeriodMs, RowsFile } from "./rowsFile";
import type { FromSampler, LostSpan, SamplerConfig, SamplerCost } from "./samplerProtocol";

/** How soon a sampler that only serves other runs sees that the last of them has ended. */
const usersPeriodMs = 1_000;
/** Polls go on for the other runs: the one after the end of this run comes within this time. */
const lastReadingMs = 150;

type Ended = Extract<FromSampler, { type: "ended" }>;

export class Sampler {
  private found: Discovered | undefined;
  private groups: readonly MeterGroup[] = [];
  private file: RowsFile<Sample> | undefined;
  /** Begins with the first row: most machines have nothing to share. */
  private processes: Promise<RowsFile<ProcessUseRow> | undefined> | undefined;
  private flushing: Task | undefined;
  private pace: SleepingPace | undefined;
  private lingering = false;
  private ended: Promise<Ended> | undefined;
  private config: SamplerConfig | undefined;
  private election: Election | undefined;

  /**
   * @param program sampler.js itself, beside which the program for vendor libraries lies
   * @param early a process of that program, started already
   * @param makePace how this process waits; default: with Node's timers
   */
  constructor(
    private readonly program: string,
    private readonly early?: HostProcess,
    private readonly makePace: () => Promise<SleepingPace | undefined> = async () => undefined,
  ) {}

  /** Finds what can be read and begins to read it. */
  async start(config: SamplerConfig, host: Host): Promise<FromSampler> {
    try {
      this.config = config;
      this.election = await Election.at(host.env);
      const [found, sleeping] = await Promise.all([discover(host, this.program, this.early), this.makePace()]);
      this.pace = sleeping;
      const pace: Pace = sleeping ?? timerPace;
      this.found = found;
      const { devices, unavailable } = found;
      const { rateHz, startedMonotonicS } = config;
      const timeS = () => monotonicS() - startedMonotonicS;
      this.groups = await found.open({ rateHz, startedMonotonicS, timeS, pace });
      const ids = devices.map(({ id }) => id);
      const file = await RowsFile.create({ folder: config.runPath, name: "samples.arrow" }, sampleColumns, ids);
      this.file = file;
      for (const group of this.groups) {
        group.start(
          (samples) => file.add(samples),
          (rows) => void this.note(rows, ids),
        );
      }
      this.flushing = pace.every(flushPeriodMs, () => this.flush());
      return { type: "ready", devices, unavailable };
    } catch (error) {
      return { type: "failed", message: `Nothing is measured: ${(error as Error).message}.` };
    }
  }

  private async note(rows: readonly ProcessUseRow[], ids: readonly string[]): Promise<void> {
    if (rows.length === 0) return;
    const folder = this.config!.runPath;
    this.processes ??= RowsFile.create({ folder, name: "processes.arrow" }, processColumns, ids).catch(
      (error: Error) => {
        log.warn(`Who used the GPUs is not written: ${error.message}.`);
        return undefined;
      },
    );
    const file = await this.processes;
    file?.add(rows);
    await file?.flush().catch(() => {});
  }

  /** Everything of the run is in its file when this answers; called again it answers the same. */
  stop(): Promise<Ended> {
    this.ended ??= this.end();
    return this.ended;
  }

  /** Other runs may still read these samples: sampling goes on for them, and ends with the last of them. */
  async drained(): Promise<void> {
    while (this.lingering && this.config && (await isUsed(this.config.runPath))) {
      await new Promise((resolve) => setTimeout(resolve, usersPeriodMs));
    }
    if (this.lingering) await this.close();
  }

  private async end(): Promise<Ended> {
    this.pace?.stayAwake();
    // The order is what makes it safe: see election.ts.
    await this.election?.resign(process.pid);
    if (this.config === undefined || !(await isUsed(this.config.runPath))) return this.close();
    this.lingering = true;
    await new Promise((resolve) => setTimeout(resolve, lastReadingMs));
    await this.file?.flush();
    return { type: "ended", self: this.cost([]), lost: [] };
  }

  private async close(): Promise<Ended> {
    this.flushing?.cancel();
    const ends = await Promise.all(this.groups.map((group) => group.stop()));
    this.found?.close();
    await (await this.processes)?.close().catch(() => {});
    await this.file?.close().catch((error: Error) => log.error(`The samples could not be closed: ${error.message}.`));
    return { type: "ended", self: this.cost(ends), lost: ends.flatMap(({ lost }): readonly LostSpan[] => lost) };
  }

  private cost(ends: readonly GroupEnd[]): SamplerCost {
    const sum = (pick: (end: GroupEnd) => number) => ends.reduce((total, end) => total + pick(end), 0);
    const { userCPUTime, systemCPUTime } = process.resourceUsage();
    return {
      cpuTimeS: (userCPUTime + systemCPUTime) / 1e6 + sum(({ cpuTimeS }) => cpuTimeS),
      residentBytes: process.memoryUsage.rss() + sum(({ residentBytes }) => residentBytes),
      polls: sum(({ polls }) => polls),
    };
  }

  private flush(): void {
    this.file?.flush().catch((error: Error) => {
      // A full disk: what was written stays readable; saying it twice a second helps nobody.
      this.flushing?.cancel();
      log.error(`Samples cannot be written any more: ${error.message}.`);
    });
  }
}
