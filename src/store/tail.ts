/** A run folder read as it grows; reading a finished run is one poll of the same. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { malformedFile, WattlineError } from "../model/errors";
import type { Manifest, RunState } from "../model/manifest";
import type { ProcessUseColumns } from "../model/processUse";
import type { Run } from "../model/run";
import type { SampleColumns } from "../model/sample";
import type { Trace } from "../model/trace";
import { processColumns, sampleColumns } from "./columns";
import { GrowingFile } from "./files";
import { readLabels, readManifest, runState } from "./manifest";
import { RowsTail } from "./rowsTail";
import { TraceReader } from "./trace";

const traceLimitBytes = 2e9;
/** A process a rank; no node has more. */
const traceFilesLimit = 1024;

export class RunTail {
  private manifest: Manifest | undefined;
  private state: RunState = "running";
  private labels: Readonly<Record<string, string>> = {};
  private readonly samples = new RowsTail(sampleColumns);
  private readonly processes = new RowsTail(processColumns);
  private readonly traces = new Map<string, { file: GrowingFile; reader: TraceReader; broken: boolean }>();
  private readonly faults: string[] = [];

  /** @param path the run folder */
  constructor(readonly path: string) {}

  /**
   * Reads what is new.
   * @throws WattlineError when the folder is no run or its manifest is malformed; other files that cannot be read
   *   become `faults` of the run
   */
  async poll(): Promise<{ manifest: Manifest; state: RunState; changed: boolean }> {
    const before = { state: this.state, manifest: JSON.stringify(this.manifest), labels: JSON.stringify(this.labels) };
    this.manifest = await readManifest(this.path);
    this.labels = await readLabels(this.path, this.manifest);
    // The state comes before the data: a run that was over then has all its data in the files now.
    this.state = await runState(this.manifest);
    const moreSamples = await this.pollRows(this.manifest, this.samples, "samples.arrow");
    const moreUse = await this.pollRows(this.manifest, this.processes, "processes.arrow");
    const moreTraces = await this.pollTraces(this.manifest);
    const changed =
      moreSamples ||
      moreUse ||
      moreTraces ||
      this.state !== before.state ||
      JSON.stringify(this.manifest) !== before.manifest ||
      JSON.stringify(this.labels) !== before.labels;
    return { manifest: this.manifest, state: this.state, changed };
  }

  /** The run so far. */
  get run(): Run {
    if (this.manifest === undefined) throw new Error("RunTail.run was asked for before the first poll.");
    const readers = [...this.traces.values()].map(({ reader }) => reader);
    // A process on another node (a folder that nodes share) has another clock.
    const { bootId } = this.manifest;
    const here = readers.filter((reader) => (reader.bootId ?? bootId) === (bootId ?? reader.bootId));
    const lastKnownS = Math.max(this.samples.lastS, ...here.map(({ lastTimeS }) => lastTimeS));
    return {
      path: this.path,
      manifest: this.manifest,
      state: this.state,
      labels: this.labels,
      durationS: this.manifest.end?.timeS ?? lastKnownS,
      samples: this.samples.view<SampleColumns>(),
      processes: this.processes.view<ProcessUseColumns>(),
      traces: readers.map((reader) => reader.trace()).filter((trace): trace is Trace => trace !== undefined),
      faults: this.faults,
    };
  }

  /** The run's own file, or that of the run whose sampler serves it: its times count from that run's start. */
  private async pollRows<Row>(manifest: Manifest, rows: RowsTail<Row>, name: string): Promise<boolean> {
    const { changed, fault } = await rows.poll(async () => {
      if (manifest.samplesFrom === undefined) return { path: join(this.path, name), shiftS: 0 };
      const serving = await readManifest(manifest.samplesFrom);
      const shiftS = serving.startedMonotonicS - manifest.startedMonotonicS;
      return { path: join(manifest.samplesFrom, name), shiftS };
    });
    if (fault !== undefined) this.faults.push(fault);
    return changed;
  }

  private async pollTraces(manifest: Manifest): Promise<boolean> {
    const folder = join(this.path, "trace");
    const names = await readdir(folder).catch(() => [] as string[]);
    for (const name of names.filter((one) => one.endsWith(".jsonl")).sort()) {
      if (this.traces.has(name) || this.traces.size >= traceFilesLimit) continue;
      const file = new GrowingFile(join(folder, name), traceLimitBytes);
      const reader = new TraceReader(file.path, manifest.startedMonotonicS);
      this.traces.set(name, { file, reader, broken: false });
    }
    let changed = false;
    for (const trace of this.traces.values()) if (!trace.broken && (await this.pollTrace(trace))) changed = true;
    return changed;
  }

  private async pollTrace(trace: { file: GrowingFile; reader: TraceReader; broken: boolean }): Promise<boolean> {
    let changed = false;
    try {
      for (;;) {
        const bytes = await trace.file.readNew();
        if (bytes.length === 0) return changed;
        trace.reader.feed(bytes);
        changed = true;
      }
    } catch (error) {
      trace.broken = true;
      this.faults.push(faultSentence(trace.file.path, error));
      return true;
    }
  }
}

function faultSentence(path: string, error: unknown): string {
  return error instanceof WattlineError ? error.message : malformedFile(path, (error as Error).message).message;
}
