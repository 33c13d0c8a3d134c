/** The waste factor of a run: from the wall plug, as far as the chain is known, to useful FLOPs. */
import type { Calibration } from "../../model/calibration";
import type { GapReport, GapWaste } from "../../model/gap";
import type { Run } from "../../model/run";
import { deviceEnergies, runWindow } from "../deviceEnergy";
import { ranksOf } from "../ranks";
import { computeCascade, usefulShare } from "./wasteFactor";

/**
 * Useful is what the layers' FLOPs would have taken at the device's best joules a FLOP, as calibrated, else its power
 * limit over the data sheet's peak. Powers are means over the run, FLOPs a second over its iterations.
 * @returns undefined where one of these is not known, or several ranks share the meters
 */
export function runWaste(run: Run, report: GapReport, calibration: Calibration | undefined): GapWaste | undefined {
  const { device, totals, host } = report;
  const { mainDtype } = device;
  if (totals.flops === undefined || host === undefined || mainDtype === undefined) return undefined;
  if (ranksOf(run).length !== 1) return undefined;
  const counted = deviceEnergies(run).filter((one) => one.device.counted);
  const { fromS, toS } = runWindow(run);
  const onGpu = (run.traces.find(({ deviceSpans }) => deviceSpans !== undefined)?.deviceSpans?.device.length ?? 0) > 0;
  const own = counted.filter((one) => one.device.kind === (onGpu ? "gpu" : "cpu"));
  if (own.length !== 1 || counted.some(({ energyJ }) => energyJ === undefined) || !(toS > fromS)) return undefined;
  const nodeJ = counted.reduce((sum, { energyJ }) => sum + energyJ!, 0);
  const powerW = own[0]!.energyJ! / (toS - fromS);
  const best = bestJoulesPerFlop(report, own[0]!.device.powerLimitW, onGpu, calibration);
  if (best === undefined || !(powerW > 0)) return undefined;
  const { pue } = run.manifest.settings;
  const cascade = computeCascade({
    ...(pue !== undefined && { pue }),
    ...(counted.length > 1 && { nodeShare: own[0]!.energyJ! / nodeJ }),
    usefulShare: usefulShare(totals.flops / host.iterationTimeS, powerW, 1 / best.joulesPerFlop, 1),
  });
  if (cascade === undefined) return undefined;
  const { factor, decibels, usefulShare: share, parts } = cascade;
  return {
    ...{ factor, decibels, usefulShare: share, ...best },
    parts: parts.map(({ id, efficiency, share: lost }) => ({
      id: id as GapWaste["parts"][number]["id"],
      efficiency,
      share: lost,
    })),
  };
}

function bestJoulesPerFlop(
  { device }: GapReport,
  powerLimitW: number | undefined,
  onGpu: boolean,
  calibration: Calibration | undefined,
): Pick<GapWaste, "joulesPerFlop" | "source"> | undefined {
  const kind = onGpu ? "gpu" : "cpu";
  const measured = calibration?.devices.find(
    (one) => one.kind === kind && one.dtype === device.mainDtype && one.joulesPerFlop !== undefined,
  )?.joulesPerFlop;
  if (measured !== undefined) return { joulesPerFlop: measured, source: "calibrated" };
  const peak = device.peakFlopsPerS?.[device.mainDtype!];
  if (peak === undefined || powerLimitW === undefined || device.source !== "datasheet") return undefined;
  return { joulesPerFlop: powerLimitW / peak, source: "datasheet" };
}
