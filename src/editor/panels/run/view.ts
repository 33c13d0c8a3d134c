/** What the run panel shows of a run, beside its curves. */
import { basename } from "node:path";
import type { CurveDevice, RunView } from "../../../messages/run";
import type { Device } from "../../../model/device";
import type { Run } from "../../../model/run";
import { scriptOf } from "../../../store/runFolder";
import type { Derived } from "./derived";

/** @param derived of the run so far; absent while there is nothing */
export function runView(run: Run, derived: Pick<Derived, "report" | "headline"> | undefined): RunView {
  const { manifest, state, durationS, labels } = run;
  const label = labels.name ?? Object.entries(labels).map(([key, value]) => `${key}=${value}`)[0];
  return {
    path: run.path,
    title: basename(scriptOf(manifest.argv)),
    command: manifest.argv.join(" "),
    startedAt: manifest.startedAt,
    durationS,
    state,
    ...(manifest.end?.exitCode !== undefined && { exitCode: manifest.end.exitCode }),
    ...(manifest.end?.signal !== undefined && { signal: manifest.end.signal }),
    ...(label !== undefined && { label }),
    ...(derived?.headline && { headline: derived.headline }),
    devices: curveDevices(manifest.devices),
    ...(derived && { report: derived.report }),
  };
}

function curveDevices(devices: readonly Device[]): CurveDevice[] {
  return devices.map((device) => ({
    id: device.id,
    name: curveName(device, devices),
    source: device.source,
    counted: device.counted,
  }));
}

/** Short enough to stand beside a curve: `GPU 0`, `package-0`, `DRAM`. Where that would name two devices, the full name. */
function curveName(device: Device, devices: readonly Device[]): string {
  const short = shortName(device, devices);
  const twins = devices.filter((other) => shortName(other, devices) === short);
  return twins.length > 1 ? device.name : short;
}

function shortName(device: Device, devices: readonly Device[]): string {
  const { kind, meter, name } = device;
  if (kind === "gpu") return `GPU ${devices.filter((other) => other.kind === "gpu").indexOf(device)}`;
  // "Intel Xeon …, package-0": the processor is the same for all of its parts.
  if (meter === "rapl") return name.split(", ").at(-1)!;
  return kind === "cpu" ? "CPU" : name;
}
