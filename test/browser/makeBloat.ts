import { bloatColumns, type Frontier, planColumns, planFor, problemOf, solveFrontier } from "../../src/analysis/bloat";
import type { ToBloatPanel } from "../../src/messages/bloat";
import type { BloatProfile, ClockOption, PipelineProfile } from "../../src/model/bloat";
import type { BloatColumns, PlanColumns } from "../../src/model/bloatView";

export interface MadeBloat {
  readonly frontier: Frontier;
  readonly columns: BloatColumns;
  readonly plans: readonly PlanColumns[];
  /** All of it, in the order in which the extension sends it. */
  readonly messages: readonly ToBloatPanel[];
}

/** A profile solved as the extension's thread solves it, with quicker plans. */
export function makeBloat(profile: BloatProfile, { plans = 48, title = "gpt3-1.3b.pipeline.json" } = {}): MadeBloat {
  const problem = problemOf(profile);
  if (!problem.known) throw new Error(problem.reason);
  const frontier = solveFrontier(problem.value)!;
  const columns = { ...bloatColumns(frontier, 0.0095) };
  const { minimumTicks, slowestTicks } = frontier;
  const table = Array.from({ length: plans }, (_, k) => {
    const ticks = Math.floor(minimumTicks + (k / (plans - 1)) * (slowestTicks - minimumTicks));
    return planColumns(frontier, planFor(frontier, ticks, k === 0 ? 2e5 : 0));
  });
  return { frontier, columns, plans: table, messages: messagesOf(columns, table, title) };
}

export function messagesOf(
  columns: BloatColumns,
  plans: readonly PlanColumns[],
  title = "gpt3-1.3b.pipeline.json",
): ToBloatPanel[] {
  return [
    { type: "show", view: { kind: "profile", subject: `/home/ada/${title}`, title, columns } },
    { type: "plans", plans: plans.slice(0, 1), complete: plans.length === 1 },
    ...(plans.length > 1 ? [{ type: "plans", plans: plans.slice(1), complete: true } as const] : []),
  ];
}

/** Options of an A100 in shape: time falls with the clock less and less, power rises faster than it. */
export function clockOptions(timeS: number, clocks = 24): ClockOption[] {
  return Array.from({ length: clocks }, (_, k) => {
    const frequencyMhz = 1410 - 30 * k;
    const share = frequencyMhz / 1410;
    const slower = timeS * (0.72 / share + 0.28);
    return { frequencyMhz, timeS: slower, energyJ: slower * (70 + 230 * share ** 2.6) };
  });
}

/** A pipeline whose later stages are heavier, as language models' with their heads are. */
export function pipeline(stages: number, microbatches: number, more: Partial<PipelineProfile> = {}): PipelineProfile {
  const weight = (stage: number) => 1 + (0.24 * stage) / Math.max(1, stages - 1) + 0.03 * ((stage * 7) % 3);
  return {
    kind: "pipeline",
    name: "GPT-3 1.3B, four stages",
    stages,
    microbatches,
    schedule: "1f1b",
    blockingPowerW: 75,
    forward: Array.from({ length: stages }, (_, stage) => clockOptions(0.07 * weight(stage))),
    backward: Array.from({ length: stages }, (_, stage) => clockOptions(0.146 * weight(stage))),
    ...more,
  };
}
