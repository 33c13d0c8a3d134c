import type { SpanChunk, ToRunPanel } from "../../../../src/messages/run";
import { makeRun } from "../../makeRun";
import type { GalleryCase } from "../case";

const whole = makeRun({
  seed: 8,
  phases: [
    { name: "data", durationS: 0.012, line: 62 },
    { name: "forward", durationS: 0.049, line: 66 },
    { name: "backward", durationS: 0.062, line: 68 },
    { name: "communication", durationS: 0.028, line: 69 },
    { name: "optimizer", durationS: 0.019, line: 70 },
    { name: "augment", durationS: 0.02, line: 64 },
  ],
  devices: [0, 1, 2, 3].map((i) => ({
    id: `nvml:GPU-${i}`,
    name: `GPU ${i}`,
    kind: "gpu" as const,
    meter: "nvml",
    source: "integrated" as const,
    updatePeriodS: 0.1,
    idleW: 60 + i,
    phaseW: {
      data: 80,
      forward: 420 - 20 * i,
      backward: 510 - 30 * i,
      communication: 190,
      optimizer: 300,
      augment: 95,
    },
  })),
});
const later = (rank: number): SpanChunk => ({
  ...whole.spans,
  rank,
  startS: whole.spans.startS.map((startS) => startS + 0.03 * rank),
});

/** Four GPUs and four ranks, with a phase that the program named itself, two phases that cannot be told apart. */
export const run = {
  ...whole,
  report: {
    ...whole.report,
    phases: whole.report.phases.map((row) => ({
      ...row,
      ...(row.phase === "communication" ? { inseparableFrom: ["optimizer"] } : {}),
      ...(row.phase === "optimizer" ? { inseparableFrom: ["communication"] } : {}),
      ...(row.phase === "augment" ? { standardErrorJ: row.energyJ * 3 } : {}),
    })),
  },
};
const case_: GalleryCase<ToRunPanel> = {
  messages: () => [
    { type: "show", view: { ...whole.view, title: "finetune_llama.py", report: run.report } },
    { type: "power", reset: true, series: whole.power },
    ...[0, 1, 2, 3].map((rank) => ({ type: "spans" as const, reset: rank === 0, chunk: later(rank) })),
    { type: "iterations", reset: true, chunk: whole.iterations },
  ],
  widths: [1280, 360],
  contrast: {
    texts: ".phase-name, .scatter-legend > span, .curve-label, .bar-label, .bar-value, .bar-share, .bar-source",
    marks: ".bar-fill",
    found: { texts: 30, marks: 7 },
  },
};

export { case_ as case };
