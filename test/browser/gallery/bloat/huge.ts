import { problemOf } from "../../../../src/analysis/bloat";
import { Timeline } from "../../../../src/analysis/bloat/timeline";
import type { ToBloatPanel } from "../../../../src/messages/bloat";
import type { BloatColumns, PlanColumns } from "../../../../src/model/bloatView";
import { messagesOf, pipeline } from "../../makeBloat";
import type { GalleryCase } from "../case";

const corners = 16_000;

/** 16 stages × 512 microbatches. Solving it takes half a minute, so its frontier is made up; its boxes are real. */
function made(): ToBloatPanel[] {
  const problem = problemOf(pipeline(16, 512, { name: "16 × 512" }));
  if (!problem.known) throw new Error(problem.reason);
  const { classes, classOf, ticksPerS, count, pipeline: shape } = problem.value;
  const planOf = (slower: number): PlanColumns => {
    const option = Uint16Array.from({ length: count }, (_, i) =>
      Math.min(classes[classOf[i]!]!.ticks.length - 1, slower),
    );
    const timeline = new Timeline(
      problem.value,
      Float64Array.from(option, (k, i) => classes[classOf[i]!]!.ticks[k]!),
    );
    const length = timeline.length();
    return {
      deadlineS: length / ticksPerS,
      iterationTimeS: length / ticksPerS,
      effectiveJ: option.reduce((sum, k, i) => sum + classes[classOf[i]!]!.effectiveJ[k]!, 0),
      option,
      startS: Float32Array.from(timeline.head, (ticks) => ticks / ticksPerS),
      slackS: Float32Array.from(option, (_, i) => (length - timeline.through(i)) / ticksPerS),
      optimal: false,
    };
  };
  const plans = Array.from({ length: 23 }, (_, k) => planOf(k));
  const [fastest, slowest] = [plans[0]!, plans.at(-1)!];
  const waitingPowerW = 16 * 75;
  const cornerS = Float64Array.from(
    { length: corners },
    (_, k) => fastest.deadlineS + (k / (corners - 1)) * (slowest.deadlineS - fastest.deadlineS),
  );
  const energy = (k: number) =>
    slowest.effectiveJ +
    (0.9 * fastest.effectiveJ - slowest.effectiveJ) * (1 - k / corners) ** 2 +
    waitingPowerW * cornerS[k]!;
  const columns: BloatColumns = {
    name: "16 × 512",
    operations: count,
    lanes: 16,
    lane: shape!.stage,
    classOf,
    classes: classes.map(({ options, effectiveJ }) => ({
      frequencyMhz: Float64Array.from(options, ({ frequencyMhz }) => frequencyMhz!),
      timeS: Float64Array.from(options, ({ timeS }) => timeS),
      energyJ: Float64Array.from(options, ({ energyJ }) => energyJ),
      effectiveJ,
    })),
    pipeline: { stages: 16, kind: shape!.kind, microbatch: shape!.microbatch, chunk: shape!.chunk },
    baseline: fastest,
    cornerS,
    cornerJ: cornerS.map((_, k) => energy(k)),
    minimumTimeS: fastest.deadlineS,
    minimumEnergyTimeS: cornerS[6000]!,
    slowestUsefulTimeS: slowest.deadlineS,
    blockingPowerW: 75,
    waitingPowerW,
    notes: [],
    solveS: 21,
  };
  return messagesOf(columns, plans, "16x512.pipeline.json");
}

let told: ToBloatPanel[] | undefined;
const case_: GalleryCase<ToBloatPanel> = {
  messages: () => {
    told ??= made();
    return told;
  },
  widths: [1280],
};

export { case_ as case };
