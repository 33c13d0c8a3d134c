/** The limits of the device that a run's model computed on. */
import type { Calibration } from "../../model/calibration";
import type { Run } from "../../model/run";
import type { Trace } from "../../model/trace";
import { type MachinePeak, machinePeak, peakOf } from "./machinePeak";

/**
 * A GPU where the model's layers lie on one or the trace has spans of one, else the CPU.
 * @param calibration of the machine on which the run was made, where its own manifest has none
 */
export function runPeak({ manifest }: Run, trace: Trace | undefined, calibration?: Calibration): MachinePeak {
  const known = manifest.calibration ?? calibration;
  const index = gpuIndex(trace);
  if (index === undefined) return machinePeak({ kind: "cpu", name: manifest.host.cpu ?? "this CPU" }, known);
  const told = trace?.devices?.find((device) => device.index === index)?.name;
  const gpus = manifest.devices.filter(({ kind }) => kind === "gpu");
  return machinePeak({ kind: "gpu", name: told ?? (gpus[index] ?? gpus[0])?.name ?? "this GPU" }, known);
}

/** Of the first GPU that the trace speaks of; undefined where it speaks of none. */
function gpuIndex(trace: Trace | undefined): number | undefined {
  if (trace?.deviceSpans?.device.length) return trace.deviceSpans.device[0];
  for (const { attributes } of trace?.layers ?? []) {
    const cuda = typeof attributes.device === "string" ? /^cuda:(\d+)$/.exec(attributes.device) : null;
    if (cuda !== null) return Number(cuda[1]);
  }
  return undefined;
}

/**
 * The peak that the model's FLOPs are held against, FLOP/s: of the fastest kind of number that its layers multiply, as
 * usual for mixed precision; undefined where it is not known.
 */
export function modelPeak(peak: MachinePeak, trace: Trace): number | undefined {
  const dtypes = new Set((trace.layerMeasures ?? []).flatMap(({ dtype, flops }) => (flops ? (dtype ?? []) : [])));
  const peaks = [...dtypes].flatMap((dtype) => peakOf(peak, dtype) ?? []);
  return peaks.length > 0 ? Math.max(...peaks) : undefined;
}
