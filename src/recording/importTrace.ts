/** A run folder from traces of the PyTorch profiler: one file a rank. */
import { rm, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { type ImportedTrace, importedTrace, KinetoEvents } from "../analysis/kineto";
import type { Device } from "../model/device";
import { malformedFile, WattlineError } from "../model/errors";
import { type Manifest, runSchemaName } from "../model/manifest";
import { type TraceHeader, traceSchemaName } from "../model/trace";
import { readChromeTrace } from "../store/chromeTrace";
import { writeManifest } from "../store/manifest";
import { createRunFolder, runsRoot } from "../store/runFolder";
import { writeLines } from "../store/writeLines";

export interface ImportSettings {
  readonly paths: readonly string[];
  readonly cwd: string;
  /** This folder instead of a new one in `.wattline/runs` of `cwd`. */
  readonly out?: string;
  readonly version: string;
}

export interface Imported {
  readonly runPath: string;
  readonly ranks: number;
  readonly iterations: number;
  readonly layers: number;
  /** Spans, iterations and collectives together. */
  readonly spans: number;
  /** Events of the traces that were not understood or say nothing that Wattline shows. */
  readonly skipped: number;
}

/** What of a trace's outer object is used. */
interface Header {
  rank?: number;
  worldSize?: number;
  /** Of the trace's microseconds: Unix time of 0. */
  baseUs?: number;
  host?: string;
  gpus: string[];
}

interface Rank {
  readonly path: string;
  readonly header: Header;
  readonly events: KinetoEvents;
}

/** Younger than the wall clocks of machines that make traces, in microseconds: the year 2000. */
const oldestUs = 946_684_800e6;

/**
 * Reads the traces one after the other; only one is held at a time.
 * @throws WattlineError naming the file and the place where one cannot be read: nothing is left behind then
 */
export async function importTraces(settings: ImportSettings): Promise<Imported> {
  const { paths, cwd, out, version } = settings;
  const startedAt = new Date();
  const argv = paths.map((path) => path.slice(0, 4096));
  const first: Manifest = {
    schema: runSchemaName,
    id: "",
    argv,
    cwd,
    labels: { name: `imported: ${paths.map((path) => basename(path)).join(", ")}`.slice(0, 200) },
    host: { name: "", os: "" },
    recorder: { pid: process.pid, version, node: process.version },
    startedAt: startedAt.toISOString(),
    startedMonotonicS: 0,
    devices: [],
    unavailable: [],
    settings: { rateHz: 0, trace: true },
  };
  const where = out !== undefined ? { out } : { root: runsRoot(cwd), startedAt, argv: [basename(paths[0]!)] };
  const runPath = await createRunFolder(where, (id) => ({ ...first, id }));
  try {
    const manifest = { ...first, id: basename(runPath) };
    return await fill(runPath, manifest, paths);
  } catch (error) {
    await rm(runPath, { recursive: true, force: true });
    throw error;
  }
}

async function fill(runPath: string, first: Manifest, paths: readonly string[]): Promise<Imported> {
  let originUs: number | undefined;
  let baseUs = 0;
  let header: Header | undefined;
  const ranks = new Set<number>();
  const sum = { iterations: 0, layers: 0, spans: 0, skipped: 0 };
  let [startS, endS] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const [number, path] of paths.entries()) {
    const one = await readRank(path);
    header ??= one.header;
    // Ranks of one job share their base; where they do not, their difference is what their clocks say.
    if (originUs === undefined) {
      baseUs = one.header.baseUs ?? 0;
      originUs = firstUs(one.events);
    }
    const trace = importedTrace(one.events, originUs - ((one.header.baseUs ?? 0) - baseUs), path);
    const rank = one.header.rank ?? (paths.length > 1 ? number : -1);
    if (ranks.has(rank))
      throw new WattlineError(`${path} is of rank ${rank}, and so is a trace before it: give one trace a rank.`);
    ranks.add(rank);
    await writeTrace(runPath, traceHeader(one, rank, paths.length, trace.startS), trace);
    sum.iterations = Math.max(sum.iterations, trace.counts.iterations);
    sum.layers = Math.max(sum.layers, trace.counts.layers);
    sum.spans += trace.counts.spans;
    sum.skipped += one.events.skipped;
    startS = Math.min(startS, trace.startS);
    endS = Math.max(endS, trace.endS);
  }
  const startUs = baseUs + originUs! + startS * 1e6;
  const wall = startUs > oldestUs ? new Date(startUs / 1000) : (await stat(paths[0]!)).mtime;
  await writeManifest(runPath, {
    ...first,
    host: { name: header?.host ?? "", os: "" },
    startedAt: wall.toISOString(),
    startedMonotonicS: startS,
    devices: (header?.gpus ?? []).map(gpu),
    end: {
      at: new Date(wall.getTime() + (endS - startS) * 1000).toISOString(),
      timeS: endS - startS,
      self: { cpuTimeS: 0, residentBytes: 0, polls: 0 },
      lost: [],
    },
  });
  return { runPath, ranks: ranks.size, ...sum };
}

/** A device that the trace names: its peak can be looked up; nothing of its energy is known. */
function gpu(name: string, index: number): Device {
  const scope = "named by an imported trace; nothing of it was measured";
  return { id: `trace:gpu:${index}`, kind: "gpu", name, meter: "none", source: "estimated", counted: false, scope };
}

async function readRank(path: string): Promise<Rank> {
  const header: Header = { gpus: [] };
  const events = new KinetoEvents();
  await readChromeTrace(path, {
    event: (value) => events.add(value),
    field: (name, value) => takeField(header, name, value),
  });
  if (events.count === 0) {
    throw malformedFile(
      path,
      "it has no operator, annotation or kernel of the PyTorch profiler, so there is nothing to import",
    );
  }
  return { path, header, events };
}

function takeField(header: Header, name: string, value: unknown): void {
  if (name === "baseTimeNanoseconds" && typeof value === "number" && Number.isFinite(value))
    header.baseUs = value / 1000;
  if (name === "host_name" && typeof value === "string") header.host = value.slice(0, 200);
  const fields = typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  if (name === "distributedInfo") {
    if (Number.isInteger(fields.rank) && Number(fields.rank) >= 0) header.rank = Number(fields.rank);
    if (Number.isInteger(fields.world_size) && Number(fields.world_size) > 0)
      header.worldSize = Number(fields.world_size);
  }
  if (name === "deviceProperties" && Array.isArray(value)) {
    header.gpus = value
      .slice(0, 64)
      .map((one) => String((one as { name?: unknown } | null)?.name ?? "GPU").slice(0, 200));
  }
}

function firstUs({ host, device }: KinetoEvents): number {
  let first = Number.POSITIVE_INFINITY;
  for (const start of [host.startUs.view(), device.startUs.view()]) for (const us of start) first = Math.min(first, us);
  return first;
}

function traceHeader({ header, events }: Rank, rank: number, files: number, startS: number): TraceHeader {
  const worldSize = header.worldSize ?? (files > 1 ? files : undefined);
  return {
    schema: traceSchemaName,
    clock: "monotonic",
    pid: events.pid,
    rank,
    ...(worldSize !== undefined && { worldSize }),
    startS,
    python: "",
    frameworks: { "torch.profiler": "" },
  };
}

async function writeTrace(runPath: string, header: TraceHeader, trace: ImportedTrace): Promise<void> {
  function* lines(): Iterable<string> {
    yield `${JSON.stringify(header)}\n`;
    for (const row of trace.rows()) yield `${JSON.stringify(row)}\n`;
  }
  await writeLines(join(runPath, "trace", `rank-${header.rank}-${header.pid}.jsonl`), lines());
}
