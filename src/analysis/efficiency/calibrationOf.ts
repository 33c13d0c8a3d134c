/** From what was measured in the user's Python, and what the meters read meanwhile, to a calibration. */
import type { CalibratedDevice, Calibration, CalibrationResult } from "../../model/calibration";
import { calibrationSchemaName } from "../../model/calibration";
import type { Device } from "../../model/device";
import type { Run } from "../../model/run";
import { plainReadings } from "../attribution/readings";
import { totalEnergy } from "../attribution/total";

type Measured = CalibrationResult["devices"][number];
type Window = { readonly startS: number; readonly endS: number };

/**
 * @param run of the program that measured; its readings give watts
 * @param driver of the GPUs, where there is one
 */
export function calibrationOf(result: CalibrationResult, run: Run, driver?: string): Calibration {
  const { host, startedMonotonicS } = run.manifest;
  const devices = result.devices.flatMap((measured): CalibratedDevice[] => {
    const meters = metersOf(measured, run.manifest.devices);
    const energyJ = (window: Window) => energyOf(run, meters, window, startedMonotonicS);
    const copyJ = energyJ(measured.copy);
    return measured.products.map(({ dtype, perS, flops, repeats, spread, ...window }) => {
      const productJ = energyJ(window);
      return {
        name: measured.kind === "cpu" ? (host.cpu ?? "CPU") : (measured.name ?? "GPU"),
        kind: measured.kind,
        dtype,
        peakFlopsPerS: perS,
        bandwidthBytesPerS: measured.copy.perS,
        ...(productJ !== undefined && {
          powerW: productJ / (window.endS - window.startS),
          joulesPerFlop: productJ / flops,
        }),
        ...(copyJ !== undefined && { joulesPerByte: copyJ / measured.copy.bytes }),
        repeats,
        spread,
      };
    });
  });
  const { torch, python, threads } = result;
  return {
    schema: calibrationSchemaName,
    at: run.manifest.startedAt,
    machine: { host: host.name, ...(driver !== undefined && { driver }), torch, python, threads },
    devices,
  };
}

/** Of a CPU, its packages and memory; of a GPU, itself: by its UUID, or as the only one of its name. */
function metersOf(measured: Measured, devices: readonly Device[]): Device[] {
  const read = devices.filter(({ counted, source }) => counted && source !== "estimated");
  if (measured.kind === "cpu") return read.filter(({ kind }) => kind === "cpu" || kind === "dram");
  const gpus = read.filter(({ kind }) => kind === "gpu");
  const { uuid } = measured;
  const own = uuid === undefined ? [] : gpus.filter(({ id }) => id.endsWith(uuid));
  if (own.length > 0) return own;
  const sameName = gpus.filter(({ name }) => name === measured.name);
  return sameName.length === 1 ? sameName : [];
}

/** Joules of all of these meters; undefined without any, or where one cannot tell. */
function energyOf(run: Run, meters: readonly Device[], window: Window, startedS: number): number | undefined {
  const span = { fromS: window.startS - startedS, toS: window.endS - startedS };
  const parts = meters.map(({ id }) => {
    const columns = run.samples.get(id);
    const total = columns && totalEnergy(plainReadings(columns), span);
    return total?.known && total.value.energyJ > 0 ? total.value.energyJ : undefined;
  });
  if (parts.length === 0 || parts.some((part) => part === undefined)) return undefined;
  return parts.reduce<number>((sum, part) => sum + part!, 0);
}
