/** A run folder read as it grows; reading a finished run is one poll of the same. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { malformedFile, WattlineError } from "../model/errors";
import { Growing } from "../model/grow";
import type { Manifest, RunState } from "../model/manifest";
import type { Run } from "../model/run";
import type { SampleColumns } from "../model/sample";
import type { Trace } from "../model/trace";
import { SampleDecoder, type StreamRows, sampleFields } from "./arrow";
import { GrowingFile } from "./files";
import { readLabels, readManifest, runState } from "./manifest";
import { TraceReader } from "./trace";

/** A day at 100 rows a second and a hundred bytes a row; what is larger was not written by a recorder. */
const samplesLimitBytes = 2e9;
const traceLimitBytes = 2e9;
/** A process a rank; no node has more. */
const traceFilesLimit = 1024;
const devicesLimit = 1024;

export class RunTail {
  private manifest: Manifest | undefined;
  private state: RunState = "running";
  private labels: Readonly<Record<string, string>> = {};
  private samplesFile: GrowingFile | undefined;
  private decoder = new SampleDecoder();
  private readonly traces = new Map<string, { file: GrowingFile; reader: TraceReader; broken: boolean }>();
  private readonly columns = new Map<string, GrowingColumns>();
  private readonly faults: string[] = [];
  private samplesBroken = false;
  private lastSampleS = 0;
  private shiftS = 0;

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
    const moreSamples = await this.pollSamples(this.manifest);
    const moreTraces = await this.pollTraces(this.manifest);
    const changed =
      moreSamples ||
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
    const lastKnownS = Math.max(this.lastSampleS, ...readers.map(({ lastTimeS }) => lastTimeS));
    return {
      path: this.path,
      manifest: this.manifest,
      state: this.state,
      labels: this.labels,
      durationS: this.manifest.end?.timeS ?? lastKnownS,
      samples: new Map([...this.columns].map(([id, columns]) => [id, columns.view()])),
      traces: readers.map((reader) => reader.trace()).filter((trace): trace is Trace => trace !== undefined),
      faults: this.faults,
    };
  }

  private async pollSamples(manifest: Manifest): Promise<boolean> {
    if (this.samplesBroken) return false;
    let changed = false;
    try {
      this.samplesFile ??= await this.openSamples(manifest);
      for (;;) {
        const bytes = await this.samplesFile.readNew();
        if (bytes.length === 0) return changed;
        for (const rows of this.decoder.feed(bytes)) {
          this.append(rows);
          changed = true;
        }
        if (this.decoder.damaged) throw new Error("it is no Arrow stream as Wattline writes it, or it is damaged");
      }
    } catch (error) {
      this.samplesBroken = true;
      this.faults.push(faultSentence(this.samplesFile?.path ?? this.path, error));
      return true;
    }
  }

  /** The run's own samples, or those of the run whose sampler serves it: their times count from that run's start. */
  private async openSamples(manifest: Manifest): Promise<GrowingFile> {
    const folder = manifest.samplesFrom ?? this.path;
    if (manifest.samplesFrom !== undefined) {
      const serving = await readManifest(folder);
      this.shiftS = serving.startedMonotonicS - manifest.startedMonotonicS;
    }
    return new GrowingFile(join(folder, "samples.arrow"), samplesLimitBytes);
  }

  private append(rows: StreamRows): void {
    for (let row = 0; row < rows.length; row++) {
      const device = rows.device[row]!;
      let columns = this.columns.get(device);
      if (columns === undefined) {
        if (this.columns.size >= devicesLimit) throw malformedFile(this.path, "its samples name too many devices");
        this.columns.set(device, (columns = new GrowingColumns()));
      }
      const timeS = rows.timeS[row]! + this.shiftS;
      if (!Number.isFinite(timeS)) continue;
      columns.push(timeS, rows.values, row);
      if (timeS > this.lastSampleS) this.lastSampleS = timeS;
    }
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

class GrowingColumns {
  private readonly timeS = new Growing(new Float64Array(256));
  private readonly values = sampleFields.map(() => new Growing(new Float64Array(256)));

  push(timeS: number, values: readonly Float64Array[], row: number): void {
    this.timeS.push(timeS);
    for (let column = 0; column < values.length; column++) this.values[column]!.push(values[column]![row]!);
  }

  view(): SampleColumns {
    const fields = Object.fromEntries(sampleFields.map((field, column) => [field, this.values[column]!.view()]));
    return { timeS: this.timeS.view(), ...fields } as unknown as SampleColumns;
  }
}
