/**
 * NVML's functions, called from here without code of our own in C: `libnvidia-ml.so.1` or `nvml.dll` through koffi.
 *
 * Every function returns a code (see codes.ts) and writes what it has to say into buffers that the caller owns and
 * uses again: nothing is allocated in a call, and Electron's ban on foreign memory is no matter. Handles are opaque
 * pointers, passed as numbers. Signatures: NVIDIA's nvml.h, 13.3 (go-nvml gen/nvml/nvml.h at 2f9e261); a function that
 * an older driver does not have answers `functionNotFound`.
 */
import { join } from "node:path";
import type { Host } from "../meter";
import { functionNotFound } from "./codes";

const device = "uintptr_t";
const out = "void *";
const uint = "uint32_t";
const int = "int32_t";

const signatures = {
  nvmlInit_v2: [],
  nvmlShutdown: [],
  nvmlSystemGetDriverVersion: [out, uint],
  nvmlSystemGetNVMLVersion: [out, uint],
  nvmlDeviceGetCount_v2: [out],
  nvmlDeviceGetHandleByIndex_v2: [uint, out],
  nvmlDeviceGetName: [device, out, uint],
  nvmlDeviceGetUUID: [device, out, uint],
  nvmlDeviceGetArchitecture: [device, out],
  nvmlDeviceGetCudaComputeCapability: [device, out, out],
  nvmlDeviceGetTotalEnergyConsumption: [device, out],
  nvmlDeviceGetPowerUsage: [device, out],
  nvmlDeviceGetFieldValues: [device, int, out],
  nvmlDeviceGetUtilizationRates: [device, out],
  nvmlDeviceGetClockInfo: [device, int, out],
  nvmlDeviceGetMemoryInfo: [device, out],
  nvmlDeviceGetMemoryInfo_v2: [device, out],
  nvmlDeviceGetTemperature: [device, int, out],
  nvmlDeviceGetTemperatureV: [device, out],
  nvmlDeviceGetCurrentClocksEventReasons: [device, out],
  nvmlDeviceGetCurrentClocksThrottleReasons: [device, out],
  nvmlDeviceGetEnforcedPowerLimit: [device, out],
  nvmlDeviceGetPowerManagementLimitConstraints: [device, out, out],
  nvmlDeviceGetComputeRunningProcesses_v3: [device, out, out],
  nvmlDeviceGetProcessUtilization: [device, out, out, "uint64_t"],
  nvmlDeviceGetMigMode: [device, out, out],
  nvmlDeviceGetMaxMigDeviceCount: [device, out],
  nvmlDeviceGetMigDeviceHandleByIndex: [device, uint, out],
} as const;

type FunctionName = keyof typeof signatures;
type NvmlCall = (...values: readonly (number | ArrayBufferView)[]) => number;

/** The library's functions by their own names. */
export type Nvml = { readonly [name in FunctionName]: NvmlCall };

/** Where the library may lie, best first. An unversioned `libnvidia-ml.so` may be a stub for linking: never that. */
export function nvmlPaths({ env, platform }: Pick<Host, "env" | "platform">): readonly string[] {
  if (env.WATTLINE_NVML_LIBRARY) return [env.WATTLINE_NVML_LIBRARY];
  if (platform === "linux") return ["libnvidia-ml.so.1", "/usr/lib/wsl/lib/libnvidia-ml.so.1"];
  if (platform !== "win32") return [];
  // Full paths: a bare name would be looked for in the working directory first, where anybody may have put one.
  return [
    join(env.SystemRoot ?? "C:\\Windows", "System32", "nvml.dll"),
    join(env.ProgramW6432 ?? "C:\\Program Files", "NVIDIA Corporation", "NVSMI", "nvml.dll"),
  ];
}

/**
 * Loads the first library that can be loaded.
 * @returns the functions, or why each path failed
 */
export async function loadNvml(paths: readonly string[]): Promise<Nvml | readonly string[]> {
  const failures: string[] = [];
  for (const path of paths) {
    try {
      return await bind(path);
    } catch (error) {
      failures.push(`${path}: ${(error as Error).message}`);
    }
  }
  return failures;
}

const loaded = new Map<string, Nvml>();

async function bind(path: string): Promise<Nvml> {
  const before = loaded.get(path);
  if (before) return before;
  // Only here: a process that reads no GPU does not pay for the foreign function interface.
  const { default: koffi } = await import("koffi");
  const library = koffi.load(path);
  const call = (name: FunctionName): NvmlCall => {
    try {
      return library.func(name, "int32_t", [...signatures[name]]) as NvmlCall;
    } catch {
      return () => functionNotFound;
    }
  };
  const nvml = Object.fromEntries((Object.keys(signatures) as FunctionName[]).map((name) => [name, call(name)]));
  loaded.set(path, nvml as Nvml);
  return nvml as Nvml;
}
