/**
 * One clock a stage for the whole iteration: what can be had without a program that changes clocks between operations.
 *
 * Every stage begins at its fastest clock; then, again and again, the stage whose next lower clock saves the most joules
 * a second of its own time takes that clock, if the deadline is still kept. A stage whose next step does not fit stays.
 * Greedy, so not the best there is; the deadline holds by a longest path after every step.
 */
import { type Answer, known, unknown } from "../../model/answer";
import { toTicks } from "./options";
import { kindNames } from "./pipeline";
import type { Problem } from "./problem";
import { Timeline } from "./timeline";

export interface StageClocks {
  /** MHz, one a stage. */
  readonly clocksMhz: readonly number[];
  readonly iterationTimeS: number;
  /** J of an iteration that ends at `iterationTimeS`, waiting included. */
  readonly energyJ: number;
}

/** What all operations of a stage take at one clock. */
interface StageAt {
  readonly frequencyMhz: number;
  /** Ticks by kind. */
  readonly ticks: readonly number[];
  readonly effectiveJ: number;
  readonly busyTicks: number;
}

/**
 * @param deadline ticks, at least the minimum time
 * @returns unknown, with the reason, where there are no stages, or no clock that all operations of a stage know
 */
export function stageClocks(problem: Problem, deadline: number): Answer<StageClocks> {
  const { pipeline } = problem;
  if (pipeline === undefined) return unknown("a graph has no stages");
  const stages = pipeline.stageStart.length - 1;
  const ladders: StageAt[][] = [];
  for (let stage = 0; stage < stages; stage++) {
    const ladder = ladderOf(problem, stage);
    if (ladder.length === 0) return unknown(`stage ${stage} has no clock at which all of its operations were profiled`);
    ladders.push(ladder);
  }
  const at = new Int32Array(stages);
  const done = new Uint8Array(stages);
  const lengthOf = () => {
    const ticks = new Float64Array(problem.count);
    for (let stage = 0; stage < stages; stage++) {
      const rung = ladders[stage]![at[stage]!]!;
      for (let i = pipeline.stageStart[stage]!; i < pipeline.stageStart[stage + 1]!; i++)
        ticks[i] = rung.ticks[pipeline.kind[i]!]!;
    }
    return new Timeline(problem, ticks).length();
  };
  for (;;) {
    const next = steepest(ladders, at, done);
    if (next === undefined) break;
    const before = at[next.stage]!;
    at[next.stage] = next.rung;
    if (lengthOf() <= deadline) continue;
    at[next.stage] = before;
    done[next.stage] = 1;
  }
  const iterationTimeS = lengthOf() / problem.ticksPerS;
  const effectiveJ = ladders.reduce((sum, ladder, stage) => sum + ladder[at[stage]!]!.effectiveJ, 0);
  return known({
    clocksMhz: ladders.map((ladder, stage) => ladder[at[stage]!]!.frequencyMhz),
    iterationTimeS,
    energyJ: effectiveJ + problem.waitingPowerW * iterationTimeS,
  });
}

function steepest(ladders: readonly StageAt[][], at: Int32Array, done: Uint8Array) {
  let best: { stage: number; rung: number } | undefined;
  let most = 0;
  for (const [stage, ladder] of ladders.entries()) {
    if (done[stage] === 1) continue;
    const here = ladder[at[stage]!]!;
    const there = ladder[at[stage]! + 1];
    if (there === undefined) continue;
    const rate = (here.effectiveJ - there.effectiveJ) / Math.max(1, there.busyTicks - here.busyTicks);
    if (rate > most) [most, best] = [rate, { stage, rung: at[stage]! + 1 }];
  }
  return best;
}

/** A stage at each clock that all of its kinds have, fastest first; only those that save something by being slower. */
function ladderOf(problem: Problem, stage: number): StageAt[] {
  const { classes, classOf, ticksPerS, blockingPowerW } = problem;
  const pipeline = problem.pipeline!;
  const counts = new Map<number, { count: number; classIndex: number }>();
  for (let i = pipeline.stageStart[stage]!; i < pipeline.stageStart[stage + 1]!; i++) {
    const kind = pipeline.kind[i]!;
    counts.set(kind, { count: (counts.get(kind)?.count ?? 0) + 1, classIndex: classOf[i]! });
  }
  const clocks = new Set<number>();
  for (const { classIndex } of counts.values())
    for (const { frequencyMhz } of classes[classIndex]!.given) if (frequencyMhz !== undefined) clocks.add(frequencyMhz);
  const rungs: StageAt[] = [];
  for (const frequencyMhz of clocks) {
    const ticks: number[] = kindNames.map(() => 0);
    let [effectiveJ, busyTicks, complete] = [0, 0, true];
    for (const [kind, { count, classIndex }] of counts) {
      const option = classes[classIndex]!.given.find((candidate) => candidate.frequencyMhz === frequencyMhz);
      if (option === undefined) {
        complete = false;
        break;
      }
      ticks[kind] = toTicks(option.timeS, ticksPerS);
      busyTicks += count * ticks[kind]!;
      effectiveJ += count * (option.energyJ - blockingPowerW * option.timeS);
    }
    if (complete) rungs.push({ frequencyMhz, ticks, effectiveJ, busyTicks });
  }
  rungs.sort((a, b) => a.busyTicks - b.busyTicks || a.effectiveJ - b.effectiveJ);
  const kept: StageAt[] = [];
  for (const rung of rungs) if (kept.length === 0 || rung.effectiveJ < kept.at(-1)!.effectiveJ) kept.push(rung);
  return kept;
}
