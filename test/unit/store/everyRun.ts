/** Run folders for tests, made of what the recorder writes, with the truth that they were made from. */
import { mkdirSync, writeFileSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Device } from "../../../src/model/device";
import type { Manifest } from "../../../src/model/manifest";
import type { Sample } from "../../../src/model/sample";
import { endOfStream, SampleEncoder } from "../../../src/store/arrowEncode";

export const packageDevice: Device = {
  id: "rapl:intel-rapl:0",
  kind: "cpu",
  name: "package-0",
  meter: "rapl",
  source: "measured",
  counted: true,
  updatePeriodS: 0.001,
};

export const gpuDevice: Device = {
  id: "nvml:GPU-1",
  kind: "gpu",
  name: "NVIDIA Test",
  meter: "nvml",
  source: "measured",
  counted: true,
  updatePeriodS: 0.1,
};

export function manifestOf(changes: Partial<Manifest> = {}): Manifest {
  return {
    schema: "wattline.run/1",
    id: "2026-11-24T12-04-31-train",
    argv: ["python", "train.py"],
    cwd: "/home/someone/project",
    host: { name: "host", os: "Linux 6.1", logicalCpus: 2 },
    recorder: { pid: 2 ** 22 + 1, version: "0.1.0" },
    startedAt: "2026-11-24T12:04:31.000Z",
    startedMonotonicS: 1000,
    devices: [packageDevice, gpuDevice],
    unavailable: [],
    settings: { rateHz: 10, trace: true },
    end: {
      at: "2026-11-24T12:04:41.000Z",
      timeS: 10,
      exitCode: 0,
      self: { cpuTimeS: 0.2, residentBytes: 9e7, polls: 1000 },
      lost: [],
    },
    ...changes,
  };
}

/** Two devices at constant power, ten readings a second. */
export function samplesOf(seconds: number, powerW: Readonly<Record<string, number>>): Sample[] {
  const samples: Sample[] = [];
  for (let tick = 0; tick <= seconds * 10; tick++) {
    for (const [deviceId, watts] of Object.entries(powerW)) {
      const timeS = tick / 10;
      samples.push({
        deviceId,
        timeS,
        timeErrorS: 0.0005,
        energyJ: watts * timeS,
        ...(tick % 3 === 0 && { powerW: watts }),
      });
    }
  }
  return samples;
}

/** The bytes of a samples file with `perBatch` samples a batch. */
export function encode(samples: readonly Sample[], deviceIds: readonly string[], perBatch = 10): Buffer {
  const encoder = new SampleEncoder(deviceIds);
  const parts = [encoder.header()];
  for (let at = 0; at < samples.length; at += perBatch) parts.push(encoder.batch(samples.slice(at, at + perBatch)));
  return Buffer.concat([...parts, endOfStream]);
}

export interface Folder {
  readonly manifest?: unknown;
  readonly samples?: Uint8Array;
  /** Rows of `rank-0-77.jsonl`, the header first. */
  readonly trace?: readonly unknown[];
  readonly files?: Readonly<Record<string, string | Uint8Array>>;
}

export const traceHeader = {
  schema: "wattline.trace/1",
  clock: "monotonic",
  pid: 77,
  rank: 0,
  startS: 1000.5,
  python: "3.11.7",
  frameworks: { torch: "2.13.0" },
  script: "/home/someone/project/train.py",
};

/** @returns the path of a new run folder below `root` (a new temporary folder where none is given) */
export async function writeRun(folder: Folder, name = "2026-11-24T12-04-31-train", root?: string): Promise<string> {
  const path = join(root ?? (await mkdtemp(join(tmpdir(), "wattline-test-"))), name);
  mkdirSync(join(path, "trace"), { recursive: true });
  if (folder.manifest !== undefined) {
    const text = typeof folder.manifest === "string" ? folder.manifest : JSON.stringify(folder.manifest);
    writeFileSync(join(path, "run.json"), text);
  }
  if (folder.samples) writeFileSync(join(path, "samples.arrow"), folder.samples);
  if (folder.trace) {
    const lines = folder.trace.map((row) => `${JSON.stringify(row)}\n`).join("");
    writeFileSync(join(path, "trace", "rank-0-77.jsonl"), lines);
  }
  for (const [file, content] of Object.entries(folder.files ?? {})) writeFileSync(join(path, file), content);
  return path;
}
