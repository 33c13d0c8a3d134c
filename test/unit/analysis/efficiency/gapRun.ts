/** A run folder with a layer table, a loop and calibrated limits, as the recorder and the tracer write them. */
import type { Manifest } from "../../../../src/model/manifest";
import { encode, manifestOf, packageDevice, samplesOf, traceHeader, writeRun } from "../../store/everyRun";

export interface GapFolder {
  readonly script?: string;
  readonly calibrated?: boolean;
  /** More rows of the trace. */
  readonly rows?: readonly unknown[];
  readonly layers?: boolean;
  /** The file that layers are made in, and the line of the first of three. */
  readonly place?: { readonly path: string; readonly line: number };
  readonly root?: string;
  /** Of the script as the run saw it, hex SHA-256. */
  readonly sha256?: string;
}

/** One iteration of the made-up loop, seconds. */
export const iterationS = 0.1;
export const phasesS = { data: 0.02, decode: 0.01, forward: 0.04, backward: 0.02 } as const;
export const watts = 50;

export const calibration: NonNullable<Manifest["calibration"]> = {
  schema: "wattline.calibration/1",
  at: "2026-11-24T12:00:00.000Z",
  machine: { host: "host", torch: "2.13.0", python: "3.11.7" },
  devices: [
    {
      name: "Test CPU",
      kind: "cpu",
      dtype: "fp32",
      peakFlopsPerS: 100e9,
      bandwidthBytesPerS: 10e9,
      repeats: 10,
      spread: 0.02,
    },
  ],
};

const [channels, size] = [64, 32];
const pixels = channels * size * size;
/** Pointwise, depthwise, pointwise: FLOPs of each. */
export const flops = [2 * pixels * channels, 2 * pixels * 9, 2 * pixels * channels];
const weights = [channels * channels, channels * 9, channels * channels];

/** @returns the folder's path */
export function writeGapRun(folder: GapFolder = {}): Promise<string> {
  const script = folder.script ?? "/home/someone/project/train.py";
  const place = folder.place ?? { path: script, line: 5 };
  const rows: unknown[] = [traceHeader, ["l", 0, script, 20, 30, "training", -1, "batch"], ["p", script]];
  const layers = flops.map((_, k) => {
    const attributes = { kernel: k === 1 ? [3, 3] : [1, 1], groups: k === 1 ? channels : 1 };
    const bytes = 4 * weights[k]!;
    return [
      "m",
      k,
      `block.${k}`,
      "Conv2d",
      "float32",
      weights[k],
      bytes,
      place.path,
      place.line + k,
      script,
      22,
      attributes,
    ];
  });
  if (folder.layers !== false) rows.push(...layers);
  for (let iteration = 0; iteration < 20; iteration++) {
    const beganS = 1001 + iteration * iterationS;
    let atS = beganS;
    for (const [phase, durationS] of Object.entries(phasesS)) {
      rows.push(["s", phase, iteration, atS, durationS, 21, 0]);
      atS += durationS;
    }
    rows.push(["i", 0, iteration, beganS, iterationS]);
    if (folder.layers === false || iteration % 5 !== 0) continue;
    const shape = [1, channels, size, size];
    flops.forEach((done, k) => {
      const timeS = [0.002, 0.001, 0.004][k];
      rows.push(["y", k, "forward", iteration, 1, timeS, done, 4 * pixels, 4 * pixels, "float32", shape, shape]);
    });
  }
  rows.push(...(folder.rows ?? []), ["e", 1004]);
  const manifest = manifestOf({
    devices: [packageDevice],
    host: { name: "host", os: "Linux 6.1", cpu: "Test CPU" },
    argv: ["python", script],
    ...(folder.sha256 !== undefined && { script: { path: script, sha256: folder.sha256 } }),
    ...(folder.calibrated !== false && { calibration }),
    child: { pid: 7, startS: 0.2 },
    end: { ...manifestOf().end!, timeS: 4 },
  });
  const samples = encode(samplesOf(4, { [packageDevice.id]: watts }), [packageDevice.id]);
  return writeRun({ manifest, samples, trace: rows }, "2026-11-24T12-04-31-train", folder.root);
}
