/** The limits that a layer's or a run's speed is held against: measured here, else the data sheet's, else none. */
import { type Calibration, peakKey } from "../../model/calibration";
import { gpuOfDriver } from "../../model/gpus";

export interface MachinePeak {
  /** The device's name as it was asked for; of a data sheet, the board's. */
  readonly name: string;
  readonly kind: "cpu" | "gpu";
  readonly source: "calibrated" | "datasheet" | "unknown";
  /** Dense FLOP/s by `fp64`, `fp32`, `tf32`, `bf16`, `fp16`, …; empty where unknown. */
  readonly peakFlopsPerS: Readonly<Record<string, number>>;
  readonly bandwidthBytesPerS?: number;
  /** Best joules a FLOP by dtype, and a byte, where a calibration had watts. */
  readonly joulesPerFlop?: Readonly<Record<string, number>>;
  readonly joulesPerByte?: number;
}

/**
 * What a device reaches at most.
 *
 * A calibration of the machine comes first: a GPU's by its driver's name, a CPU's whatever the name (a machine has one).
 * Then the data sheet's dense figures, for a GPU whose name says exactly which board it is. A device that neither
 * knows has no peak: its layers have no efficiency. No data sheet of CPUs is here.
 * @param device `kind` `gpu` or `cpu`, and the name that its driver gives ("NVIDIA H100 80GB HBM3")
 */
export function machinePeak(
  device: { readonly kind: string; readonly name: string },
  calibration?: Calibration,
): MachinePeak {
  const kind = device.kind === "gpu" ? "gpu" : "cpu";
  const measured = (calibration?.devices ?? []).filter(
    (one) => one.kind === device.kind && (one.kind === "cpu" || one.name === device.name),
  );
  if (measured.length > 0) {
    const energies = measured.flatMap(({ dtype, joulesPerFlop }) =>
      joulesPerFlop === undefined ? [] : [[dtype, joulesPerFlop] as const],
    );
    const perByte = measured.flatMap(({ joulesPerByte }) => joulesPerByte ?? []);
    return {
      name: device.name,
      kind,
      source: "calibrated",
      peakFlopsPerS: Object.fromEntries(measured.map(({ dtype, peakFlopsPerS }) => [dtype, peakFlopsPerS])),
      bandwidthBytesPerS: Math.max(...measured.map(({ bandwidthBytesPerS }) => bandwidthBytesPerS)),
      ...(energies.length > 0 && { joulesPerFlop: Object.fromEntries(energies) }),
      ...(perByte.length > 0 && { joulesPerByte: Math.min(...perByte) }),
    };
  }
  const gpu = device.kind === "gpu" ? gpuOfDriver(device.name) : undefined;
  if (gpu === undefined) return { name: device.name, kind, source: "unknown", peakFlopsPerS: {} };
  return {
    name: gpu.name,
    kind,
    source: "datasheet",
    peakFlopsPerS: gpu.peakPerS,
    bandwidthBytesPerS: gpu.bandwidthBytesPerS,
  };
}

/** @param dtype a framework's name (`float32`) or a peak's (`fp32`, `tf32`) */
export function peakOf({ peakFlopsPerS }: MachinePeak, dtype: string | undefined): number | undefined {
  if (dtype === undefined) return undefined;
  const key = peakKey(dtype);
  return Object.hasOwn(peakFlopsPerS, key) ? peakFlopsPerS[key] : undefined;
}
