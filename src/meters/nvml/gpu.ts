/**
 * One GPU through NVML: what it is, and what it shows now. Every value has its own return code, and what was refused is
 * absent. Offsets are those of nvml.h on 64-bit systems.
 */

import { functionNotFound, insufficientSize, notSupported, success } from "./codes";
import type { Nvml } from "./library";

export type Handle = number;

const two32 = 4_294_967_296;

/** A 64-bit number that is not there: all bits set. Exact below 2^53. */
function u64(words: Uint32Array, index = 0): number {
  const high = words[index + 1]!;
  return high === 0xffffffff ? Number.NaN : words[index]! + high * two32;
}

const textBytes = 96;

/** A C string that a function writes. */
export function readText(call: (into: Buffer, length: number) => number): { code: number; text: string } {
  const buffer = Buffer.alloc(textBytes);
  const code = call(buffer, textBytes);
  const end = buffer.indexOf(0);
  return { code, text: code === success ? buffer.toString("utf8", 0, end < 0 ? textBytes : end) : "" };
}

/** Handles of all GPUs in the order of the bus; a code instead where one cannot be reached. */
export function listHandles(nvml: Nvml): readonly ({ readonly handle: Handle } | { readonly code: number })[] {
  const count = new Uint32Array(1);
  const code = nvml.nvmlDeviceGetCount_v2(count);
  if (code !== success) return [{ code }];
  return Array.from({ length: count[0]! }, (_, index) => {
    const pointer = new BigUint64Array(1);
    const answer = nvml.nvmlDeviceGetHandleByIndex_v2(index, pointer);
    return answer === success ? { handle: Number(pointer[0]) } : { code: answer };
  });
}

/** UUIDs of the MIG slices of a GPU; none where it is not divided. */
export function listSlices(nvml: Nvml, gpu: Handle): readonly string[] | undefined {
  const current = new Uint32Array(1);
  const pending = new Uint32Array(1);
  if (nvml.nvmlDeviceGetMigMode(gpu, current, pending) !== success || current[0] !== 1) return undefined;
  const most = new Uint32Array(1);
  if (nvml.nvmlDeviceGetMaxMigDeviceCount(gpu, most) !== success) return [];
  const uuids: string[] = [];
  for (let index = 0; index < most[0]!; index++) {
    const slice = new BigUint64Array(1);
    if (nvml.nvmlDeviceGetMigDeviceHandleByIndex(gpu, index, slice) !== success) continue;
    const { code, text } = readText((into, length) => nvml.nvmlDeviceGetUUID(Number(slice[0]), into, length));
    if (code === success) uuids.push(text);
  }
  return uuids;
}

const powerAverage = 185;
const powerInstant = 186;

/** GPU alone; the module of a Grace superchip, which some of those answer to only. */
const scopes = [0, 1] as const;

const fieldBytes = 40;
const valueType = { double: 0, uint32: 1, uint64: 3, int64: 4, int32: 5, uint16: 6 } as const;
const unsignedLong = 2;

/**
 * Average and instant power by field values, which have a scope and a code each, and which not every GPU and driver has.
 */
export class PowerFields {
  /** The scope that answered, undefined where none did. */
  readonly scope: number | undefined;
  /** Watts; NaN where refused. */
  average = Number.NaN;
  instant = Number.NaN;
  private readonly buffer = Buffer.alloc(2 * fieldBytes);

  constructor(
    private readonly nvml: Nvml,
    private readonly gpu: Handle,
  ) {
    this.scope = scopes.find((scope) => {
      this.ask(scope);
      this.read();
      return !Number.isNaN(this.average) || !Number.isNaN(this.instant);
    });
  }

  /** Fills `average` and `instant`; the code of the call as a whole. */
  read(): number {
    const code = this.nvml.nvmlDeviceGetFieldValues(this.gpu, 2, this.buffer);
    this.average = code === success ? this.watts(0) : Number.NaN;
    this.instant = code === success ? this.watts(fieldBytes) : Number.NaN;
    return code;
  }

  private ask(scope: number): void {
    this.buffer.writeUInt32LE(powerAverage, 0);
    this.buffer.writeUInt32LE(scope, 4);
    this.buffer.writeUInt32LE(powerInstant, fieldBytes);
    this.buffer.writeUInt32LE(scope, fieldBytes + 4);
  }

  private watts(at: number): number {
    if (this.buffer.readUInt32LE(at + 28) !== success) return Number.NaN;
    return milliwatts(this.value(at + 32, this.buffer.readUInt32LE(at + 24)));
  }

  private value(at: number, type: number): number {
    switch (type) {
      case valueType.double:
        return this.buffer.readDoubleLE(at);
      case valueType.uint32:
        return this.buffer.readUInt32LE(at);
      case valueType.int32:
        return this.buffer.readInt32LE(at);
      case valueType.uint16:
        return this.buffer.readUInt16LE(at);
      // A C `long` has 32 bits on Windows; a power in milliwatts has never more.
      case unsignedLong:
      case valueType.uint64:
      case valueType.int64:
        return this.buffer.readUInt32LE(at);
      default:
        return Number.NaN;
    }
  }
}

/** A GPU that runs draws something: 0 mW is what some drivers say when they are asked too often (Zeus). */
function milliwatts(value: number): number {
  return value > 0 && value < 0xffffffff ? value / 1000 : Number.NaN;
}

const clockSm = 1;
const clockMemory = 2;
const memoryVersion2 = 0x02000028;
const temperatureVersion1 = 0x0100000c;

/** The readings of one GPU. Methods give NaN for what the GPU or the driver does not say; `code` says why. */
export class Gpu {
  readonly power: PowerFields;
  /** Code of the last call. */
  code = success;
  private readonly one = new Uint32Array(1);
  private readonly two = new Uint32Array(2);
  private readonly memory = new Uint32Array(10);
  private readonly temperature = new Int32Array(3);
  private processRoom = 16;
  private processBuffer = Buffer.alloc(0);
  private lastSampleUs = 0;

  constructor(
    private readonly nvml: Nvml,
    readonly handle: Handle,
  ) {
    this.power = new PowerFields(nvml, handle);
  }

  /** Millijoules since the driver was loaded. */
  energyMj(): number {
    this.code = this.nvml.nvmlDeviceGetTotalEnergyConsumption(this.handle, this.two);
    return this.code === success ? u64(this.two) : Number.NaN;
  }

  /** Watts: on Ampere and later, but for GA100, the mean of the last second. */
  powerUsageW(): number {
    this.code = this.nvml.nvmlDeviceGetPowerUsage(this.handle, this.one);
    return this.code === success ? milliwatts(this.one[0]!) : Number.NaN;
  }

  /** 0..1 */
  utilization(): number {
    this.code = this.nvml.nvmlDeviceGetUtilizationRates(this.handle, this.two);
    return this.code === success && this.two[0]! <= 100 ? this.two[0]! / 100 : Number.NaN;
  }

  /** Bytes in use. */
  memoryBytes(): number {
    this.memory[0] = memoryVersion2;
    this.code = this.nvml.nvmlDeviceGetMemoryInfo_v2(this.handle, this.memory);
    if (this.code === success) return u64(this.memory, 8);
    if (this.code === notSupported) return Number.NaN;
    // Version 1 counts what the driver keeps for itself as used.
    this.code = this.nvml.nvmlDeviceGetMemoryInfo(this.handle, this.memory);
    return this.code === success ? u64(this.memory, 4) : Number.NaN;
  }

  smClockMhz(): number {
    return this.clock(clockSm);
  }

  memoryClockMhz(): number {
    return this.clock(clockMemory);
  }

  temperatureC(): number {
    this.temperature[0] = temperatureVersion1;
    this.temperature[1] = 0;
    this.code = this.nvml.nvmlDeviceGetTemperatureV(this.handle, this.temperature);
    if (this.code === success) return this.temperature[2]!;
    this.code = this.nvml.nvmlDeviceGetTemperature(this.handle, 0, this.one);
    return this.code === success ? this.one[0]! : Number.NaN;
  }

  /** NVML's bits; see src/model/throttle.ts. */
  throttle(): number {
    this.code = this.nvml.nvmlDeviceGetCurrentClocksEventReasons(this.handle, this.two);
    if (this.code === functionNotFound) {
      this.code = this.nvml.nvmlDeviceGetCurrentClocksThrottleReasons(this.handle, this.two);
    }
    return this.code === success ? u64(this.two) : Number.NaN;
  }

  /** Watts that the GPU keeps below now. */
  powerLimitW(): number {
    this.code = this.nvml.nvmlDeviceGetEnforcedPowerLimit(this.handle, this.one);
    return this.code === success ? milliwatts(this.one[0]!) : Number.NaN;
  }

  /** Watts between which the limit may be set. */
  powerLimitRangeW(): readonly [number, number] | undefined {
    const most = new Uint32Array(1);
    this.code = this.nvml.nvmlDeviceGetPowerManagementLimitConstraints(this.handle, this.one, most);
    const range = [milliwatts(this.one[0]!), milliwatts(most[0]!)] as const;
    return this.code === success && !range.some(Number.isNaN) ? range : undefined;
  }

  architecture(): number | undefined {
    this.code = this.nvml.nvmlDeviceGetArchitecture(this.handle, this.one);
    return this.code === success && this.one[0] !== 0xffffffff ? this.one[0] : undefined;
  }

  computeCapability(): readonly [number, number] | undefined {
    const minor = new Uint32Array(1);
    this.code = this.nvml.nvmlDeviceGetCudaComputeCapability(this.handle, this.one, minor);
    return this.code === success ? [this.one[0]!, minor[0]!] : undefined;
  }

  /** Bytes of GPU memory by process, of those that compute on it. Unknown bytes (Windows) are NaN. */
  processMemory(): ReadonlyMap<number, number> {
    const stride = 24;
    const bytes = new Map<number, number>();
    const used = this.list(stride, (count, into) =>
      this.nvml.nvmlDeviceGetComputeRunningProcesses_v3(this.handle, count, into),
    );
    for (let at = 0; at < used * stride; at += stride) {
      const pid = this.processBuffer.readUInt32LE(at);
      const high = this.processBuffer.readUInt32LE(at + 12);
      // A process with several contexts has several entries.
      const own = high === 0xffffffff ? Number.NaN : this.processBuffer.readUInt32LE(at + 8) + high * two32;
      bytes.set(pid, (bytes.get(pid) ?? 0) + own);
    }
    return bytes;
  }

  /** Share (0..1) of the GPU's compute time by process since the last call: the mean of the driver's samples. */
  processUtilization(): ReadonlyMap<number, number> {
    const stride = 32;
    const sums = new Map<number, { percent: number; samples: number }>();
    const used = this.list(stride, (count, into) =>
      this.nvml.nvmlDeviceGetProcessUtilization(this.handle, into, count, this.lastSampleUs),
    );
    for (let at = 0; at < used * stride; at += stride) {
      const timeUs = this.processBuffer.readUInt32LE(at + 8) + this.processBuffer.readUInt32LE(at + 12) * two32;
      const percent = this.processBuffer.readUInt32LE(at + 16);
      this.lastSampleUs = Math.max(this.lastSampleUs, timeUs);
      if (timeUs === 0 || percent > 100) continue;
      const sum = sums.get(this.processBuffer.readUInt32LE(at)) ?? { percent: 0, samples: 0 };
      sums.set(this.processBuffer.readUInt32LE(at), { percent: sum.percent + percent, samples: sum.samples + 1 });
    }
    return new Map([...sums].map(([pid, { percent, samples }]) => [pid, percent / samples / 100]));
  }

  private clock(type: number): number {
    this.code = this.nvml.nvmlDeviceGetClockInfo(this.handle, type, this.one);
    return this.code === success ? this.one[0]! : Number.NaN;
  }

  /** Entries in `processBuffer` after a call that fills a list; the room grows until it suffices. */
  private list(stride: number, call: (count: Uint32Array, into: Buffer) => number): number {
    for (let attempt = 0; attempt < 4; attempt++) {
      if (this.processBuffer.length < this.processRoom * stride) {
        this.processBuffer = Buffer.alloc(this.processRoom * stride);
      }
      this.one[0] = Math.floor(this.processBuffer.length / stride);
      this.code = call(this.one, this.processBuffer);
      if (this.code === success) return Math.min(this.one[0]!, Math.floor(this.processBuffer.length / stride));
      if (this.code !== insufficientSize) return 0;
      this.processRoom = Math.max(this.processRoom * 2, this.one[0]! + 8);
    }
    return 0;
  }
}
