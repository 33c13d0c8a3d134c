/**
 * NVML: energy, power and state of NVIDIA GPUs, from the driver's own library.
 *
 * Since Volta a GPU counts its energy, in millijoules since the driver was loaded; before that there is only power, to
 * be integrated. Counter and power are updated every 20 or 100 ms. On Ampere and later, but for GA100, the plain power
 * is the mean of a second; the field "instant" has a shorter window (nvml/sensors.ts). All of it is about the whole
 * board: a MIG slice has no meter, so a divided GPU is found once and says so. The counter starts anew when the driver
 * is reloaded, which a machine without persistence does when its last client ends: NVML stays open for the run. A value
 * below the last is such a reset, never a wrap (2^64 mJ are 58 million years at 10 kW).
 *
 * The library is other people's code in this process: it can hang and it can crash. So `isolated`.
 */
import type { Device, Unavailable } from "../model/device";
import { systemFiles } from "./files";
import type { Found, Host, Meter, OpenMeter, ProcessUse, Reading } from "./meter";
import { Channel } from "./nvml/channel";
import { nvmlWords, success } from "./nvml/codes";
import { selectGpus } from "./nvml/cudaVisibleDevices";
import { Gpu, listHandles, listSlices, readText } from "./nvml/gpu";
import { loadNvml, type Nvml, nvmlPaths } from "./nvml/library";
import { gpuNotReadable, gpuWithoutPower, nvmlNotLoaded, nvmlNotStarted } from "./nvml/remedies";
import { sensorOf } from "./nvml/sensors";

export const nvml: Meter = {
  id: "nvml",
  isolated: true,

  /** Leaves the library started until `open`'s meter is closed: starting the driver twice takes seconds a GPU. */
  async find(host) {
    const files = host.files ?? systemFiles;
    const library = await loadNvml(nvmlPaths(host));
    if (Array.isArray(library)) return { devices: [], unavailable: [nvmlNotLoaded(files, host, library)] };
    const code = start(library as Nvml);
    if (code !== success) return { devices: [], unavailable: [nvmlNotStarted(files, code)] };
    return describeAll(library as Nvml, host);
  },

  async open(devices, host) {
    const library = await loadNvml(nvmlPaths(host));
    if (Array.isArray(library)) throw new Error(library.join("; "));
    const code = start(library as Nvml);
    if (code !== success) throw new Error(nvmlWords(code));
    return new OpenNvml(library as Nvml, devices, host.nowS ?? (() => performance.now() / 1000));
  },
};

/** Libraries that were started, with how many meters are open on each. */
const started = new Map<Nvml, number>();

function start(library: Nvml): number {
  if (started.has(library)) return success;
  const code = library.nvmlInit_v2();
  if (code === success) started.set(library, 0);
  return code;
}

/** The last meter to be closed stops the library. */
function release(library: Nvml): void {
  const others = (started.get(library) ?? 1) - 1;
  if (others > 0) started.set(library, others);
  else if (started.delete(library)) library.nvmlShutdown();
}

interface Seen {
  readonly gpu: Gpu;
  readonly uuid: string;
  readonly name: string;
  /** Undefined: not divided. */
  readonly slices: readonly string[] | undefined;
}

function describeAll(library: Nvml, { env }: Host): Found {
  const unavailable: Unavailable[] = [];
  const seen: Seen[] = [];
  listHandles(library).forEach((answer, index) => {
    if ("code" in answer) unavailable.push(gpuNotReadable(`GPU ${index}`, answer.code));
    else {
      const identity = identify(library, answer.handle);
      if (typeof identity === "number") unavailable.push(gpuNotReadable(`GPU ${index}`, identity));
      else seen.push(identity);
    }
  });
  const selectable = seen.map(({ uuid, name, slices = [] }) => ({ uuid, name, slices }));
  const selection = selectGpus(env.CUDA_VISIBLE_DEVICES, selectable, env.CUDA_DEVICE_ORDER);
  const devices = seen.flatMap((each, index) => {
    const device = describe(each, selection.use[index]!, selection.doubt);
    if (typeof device !== "number") return [device];
    unavailable.push(gpuWithoutPower(each.name, device));
    return [];
  });
  return { devices, unavailable };
}

function identify(library: Nvml, handle: number): Seen | number {
  const uuid = readText((into, length) => library.nvmlDeviceGetUUID(handle, into, length));
  if (uuid.code !== success) return uuid.code;
  const name = readText((into, length) => library.nvmlDeviceGetName(handle, into, length));
  return {
    gpu: new Gpu(library, handle),
    uuid: uuid.text,
    name: name.text || "NVIDIA GPU",
    slices: listSlices(library, handle),
  };
}

/** The GPU as a device, or NVML's code where it has neither counter nor power. */
function describe({ gpu, uuid, name, slices }: Seen, use: "whole" | "slice" | "none", doubt?: string): Device | number {
  // A counter at 0 is one that does not count: a GPU has used a millijoule before anybody can ask.
  const hasCounter = gpu.energyMj() > 0;
  const refusal = gpu.code;
  const hasPower = !Number.isNaN(gpu.power.average) || !Number.isNaN(gpu.power.instant);
  if (!hasCounter && !hasPower && Number.isNaN(gpu.powerUsageW())) return refusal;
  const limit = gpu.powerLimitW();
  const range = gpu.powerLimitRangeW();
  return {
    id: idOf(uuid),
    kind: "gpu",
    name,
    meter: "nvml",
    source: hasCounter ? "measured" : "integrated",
    counted: use !== "none",
    ...sensorOf(gpu.architecture(), gpu.computeCapability()),
    ...(Number.isNaN(limit) ? {} : { powerLimitW: limit }),
    ...(range ? { powerLimitRangeW: [range[0], range[1]] as [number, number] } : {}),
    scope: [scopeWords(gpu, slices, use), ...(doubt ? [doubt] : [])].join(" "),
  };
}

function scopeWords(gpu: Gpu, slices: readonly string[] | undefined, use: "whole" | "slice" | "none"): string {
  if (slices !== undefined) {
    const shared = use === "slice" ? "The run has a MIG slice of it, and " : "";
    const count = slices.length === 1 ? "1 MIG slice shares it" : `${slices.length} MIG slices share it`;
    return `${shared || "The whole board; "}${shared ? "the energy is the whole board's: " : ""}${count}.`;
  }
  return gpu.power.scope === 1 ? "The module: GPU and CPU of a superchip." : "The whole board: GPU and its memory.";
}

function idOf(uuid: string): string {
  return `nvml:${uuid}`;
}

/** A GPU that was lost when the meter was opened is looked for so often. */
const lookAgainS = 5;

class OpenNvml implements OpenMeter {
  private readonly channels: (Channel | undefined)[];
  private lookedS = 0;
  private isOpen = true;

  constructor(
    private readonly library: Nvml,
    private readonly devices: readonly Device[],
    private readonly nowS: () => number,
  ) {
    started.set(library, (started.get(library) ?? 0) + 1);
    this.channels = devices.map(() => undefined);
    this.look();
  }

  /** Finds the handles of the devices that have none yet. */
  private look(): void {
    this.lookedS = this.nowS();
    const handles = new Map<string, number>();
    for (const answer of listHandles(this.library)) {
      if ("code" in answer) continue;
      const { handle } = answer;
      const { code, text } = readText((into, length) => this.library.nvmlDeviceGetUUID(handle, into, length));
      if (code === success) handles.set(idOf(text), handle);
    }
    this.devices.forEach((device, index) => {
      const handle = handles.get(device.id);
      if (handle === undefined) return;
      this.channels[index] ??= new Channel(device, new Gpu(this.library, handle), this.nowS());
    });
  }

  read(): readonly Reading[] {
    if (this.channels.includes(undefined) && this.nowS() - this.lookedS >= lookAgainS) this.look();
    const readings: Reading[] = [];
    for (const channel of this.channels) readings.push(channel ? channel.read(this.nowS()) : gone);
    return readings;
  }

  processes(): readonly ProcessUse[] {
    return this.channels.flatMap((channel, device) => channel?.processes(device) ?? []);
  }

  counterAtOpenJ(): readonly (number | undefined)[] {
    return this.channels.map((channel) => channel?.counterAtOpenJ);
  }

  close(): void {
    if (this.isOpen) release(this.library);
    this.isOpen = false;
  }
}

const gone: Reading = { failure: "This GPU is not there any more." };
