/** Reads `trace/rank-<r>-<pid>.jsonl` (see model/trace.ts) as it grows. */
import * as v from "valibot";
import { malformedFile, unknownSchema } from "../model/errors";
import { Growing } from "../model/grow";
import { type PhaseName, phases } from "../model/phase";
import {
  type Trace,
  type TraceAggregate,
  type TracedLoop,
  type TraceHeader,
  traceHeaderSchema,
  traceSchemaName,
} from "../model/trace";
import { firstFault } from "./files";
import { DeviceSpanRows, LayerRows } from "./traceLayers";
import { RankRows } from "./traceRanks";
import { isAmount, isIndex, isNumber, isText } from "./traceRows";

/** A row is under 100 bytes; a line of this length is no row of ours. */
const lineLimitBytes = 64 * 1024;
/** Indices are stored in a byte (phases) and in two (loops, paths). */
const phaseLimit = 255;
const tableLimit = 65_535;
const loopKinds = ["training", "evaluation", "inference"] as const;

export class TraceReader {
  private header: TraceHeader | undefined;
  private pending = "";
  private readonly text = new TextDecoder();
  private readonly loops: TracedLoop[] = [];
  private readonly phaseNames: PhaseName[] = [...phases];
  private readonly paths: string[] = [];
  /** The file of the spans that come. */
  private currentPath = 0;
  private readonly counters: { name: string; timeS: number; value: number }[] = [];
  private readonly aggregates: TraceAggregate[] = [];
  private readonly layerRows = new LayerRows();
  private readonly deviceSpans = new DeviceSpanRows();
  private readonly notes: { code: string; message: string }[] = [];
  private readonly ranks = new RankRows();
  private overhead: Trace["overhead"];
  private firstCost: { calls: number; seconds: number } | undefined;
  private endS: number | undefined;
  private lastS = 0;
  /** Rows that were not understood: skipped and counted, so that a later version's rows do no harm. */
  skipped = 0;

  private readonly spans = {
    phase: new Growing(new Uint8Array(1024)),
    iteration: new Growing(new Int32Array(1024)),
    startS: new Growing(new Float64Array(1024)),
    durationS: new Growing(new Float64Array(1024)),
    line: new Growing(new Int32Array(1024)),
    path: new Growing(new Uint16Array(1024)),
  };
  private readonly iterations = {
    loop: new Growing(new Uint16Array(256)),
    iteration: new Growing(new Int32Array(256)),
    startS: new Growing(new Float64Array(256)),
    durationS: new Growing(new Float64Array(256)),
    sampled: new Growing(new Uint8Array(256)),
  };
  private anySampled = false;

  /**
   * @param path for messages
   * @param startedMonotonicS the run's start; times are handed out relative to it
   */
  constructor(
    private readonly path: string,
    private readonly startedMonotonicS: number,
  ) {}

  /** @throws WattlineError when the header is not one of ours */
  feed(bytes: Uint8Array): void {
    const text = this.pending + this.text.decode(bytes, { stream: true });
    let from = 0;
    for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n", from)) {
      this.line(text.slice(from, end));
      from = end + 1;
    }
    this.pending = text.slice(from);
    if (this.pending.length > lineLimitBytes) throw malformedFile(this.path, "a line of it has no end");
  }

  /** What was read so far; undefined before the header came. */
  trace(): Trace | undefined {
    if (this.header === undefined) return undefined;
    const { spans, iterations } = this;
    const { layers, measures: layerMeasures } = this.layerRows;
    const deviceSpans = this.deviceSpans.view();
    const { devices } = this.deviceSpans;
    return {
      header: this.header,
      loops: this.loops,
      phaseNames: this.phaseNames,
      paths: this.paths,
      spans: {
        phase: spans.phase.view(),
        iteration: spans.iteration.view(),
        startS: spans.startS.view(),
        durationS: spans.durationS.view(),
        line: spans.line.view(),
        path: spans.path.view(),
      },
      iterations: {
        loop: iterations.loop.view(),
        iteration: iterations.iteration.view(),
        startS: iterations.startS.view(),
        durationS: iterations.durationS.view(),
        ...(this.anySampled && { sampled: iterations.sampled.view() }),
      },
      ...(layers.length > 0 && { layers, layerMeasures }),
      ...(deviceSpans && { deviceSpans }),
      ...(devices.length > 0 && { devices }),
      counters: this.counters,
      aggregates: this.aggregates,
      notes: this.notes,
      ...this.ranks.view(),
      ...(this.overhead && { overhead: this.overhead }),
      ...(this.endS !== undefined && { endS: this.endS }),
    };
  }

  /** Of the machine that it was written on; undefined where that is not known. */
  get bootId(): string | undefined {
    return this.header?.bootId;
  }

  /** The latest moment that the trace speaks of, seconds since the run's start. */
  get lastTimeS(): number {
    return this.lastS;
  }

  private line(text: string): void {
    if (text.length > lineLimitBytes) {
      this.skipped++;
      return;
    }
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      if (this.header === undefined) throw malformedFile(this.path, "its first line is not JSON");
      this.skipped++;
      return;
    }
    if (this.header === undefined) this.header = this.readHeader(value);
    else if (!Array.isArray(value) || !this.row(value)) this.skipped++;
  }

  private readHeader(value: unknown): TraceHeader {
    const schema = (value as { schema?: unknown } | null)?.schema;
    if (typeof schema === "string" && schema !== traceSchemaName)
      throw unknownSchema(this.path, schema, traceSchemaName);
    const result = v.safeParse(traceHeaderSchema, value);
    if (!result.success) throw malformedFile(this.path, `its header is not as expected (${firstFault(result.issues)})`);
    return result.output;
  }

  /** @returns false where the row is none of ours */
  private row(row: readonly unknown[]): boolean {
    switch (row[0]) {
      case "s":
        return this.span(row);
      case "i":
        return this.iteration(row);
      case "l":
        return this.loop(row);
      case "p":
        return this.file(row[1]);
      case "c":
        if (!isText(row[1]) || !isNumber(row[2]) || !isNumber(row[3])) return false;
        return this.counters.push({ name: row[1], timeS: this.time(row[2]), value: row[3] }) > 0;
      case "a":
        return this.aggregate(row);
      case "m":
        return this.layerRows.layer(row);
      case "y":
        return this.layerRows.measure(row);
      case "u":
        return this.deviceSpans.device(row);
      case "d":
        return this.deviceSpans.add(row, this.currentPath, this.phaseCode, this.time);
      case "n":
        return isText(row[1]) && isText(row[2]) && this.notes.push({ code: row[1], message: row[2] }) > 0;
      case "x":
        return this.ranks.collective(row, (timeS) => this.time(timeS));
      case "g":
        return this.ranks.operation(row, (timeS) => this.time(timeS));
      case "o":
        if (!isNumber(row[1]) || !isNumber(row[2])) return false;
        return this.cost(row[1], row[2]);
      case "e":
        if (!isNumber(row[1])) return false;
        this.endS = this.time(row[1]);
        return true;
      default:
        return false;
    }
  }

  private span([, phase, iteration, start, duration, line]: readonly unknown[]): boolean {
    if (!isText(phase) || !isIndex(iteration, -1) || !isNumber(start) || !isAmount(duration)) return false;
    const code = this.phaseCode(phase);
    if (code === undefined) return false;
    const { spans } = this;
    spans.phase.push(code);
    spans.iteration.push(iteration);
    spans.startS.push(this.time(start + duration) - duration);
    spans.durationS.push(duration);
    spans.line.push(isIndex(line, 0) ? line : 0);
    spans.path.push(this.currentPath);
    return true;
  }

  /** A file by its path, or by the number under which it came before. */
  private file(value: unknown): boolean {
    if (isIndex(value, 0)) {
      if (value >= this.paths.length) return false;
      this.currentPath = value;
      return true;
    }
    if (!isText(value) || this.paths.length >= tableLimit) return false;
    this.currentPath = this.paths.push(value) - 1;
    return true;
  }

  private iteration([, loop, iteration, start, duration, sampled]: readonly unknown[]): boolean {
    if (!isIndex(loop, 0) || loop > tableLimit || !isIndex(iteration, 0)) return false;
    if (!isNumber(start) || !isAmount(duration)) return false;
    const { iterations } = this;
    iterations.loop.push(loop);
    iterations.iteration.push(iteration);
    iterations.startS.push(this.time(start + duration) - duration);
    iterations.durationS.push(duration);
    iterations.sampled.push(sampled === 1 ? 1 : 0);
    this.anySampled ||= sampled === 1;
    return true;
  }

  private loop([, id, path, line, endLine, kind, parent]: readonly unknown[]): boolean {
    if (!isIndex(id, 0) || !isText(path) || !isIndex(line, 1) || !isIndex(endLine, line)) return false;
    const known = loopKinds.find((name) => name === kind);
    if (known === undefined || this.loops.length >= tableLimit) return false;
    this.loops.push({ id, path, line, endLine, kind: known, ...(isIndex(parent, 0) && { parent }) });
    return true;
  }

  private aggregate([, loop, firstIteration, count, start, duration, seconds]: readonly unknown[]): boolean {
    if (!isIndex(loop, 0) || !isIndex(firstIteration, 0) || !isIndex(count, 1)) return false;
    if (!isNumber(start) || !isAmount(duration) || typeof seconds !== "object" || seconds === null) return false;
    const phaseSeconds: Record<string, number> = Object.create(null);
    for (const [name, value] of Object.entries(seconds)) if (isAmount(value)) phaseSeconds[name] = value;
    const startS = this.time(start + duration) - duration;
    this.aggregates.push({ loop, firstIteration, count, startS, durationS: duration, phaseSeconds });
    return true;
  }

  /** The first row holds the tracer's start too: what came after it tells what a call costs. */
  private cost(calls: number, seconds: number): boolean {
    this.firstCost ??= { calls, seconds };
    const more = calls - this.firstCost.calls;
    const secondsACall = more > 0 ? Math.max(0, (seconds - this.firstCost.seconds) / more) : undefined;
    this.overhead = { calls, seconds, ...(secondsACall !== undefined && { secondsACall }) };
    return true;
  }

  private readonly phaseCode = (name: string): number | undefined => {
    const found = this.phaseNames.indexOf(name);
    if (found >= 0) return found;
    if (this.phaseNames.length >= phaseLimit) return undefined;
    return this.phaseNames.push(name) - 1;
  };

  private readonly time = (monotonicS: number): number => {
    const timeS = monotonicS - this.startedMonotonicS;
    if (timeS > this.lastS) this.lastS = timeS;
    return timeS;
  };
}
