/**
 * Profiles of pipelines and graphs for `wattline bloat`: our own JSON (schemas/pipeline.schema.json) and the tables of
 * Perseus and Zeus (`stage,instruction,frequency,time,energy`, with or without columns for ranks). A profile is untrusted
 * input: bounded in size, checked in full, and refused with a sentence that names the file and the place.
 */
import * as v from "valibot";
import { type BloatProfile, type ClockOption, type PipelineProfile, schedules } from "../model/bloat";
import { malformedFile, WattlineError } from "../model/errors";
import { firstFault, readBounded } from "./files";

/** A hundred times the largest golden case; 100,000 operations of a graph with ten options each fit. */
const profileLimitBytes = 128e6;
const mostOptions = 10_000;
const mostStages = 65_536;

const finite = v.pipe(v.number("expected a number"), v.finite("expected a finite number"));
const optionSchema = v.object({
  frequencyMhz: v.optional(v.pipe(finite, v.gtValue(0, "expected a clock above 0 MHz"))),
  timeS: v.pipe(finite, v.gtValue(0, "expected a time above 0 s")),
  energyJ: v.pipe(finite, v.minValue(0, "expected an energy of at least 0 J")),
});
const optionsSchema = v.pipe(
  v.array(optionSchema, "expected a list of options"),
  v.minLength(1, "expected at least one option"),
  v.maxLength(mostOptions, `expected at most ${mostOptions} options`),
);
const stagesSchema = v.pipe(v.array(optionsSchema, "expected one list of options a stage"), v.maxLength(mostStages));
const countSchema = v.pipe(finite, v.integer("expected a whole number"), v.minValue(1, "expected at least 1"));
const nameSchema = v.optional(v.pipe(v.string(), v.maxLength(500)));

const profileSchema = v.variant(
  "kind",
  [
    v.object({
      kind: v.literal("pipeline"),
      name: nameSchema,
      stages: v.pipe(countSchema, v.maxValue(mostStages)),
      microbatches: countSchema,
      schedule: v.picklist(schedules, `expected one of ${schedules.join(", ")}`),
      chunks: v.optional(countSchema),
      blockingPowerW: v.pipe(finite, v.minValue(0, "expected a power of at least 0 W")),
      forward: stagesSchema,
      backward: stagesSchema,
      recompute: v.optional(stagesSchema),
    }),
    v.object({
      kind: v.literal("graph"),
      name: nameSchema,
      operations: v.array(
        v.object({
          id: v.pipe(v.string("expected a name"), v.minLength(1), v.maxLength(500)),
          options: optionsSchema,
          after: v.array(v.string("expected the id of an operation"), "expected a list of ids"),
        }),
        "expected a list of operations",
      ),
    }),
  ],
  'expected "kind": "pipeline" or "graph"',
);

/** What a table of clocks does not say about its pipeline. */
export interface TableSettings {
  readonly microbatches?: number;
  readonly schedule?: PipelineProfile["schedule"];
  readonly chunks?: number;
  readonly blockingPowerW?: number;
}

/**
 * @param settings for a CSV only; a JSON profile has them
 * @throws WattlineError naming the file and the place
 */
export async function readProfile(path: string, settings: TableSettings = {}): Promise<BloatProfile> {
  const bytes = await readBounded(path, profileLimitBytes);
  if (bytes === undefined) throw malformedFile(path, "there is no such file");
  const text = bytes.toString("utf8").replace(/^\uFEFF/, "");
  return isTable(path) ? ofTables([{ path, text }], settings) : parseProfile(path, text);
}

/**
 * Several tables of clocks of one pipeline, as a run each or a rank each has left them: rows of one stage, instruction
 * and clock are averaged, whatever file they stand in.
 * @throws WattlineError naming the file and the place
 */
export async function readTables(paths: readonly string[], settings: TableSettings): Promise<BloatProfile> {
  const files: TableFile[] = [];
  let bytes = 0;
  for (const path of paths) {
    const content = await readBounded(path, profileLimitBytes - bytes);
    if (content === undefined) throw malformedFile(path, "there is no such file");
    bytes += content.length;
    files.push({ path, text: content.toString("utf8").replace(/^\uFEFF/, "") });
  }
  return ofTables(files, settings);
}

export function isTable(path: string): boolean {
  return /\.csv$/i.test(path);
}

interface TableFile {
  readonly path: string;
  readonly text: string;
}

/** @param path for messages only */
export function parseProfile(path: string, text: string): BloatProfile {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw malformedFile(path, `it is not JSON (${(error as Error).message})`);
  }
  // The first fault is all that is told: without this a bad file of a million rows makes a million faults first.
  const result = v.safeParse(profileSchema, value, { abortEarly: true });
  if (!result.success) throw malformedFile(path, firstFault(result.issues));
  return result.output as BloatProfile;
}

const instructions = ["forward", "backward", "recompute"] as const;
const tableColumns = ["stage", "instruction", "frequency", "time", "energy"] as const;

function ofTables(files: readonly TableFile[], settings: TableSettings): PipelineProfile {
  const { microbatches, blockingPowerW } = settings;
  const path = files.map((file) => file.path).join(", ");
  if (microbatches === undefined || blockingPowerW === undefined) {
    throw new WattlineError(
      `${path} is a table of clocks and does not say how its pipeline runs: add --microbatches N and ` +
        "--blocking-power W (what a GPU draws while it waits; 70 W on an A40, 75 W on an A100), " +
        "and --schedule gpipe or interleaved with --chunks N where it is not 1f1b.",
    );
  }
  const sums: Sums = new Map();
  for (const file of files) addTable(file, sums);
  const lists = meansOf(sums);
  const stages = Math.max(lists.forward.length, lists.backward.length);
  for (const name of ["forward", "backward"] as const) {
    for (let stage = 0; stage < stages; stage++) {
      if (lists[name][stage] === undefined) throw malformedFile(path, `stage ${stage} has no row of ${name}`);
    }
  }
  return {
    kind: "pipeline",
    stages,
    microbatches,
    schedule: settings.schedule ?? "1f1b",
    ...(settings.chunks === undefined ? {} : { chunks: settings.chunks }),
    blockingPowerW,
    forward: lists.forward,
    backward: lists.backward,
    ...(lists.recompute.length === 0 ? {} : { recompute: Array.from(lists.recompute, (list) => list ?? []) }),
  };
}

interface Sum {
  count: number;
  timeS: number;
  energyJ: number;
}

/** By instruction and stage, then by clock. Several ranks of a stage are a row each: their mean stands for one of them. */
type Sums = Map<string, Map<number, Sum>>;

function addTable({ path, text }: TableFile, sums: Sums): void {
  const [header = "", ...lines] = text.trimEnd().split(/\r?\n/);
  const columns = header.split(",").map((name) => plain(name).toLowerCase());
  const places = tableColumns.map((name) => columns.indexOf(name));
  const missing = tableColumns.filter((_, k) => places[k] === -1);
  if (missing.length > 0) throw malformedFile(path, `line 1: no column ${missing.join(", ")}`);
  for (const [k, line] of lines.entries()) {
    if (line.trim() === "") continue;
    const cells = line.split(",").map(plain);
    const [stage, frequency, timeS, energyJ] = [0, 2, 3, 4].map((c) => {
      const cell = cells[places[c]!] ?? "";
      const value = Number(cell);
      if (cell !== "" && Number.isFinite(value)) return value;
      throw malformedFile(
        path,
        `line ${k + 2}: ${tableColumns[c]} is no number (${JSON.stringify(cell.slice(0, 40))})`,
      );
    }) as [number, number, number, number];
    const instruction = instructions.find((name) => name === (cells[places[1]!] ?? "").toLowerCase());
    if (instruction === undefined)
      throw malformedFile(path, `line ${k + 2}: instruction is none of ${instructions.join(", ")}`);
    if (!Number.isInteger(stage) || stage < 0 || stage >= mostStages)
      throw malformedFile(path, `line ${k + 2}: stage ${stage}`);
    if (!(timeS > 0)) throw malformedFile(path, `line ${k + 2}: time ${timeS} is not above 0 s`);
    if (!(energyJ >= 0)) throw malformedFile(path, `line ${k + 2}: energy ${energyJ} is below 0 J`);
    if (!(frequency > 0)) throw malformedFile(path, `line ${k + 2}: frequency ${frequency} is not above 0 MHz`);
    const key = `${instruction} ${stage}`;
    const list = sums.get(key) ?? new Map<number, Sum>();
    sums.set(key, list);
    const sum = list.get(frequency) ?? { count: 0, timeS: 0, energyJ: 0 };
    list.set(frequency, { count: sum.count + 1, timeS: sum.timeS + timeS, energyJ: sum.energyJ + energyJ });
  }
}

function meansOf(sums: Sums): Record<(typeof instructions)[number], ClockOption[][]> {
  const lists = { forward: [] as ClockOption[][], backward: [] as ClockOption[][], recompute: [] as ClockOption[][] };
  for (const [key, list] of sums) {
    const [instruction, stage] = key.split(" ") as [(typeof instructions)[number], string];
    lists[instruction][Number(stage)] = Array.from(list, ([frequencyMhz, { count, timeS, energyJ }]) => ({
      frequencyMhz,
      timeS: timeS / count,
      energyJ: energyJ / count,
    }));
  }
  return lists;
}

function plain(cell: string): string {
  return cell.trim().replace(/^"(.*)"$/, "$1");
}
