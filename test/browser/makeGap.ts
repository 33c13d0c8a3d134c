/** Gap reports for the panel's gallery, derived from made-up layer tables by the analysis itself. */
import { gapReport } from "../../src/analysis/efficiency/gapReport";
import type { GapView, ToGapPanel } from "../../src/messages/gap";
import type { GapReport, HostSide, MachineLimits } from "../../src/model/gap";
import { layerTable } from "../bench/efficiency/layerTable";

export interface GapOptions {
  readonly layers?: number;
  readonly iterations?: number;
  readonly backward?: boolean;
  readonly machine?: MachineLimits;
  readonly energy?: boolean;
  readonly title?: string;
  readonly host?: boolean;
}

const host: HostSide = {
  iterationTimeS: 0.412,
  deviceTimed: false,
  waits: [
    {
      cause: "data",
      timeS: 0.12,
      share: 0.29,
      basis: "measured",
      parts: [{ name: "decode", timeS: 0.08 }],
      text: "120 ms of an iteration (29 %) wait for data. Of it, 80.0 ms are decode. On the GPU, or in more workers, it would go on beside the computing.",
    },
    {
      cause: "synchronization",
      timeS: 0.03,
      share: 0.07,
      basis: "measured",
      text: "30.0 ms of an iteration (7.3 %) the device has nothing to do while the program is between two phases.",
      places: [{ file: "/home/someone/project/train.py", line: 48, text: "loss.item()" }],
    },
  ],
  modelShare: 0.6,
  amdahl: { twice: 1.43, tenTimes: 2.17, limit: 2.5 },
};

export function makeReport(options: GapOptions = {}): GapReport {
  const { layers = 56, iterations = 3, backward = true, machine, energy = true } = options;
  const table = layerTable(layers, iterations, backward);
  return gapReport({
    run: { id: "2026-11-24T12-04-31-train", path: "/home/someone/project/.wattline/runs/2026-11-24T12-04-31-train" },
    ...table,
    ...(machine && { machine }),
    ...(energy && { powerW: { forward: 41, backward: 46 }, energySource: "modelled" as const }),
    ...(options.host !== false && { host }),
  });
}

export function makeView(options: GapOptions = {}): GapView {
  const report = makeReport(options);
  return {
    path: report.run.path,
    title: options.title ?? "train_mobilenet.py",
    startedAt: "2026-11-24T12:04:31.000Z",
    state: "finished",
    report,
  };
}

export function gapMessages(options: GapOptions = {}): ToGapPanel[] {
  return [{ type: "show", view: makeView(options) }];
}
