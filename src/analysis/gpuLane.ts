/** What a rank did on a GPU, by the GPU's own time line: work is queued there, and done later than it was asked for. */
import type { Device } from "../model/device";
import type { PhaseName } from "../model/phase";
import type { DeviceSpanColumns, Trace } from "../model/trace";
import type { FlatSegments } from "./attribution/flattenSpans";
import { laneOf } from "./lane";

/**
 * @param gpus all GPUs of the run that are counted, in the meters' order
 * @returns undefined where the rank's traces have no spans on this GPU: then the host's time has to do
 */
export function gpuLane(
  traces: readonly Trace[],
  names: readonly PhaseName[],
  gpu: Device,
  gpus: readonly Device[],
): FlatSegments | undefined {
  const found = traces.flatMap((trace) => {
    const index = indexIn(trace, gpu, gpus);
    const spans = index === undefined ? undefined : spansOn(trace, index);
    return spans === undefined ? [] : [{ trace, spans }];
  });
  if (found.length === 0) return undefined;
  const spansOf = new Map(found.map(({ trace, spans }) => [trace, spans]));
  return laneOf(
    found.map(({ trace }) => trace),
    names,
    (trace) => spansOf.get(trace)!,
  ).segments;
}

/** A meter's GPU as the process numbers it: by its UUID, or as the only one on both sides. */
function indexIn({ devices, deviceSpans }: Trace, gpu: Device, gpus: readonly Device[]): number | undefined {
  const byUuid = devices?.find(({ uuid }) => uuid !== undefined && gpu.id.endsWith(uuid));
  if (byUuid !== undefined) return byUuid.index;
  const indices = new Set(deviceSpans?.device);
  return gpus.length === 1 && indices.size === 1 ? [...indices][0] : undefined;
}

function spansOn({ deviceSpans }: Trace, index: number) {
  const rows =
    deviceSpans === undefined ? [] : [...deviceSpans.device.keys()].filter((k) => deviceSpans.device[k] === index);
  if (rows.length === 0) return undefined;
  const { phase, startS, durationS } = deviceSpans as DeviceSpanColumns;
  return {
    phase: Uint8Array.from(rows, (row) => phase[row]!),
    startS: Float64Array.from(rows, (row) => startS[row]!),
    durationS: Float64Array.from(rows, (row) => durationS[row]!),
  };
}
