/** The device that a question about quantization is for: the one named, this machine's GPUs, or its processor. */
import { cpus, totalmem } from "node:os";
import { WattlineError } from "../../model/errors";
import { type Gpu, gpuCalled, gpuNames, gpuOfDriver } from "../../model/gpus";
import type { QuantDevice } from "../../model/quantization";
import { localGpuNames } from "./localGpus";

const mostDevices = 64;

/**
 * @param named "H100", "2x A100", "RTX 4090", "cpu"; undefined is this machine
 * @throws WattlineError where the name is not known, with those that are
 */
export function quantDevice(named: string | undefined, local: () => string[] = localGpuNames): QuantDevice {
  if (named === undefined) return thisMachine(local());
  const [, times, name] = /^\s*(?:(\d{1,3})\s*[x×]\s*)?(.+?)\s*$/i.exec(named) ?? [];
  const count = times === undefined ? 1 : Number(times);
  if (name === undefined || count < 1 || count > mostDevices)
    throw new WattlineError(`A device is a name, such as H100 or "2x A100", and not "${named}".`);
  if (/^(cpu|processor)$/i.test(name)) return processor();
  if (/^(apple\b.*|m[1-9]( (pro|max|ultra))?)$/i.test(name)) {
    return {
      name,
      kind: "apple",
      vendor: "apple",
      count: 1,
      ...(process.platform === "darwin" ? { memoryBytes: totalmem() } : {}),
    };
  }
  const found = gpuCalled(name);
  if (found === undefined) {
    throw new WattlineError(
      `The figures of "${name}" are not known. Known: cpu, ${gpuNames.join(", ")}; "2x A100" for two.`,
    );
  }
  const note =
    found.others.length === 0
      ? undefined
      : `${name} was taken for ${found.gpu.name}; also known: ${found.others.join(", ")}.`;
  return ofGpu(found.gpu, count, note);
}

function thisMachine(names: readonly string[]): QuantDevice {
  const [first] = names;
  if (first === undefined)
    return processor("No NVIDIA driver was found, so this is for the processor. --device NAME asks for a GPU.");
  const same = names.filter((name) => name === first).length;
  const gpu = gpuOfDriver(first);
  if (gpu !== undefined)
    return ofGpu(gpu, same, same > 1 ? `${same} of them are here; --device "${gpu.name}" asks for one.` : undefined);
  return {
    name: first,
    kind: "gpu",
    vendor: "nvidia",
    count: same,
    note: `The figures of ${first} are not known, so neither fit nor speed can be told.`,
  };
}

function ofGpu(gpu: Gpu, count: number, note?: string): QuantDevice {
  const { name, vendor, architecture, computeCapability, memoryBytes, bandwidthBytesPerS, tdpW, peakPerS } = gpu;
  return {
    name,
    kind: "gpu",
    count,
    vendor,
    architecture,
    ...(computeCapability === undefined ? {} : { computeCapability }),
    memoryBytes,
    bandwidthBytesPerS,
    tdpW,
    peakPerS,
    ...(note === undefined ? {} : { note }),
  };
}

function processor(note?: string): QuantDevice {
  if (process.platform === "darwin" && process.arch === "arm64") {
    return { name: cpus()[0]?.model ?? "Apple", kind: "apple", vendor: "apple", count: 1, memoryBytes: totalmem() };
  }
  return {
    name: cpus()[0]?.model.trim() || "CPU",
    kind: "cpu",
    count: 1,
    memoryBytes: totalmem(),
    ...(note === undefined ? {} : { note }),
  };
}
