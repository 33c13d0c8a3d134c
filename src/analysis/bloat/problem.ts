/**
 * The problem that all parts of this folder speak of: operations, their options and who waits for whom, as columns.
 */
import { type Answer, known, unknown } from "../../model/answer";
import type { BloatProfile, ClockOption, PipelineProfile } from "../../model/bloat";
import { type Csr, compress, findCycle, topologicalOrder } from "./graph";
import { hullCorners, type OptionClass, optionClass } from "./options";
import { chunksOf, countOperations, type Expansion, expandPipeline, kindLetters } from "./pipeline";

export interface Problem {
  readonly name?: string;
  readonly count: number;
  readonly idOf: (operation: number) => string;
  /** Operations with the same options share a class. */
  readonly classOf: Int32Array;
  readonly classes: readonly OptionClass[];
  /** Operations that one waits for, and those that wait for it. */
  readonly before: Csr;
  readonly after: Csr;
  /** Every operation behind those that it waits for. */
  readonly order: Int32Array;
  /** Of one iteration: devices × W of a device that waits. 0 for a graph. */
  readonly waitingPowerW: number;
  readonly ticksPerS: number;
  /** Stages, kinds and microbatches; absent for a graph. */
  readonly pipeline?: Expansion;
  readonly blockingPowerW: number;
  /** What was left out of the input, and why. */
  readonly notes: readonly string[];
}

/**
 * More than this is refused: time grows a little faster than with the square of the operations, and 64 stages with 512
 * microbatches, the largest that the benchmark solves, have 65,536.
 */
export const mostOperations = 131_072;
const mostDependencies = 8 * mostOperations;

/** Ticks of the slowest useful iteration are at most this: potentials, keys and sums of a few stay exact in doubles. */
const mostTicks = 2 ** 47;

/**
 * @returns unknown, with the place and the fault as a sentence without its full stop, where the profile cannot be one
 */
export function problemOf(profile: BloatProfile): Answer<Problem> {
  return profile.kind === "pipeline" ? ofPipeline(profile) : ofGraph(profile);
}

function ofPipeline(profile: PipelineProfile): Answer<Problem> {
  const { stages, microbatches, schedule } = profile;
  for (const [place, value] of Object.entries({ stages, microbatches, chunks: profile.chunks ?? 1 })) {
    if (!Number.isSafeInteger(value) || value < 1) return unknown(`${place}: ${value} is no count of at least 1`);
  }
  if (schedule !== "interleaved" && (profile.chunks ?? 1) !== 1) {
    return unknown(
      `chunks: the schedule ${schedule} has one chunk a stage, not ${profile.chunks}; chunks need "interleaved"`,
    );
  }
  if (schedule === "interleaved" && microbatches % stages !== 0) {
    return unknown(
      `microbatches: ${microbatches} do not divide among ${stages} stages; an interleaved schedule takes a multiple of the stages`,
    );
  }
  const count = countOperations(profile);
  if (count > mostOperations) return unknown(tooMany(count));
  if (!(profile.blockingPowerW >= 0 && Number.isFinite(profile.blockingPowerW))) {
    return unknown(`blockingPowerW: ${profile.blockingPowerW} is no power of at least 0 W`);
  }
  const lists = [profile.forward, profile.backward, profile.recompute];
  for (const [kind, name] of ["forward", "backward", "recompute"].entries()) {
    const list = lists[kind];
    if (list === undefined) continue;
    if (list.length !== stages) return unknown(`${name}: has the options of ${list.length} stages, not of ${stages}`);
    for (const [stage, options] of list.entries()) {
      const fault = faultOf(options);
      if (fault !== undefined) return unknown(`${name}.${stage}${fault}`);
    }
  }
  const pipeline = expandPipeline(profile);
  const chunks = chunksOf(profile);
  const classes: ClockOption[][] = [];
  for (const list of lists)
    for (const options of list ?? []) classes.push(options.map((option) => part(option, chunks)));
  return finish({
    name: profile.name,
    count,
    idOf: (i) => `${kindLetters[pipeline.kind[i]!]}${pipeline.stage[i]}.${pipeline.microbatch[i]}.${pipeline.chunk[i]}`,
    classOf: pipeline.stage.map((stage, i) => pipeline.kind[i]! * stages + stage),
    options: classes,
    className: (c) => `${["forward", "backward", "recompute"][Math.floor(c / stages)]} of stage ${c % stages}`,
    from: pipeline.from,
    to: pipeline.to,
    blockingPowerW: profile.blockingPowerW,
    devices: stages,
    pipeline,
  });
}

/** What one chunk of several takes of its stage's time and energy. */
function part(option: ClockOption, chunks: number): ClockOption {
  return chunks === 1 ? option : { ...option, timeS: option.timeS / chunks, energyJ: option.energyJ / chunks };
}

function ofGraph(profile: Extract<BloatProfile, { kind: "graph" }>): Answer<Problem> {
  const { operations } = profile;
  if (operations.length === 0) return unknown("operations: there are none");
  if (operations.length > mostOperations) return unknown(tooMany(operations.length));
  const places = new Map<string, number>();
  for (const [i, { id, options }] of operations.entries()) {
    if (places.has(id))
      return unknown(`operations.${i}.id: ${quoted(id)} is the id of operations.${places.get(id)} too`);
    places.set(id, i);
    const fault = faultOf(options);
    if (fault !== undefined) return unknown(`operations.${i}.options (${quoted(id)})${fault}`);
  }
  const from: number[] = [];
  const to: number[] = [];
  for (const [i, { id, after }] of operations.entries()) {
    for (const [k, name] of after.entries()) {
      const place = places.get(name);
      if (place === undefined) {
        return unknown(`operations.${i}.after.${k}: ${quoted(id)} waits for ${quoted(name)}, which is no operation`);
      }
      from.push(place);
      to.push(i);
    }
    if (from.length > mostDependencies) {
      return unknown(
        `operations: more than ${mostDependencies} dependencies, which is more than can be solved in useful time`,
      );
    }
  }
  return finish({
    name: profile.name,
    count: operations.length,
    idOf: (i) => operations[i]!.id,
    classOf: Int32Array.from(operations, (_, i) => i),
    options: operations.map(({ options }) => options),
    className: (c) => quoted(operations[c]!.id),
    from: Int32Array.from(from),
    to: Int32Array.from(to),
    blockingPowerW: 0,
    devices: 0,
  });
}

interface Parts {
  readonly name: string | undefined;
  readonly count: number;
  readonly idOf: (operation: number) => string;
  readonly classOf: Int32Array;
  readonly options: readonly (readonly ClockOption[])[];
  readonly className: (c: number) => string;
  readonly from: Int32Array;
  readonly to: Int32Array;
  readonly blockingPowerW: number;
  readonly devices: number;
  readonly pipeline?: Expansion;
}

function finish(parts: Parts): Answer<Problem> {
  const { count, classOf, options, blockingPowerW } = parts;
  const after = compress(count, parts.from, parts.to);
  const before = compress(count, parts.to, parts.from);
  const order = topologicalOrder(before, after);
  if (order === undefined) {
    const names = findCycle(before, after).map((i) => quoted(parts.idOf(i)));
    const shown = names.length > 8 ? [...names.slice(0, 7), "…"] : names;
    return unknown(`operations: these wait for each other in a circle: ${[...shown, names[0]].join(" after ")}`);
  }
  // The longest of an operation's options, over the longest path: nothing that is ever asked takes longer.
  const slowestS = options.map((list) => list.reduce((most, { timeS }) => Math.max(most, timeS), 0));
  const end = new Float64Array(count);
  let longestS = 0;
  for (const i of order) {
    let start = 0;
    for (let e = before.start[i]!; e < before.start[i + 1]!; e++) start = Math.max(start, end[before.list[e]!]!);
    end[i] = start + slowestS[classOf[i]!]!;
    longestS = Math.max(longestS, end[i]!);
  }
  // A power of ten, so that times written in decimals are whole ticks and come back as they were written.
  const ticksPerS = Number(`1e${Math.floor(Math.log10(mostTicks / longestS))}`);
  const classes = options.map((list) => optionClass(list, blockingPowerW, ticksPerS));
  const { name, idOf, pipeline } = parts;
  return known({
    ...(name === undefined ? {} : { name }),
    count,
    idOf,
    classOf,
    classes,
    before,
    after,
    order,
    blockingPowerW,
    waitingPowerW: blockingPowerW * parts.devices,
    ticksPerS,
    ...(pipeline === undefined ? {} : { pipeline }),
    notes: notesOf(classes, parts.className),
  });
}

/** Sentences on what the options turned out to be. */
function notesOf(classes: readonly OptionClass[], className: (c: number) => string): string[] {
  const notes: string[] = [];
  const total = classes.reduce((sum, { options, dominated }) => sum + options.length + dominated, 0);
  const dominated = classes.reduce((sum, own) => sum + own.dominated, 0);
  if (dominated > 0) {
    const most = classes.reduce((best, own, c) => (own.dominated > classes[best]!.dominated ? c : best), 0);
    notes.push(
      `${dominated} of ${total} options were left out: another is as fast and takes no more effective energy ` +
        `(most in ${className(most)}: ${classes[most]!.dominated}).`,
    );
  }
  const constant = classes.flatMap((own, c) => (own.options.length === 1 ? [c] : []));
  if (constant.length > 0) {
    const names = constant.slice(0, 3).map(className).join(", ");
    const more = constant.length > 3 ? ` and ${constant.length - 3} more` : "";
    notes.push(`One useful option only, so no choice: ${names}${more}.`);
  }
  const flat = classes.flatMap((own, c) => {
    const corners = hullCorners(own, 0, own.options.length - 1);
    return corners.length > 1 && own.effectiveJ[0]! <= 0 ? [c] : [];
  });
  if (flat.length > 0) {
    notes.push(
      `The fastest option of ${className(flat[0]!)} takes less energy than waiting for as long would: ` +
        "is the blocking power right?",
    );
  }
  return notes;
}

/** @returns `.3.timeS: 0 is …`, undefined where the options are sound */
function faultOf(options: readonly ClockOption[]): string | undefined {
  if (options.length === 0) return ": has no option";
  for (const [k, { timeS, energyJ }] of options.entries()) {
    if (!(timeS > 0 && timeS <= largest && timeS >= smallest)) return `.${k}.timeS: ${timeS} is no time above 0 s`;
    if (!(energyJ >= 0 && energyJ <= largest)) return `.${k}.energyJ: ${energyJ} is no energy of at least 0 J`;
  }
  return undefined;
}

/** Far beyond anything measured, and near enough to 1 that products of a few stay finite. */
const largest = 1e30;
const smallest = 1e-30;

function tooMany(count: number): string {
  return (
    `operations: ${count.toLocaleString("en")} are more than can be solved in useful time ` +
    `(at most ${mostOperations.toLocaleString("en")}); take fewer microbatches, the pattern of the frontier is the same`
  );
}

function quoted(id: string): string {
  return JSON.stringify(id.length > 60 ? `${id.slice(0, 57)}…` : id);
}
