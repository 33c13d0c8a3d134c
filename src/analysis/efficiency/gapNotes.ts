/** What a reader of the layer table must know before believing it. */
import { formatShare, plural } from "../../model/format";
import type { GapDevice, GapLayer, GapNote } from "../../model/gap";
import { overPeak } from "./peaks";

export interface Noted {
  readonly device: GapDevice;
  readonly layers: readonly GapLayer[];
  readonly sampled: number;
  readonly badRows: number;
  readonly tf32: boolean;
}

export function gapNotes(noted: Noted): GapNote[] {
  if (noted.layers.length === 0) return [{ code: "no-layers", message: noLayers }, ...badRowsNote(noted)];
  return [...limitNotes(noted), ...tableNotes(noted), ...badRowsNote(noted)];
}

const noLayers =
  "No layers were measured: the tracer measures the modules of PyTorch models in a few iterations of a loop. A run " +
  "without tracing, of another framework or shorter than some iterations has none.";

function limitNotes({ device, layers, tf32 }: Noted): GapNote[] {
  const notes: GapNote[] = [];
  if (device.source === "unknown") {
    const message =
      `What ${device.name} can do at most is not known, so nothing is said of efficiency. ` +
      "`wattline calibrate` measures it.";
    return [{ code: "unknown-device", message }];
  }
  if (device.source === "datasheet") {
    const message =
      "The peak is the datasheet's, without sparsity; a tuned matrix product reaches 50 to 87 % of it. " +
      "`wattline calibrate` measures what this machine reaches.";
    notes.push({ code: "datasheet", message });
  }
  if (tf32) {
    const message =
      "Products in float32 ran faster than float32 can on this device, so they are held against the peak of TF32.";
    notes.push({ code: "tf32", message });
  }
  const missing = [...new Set(layers.flatMap(({ dtype, idealTimeS }) => (idealTimeS === undefined ? [dtype] : [])))];
  const named = missing.filter((dtype) => dtype !== undefined && device.peakFlopsPerS?.[dtype] === undefined);
  if (named.length > 0) {
    const message = `The peak of ${device.name} in ${named.join(", ")} is not known: layers in it have no efficiency.`;
    notes.push({ code: "no-peak", message });
  }
  return notes;
}

function tableNotes({ layers, sampled, device }: Noted): GapNote[] {
  const allS = layers.reduce((sum, { timeS }) => sum + timeS, 0);
  const say = (code: GapNote["code"], rows: readonly GapLayer[], sentence: (what: string) => string): GapNote[] => {
    if (rows.length === 0) return [];
    const share = rows.reduce((sum, { timeS }) => sum + timeS, 0) / allS;
    const names = new Set(rows.map(({ name }) => name));
    const what = `${plural(names.size, "layer")} (${[...names].slice(0, 3).join(", ")}${names.size > 3 ? ", …" : ""}; ${formatShare(share)} of the time)`;
    return [{ code, message: sentence(what) }];
  };
  const bandwidth = device.bandwidthBytesPerS ?? Number.POSITIVE_INFINITY;
  return [
    ...say(
      "no-flops",
      layers.filter(({ flops }) => flops === undefined),
      (what) => `No rule for FLOPs is known for ${what}: the ideal time counts as 0 there, the whole time as lost.`,
    ),
    ...say(
      "no-bytes",
      layers.filter(({ bytes }) => bytes === undefined),
      (what) => `Bytes are not known for ${what}: what is lost there is not told apart.`,
    ),
    ...say(
      "over-peak",
      layers.filter(({ efficiency }) => efficiency !== undefined && efficiency > overPeak),
      (what) => `Faster than the peak: ${what}. The peak is set too low, or FLOPs were counted that were not done.`,
    ),
    ...say(
      "from-cache",
      layers.filter(({ bytes, timeS }) => bytes !== undefined && bytes > overPeak * bandwidth * timeS),
      (what) =>
        `Faster than memory: ${what}. Part of the data came from a cache, and what is called lost to memory there is the cache.`,
    ),
    ...(sampled === 1
      ? [
          {
            code: "few-samples" as const,
            message: "One iteration was measured, so nothing is known of how much times scatter.",
          },
        ]
      : []),
  ];
}

function badRowsNote({ badRows }: Noted): GapNote[] {
  if (badRows === 0) return [];
  const message = `${plural(badRows, "row")} of the layer table had no time, or named no layer, and were left out.`;
  return [{ code: "bad-rows", message }];
}
