/**
 * The one place that knows the package `node-nvidia-smi`: it starts `nvidia-smi -q -x` and makes objects of the XML,
 * with no limit of time and no types. Both are added here. What comes out of another program is checked field by field.
 */
import type { ChildProcess } from "node:child_process";
import { channel } from "node:diagnostics_channel";
import type { Socket } from "node:net";
import * as v from "valibot";
import { systemFiles, textOf } from "../files";

/** What nvidia-smi says of one GPU; what it answers with "N/A" or not at all is absent. */
export interface SmiGpu {
  readonly uuid: string;
  readonly name: string;
  readonly powerW?: number;
  readonly powerInstantW?: number;
  readonly powerLimitW?: number;
  readonly powerLimitRangeW?: readonly [number, number];
  readonly utilization?: number;
  readonly memoryBytes?: number;
  readonly smClockMhz?: number;
  readonly memoryClockMhz?: number;
  readonly temperatureC?: number;
  readonly slices: readonly string[];
}

/** A user's command waits for the answer; starting the driver takes 1 to 3 s a GPU (NVIDIA, "Driver Persistence"). */
const defaultTimeoutS = 3.5;

interface Asked {
  readonly answer: Promise<readonly SmiGpu[]>;
  readonly program: ChildProcess | undefined;
}

let running: Asked | undefined;

/**
 * Asks nvidia-smi once. Questions while one is running share its answer, so that a hanging nvidia-smi is one process
 * and not a hundred; nobody's process waits for it to end.
 * @returns rejects with a sentence where there is no nvidia-smi, it fails, or does not answer in time
 */
export async function querySmi(timeoutS = defaultTimeoutS): Promise<readonly SmiGpu[]> {
  // Only here: with NVML nobody asks.
  const { default: nvidiaSmi } = await import("node-nvidia-smi");
  if (running === undefined) {
    const asked = ask(nvidiaSmi);
    const over = () => {
      if (running === asked) running = undefined;
    };
    asked.answer.then(over, over);
    running = asked;
  }
  return withTimeout(running, timeoutS);
}

function ask(nvidiaSmi: typeof import("node-nvidia-smi").default): Asked {
  let program: ChildProcess | undefined;
  // The package keeps the process to itself; Node tells of each that is started.
  const started = channel("child_process");
  const keep = (message: unknown) => {
    program = (message as { process: ChildProcess }).process;
  };
  started.subscribe(keep);
  try {
    const answer = new Promise<readonly SmiGpu[]>((resolve, reject) => {
      nvidiaSmi((error, data) => {
        if (error) reject(new Error(firstLine(typeof error === "string" ? error : error.message)));
        else {
          try {
            resolve(readSmi(data));
          } catch (fault) {
            reject(fault);
          }
        }
      });
    });
    return { answer, program };
  } finally {
    started.unsubscribe(keep);
  }
}

function withTimeout({ answer, program }: Asked, timeoutS: number): Promise<readonly SmiGpu[]> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      if (program) leaveBehind(program);
      reject(new Error(`nvidia-smi did not answer in ${timeoutS} s`));
    }, timeoutS * 1000);
    answer.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

const leftBehind = new Set<ChildProcess>();

/** Lets this process end without `program`, and ends it then. */
function leaveBehind(program: ChildProcess): void {
  if (leftBehind.has(program) || program.exitCode !== null) return;
  if (leftBehind.size === 0) process.once("exit", () => leftBehind.forEach(end));
  leftBehind.add(program);
  program.once("exit", () => leftBehind.delete(program));
  program.unref();
  for (const stream of [program.stdout, program.stderr]) (stream as Socket | null)?.unref();
}

/** The package starts a shell, which may have nvidia-smi as its child: both. */
function end(shell: ChildProcess): void {
  const children = textOf(systemFiles, `/proc/${shell.pid}/task/${shell.pid}/children`)?.split(" ") ?? [];
  for (const pid of children.map(Number).filter((pid) => pid > 1)) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It has ended by itself.
    }
  }
  shell.kill("SIGKILL");
}

function firstLine(text: string): string {
  return text.trim().split("\n").slice(0, 2).join(" ").slice(0, 300);
}

const text = v.fallback(v.optional(v.string()), undefined);
const group = <T extends v.ObjectEntries>(entries: T) => v.fallback(v.optional(v.object(entries)), undefined);
const powerReadings = group({
  average_power_draw: text,
  instant_power_draw: text,
  power_draw: text,
  current_power_limit: text,
  enforced_power_limit: text,
  power_limit: text,
  min_power_limit: text,
  max_power_limit: text,
});

const gpuSchema = v.object({
  uuid: v.pipe(v.string(), v.maxLength(96)),
  product_name: v.fallback(v.pipe(v.string(), v.maxLength(200)), "NVIDIA GPU"),
  // "power_readings" until R530, "gpu_power_readings" since.
  power_readings: powerReadings,
  gpu_power_readings: powerReadings,
  utilization: group({ gpu_util: text }),
  fb_memory_usage: group({ used: text }),
  clocks: group({ sm_clock: text, mem_clock: text }),
  temperature: group({ gpu_temp: text }),
});

/** xml2js makes an object of one element, an array of several, nothing of none. */
const smiSchema = v.object({
  nvidia_smi_log: v.object({
    gpu: v.optional(v.union([gpuSchema, v.pipe(v.array(gpuSchema), v.maxLength(256))]), []),
  }),
});

/** What `nvidia-smi -q -x` says, parsed by xml2js. Throws a sentence where that is not what it is. */
export function readSmi(data: unknown): readonly SmiGpu[] {
  const parsed = v.safeParse(smiSchema, data);
  if (!parsed.success) throw new Error("nvidia-smi printed something else than its XML");
  return [parsed.output.nvidia_smi_log.gpu].flat().map((gpu) => {
    const power = { ...gpu.power_readings, ...gpu.gpu_power_readings };
    const low = quantity(power.min_power_limit, "W");
    const high = quantity(power.max_power_limit, "W");
    return {
      uuid: gpu.uuid,
      name: gpu.product_name,
      slices: [],
      ...known("powerW", quantity(power.average_power_draw, "W") ?? quantity(power.power_draw, "W")),
      ...known("powerInstantW", quantity(power.instant_power_draw, "W")),
      ...known(
        "powerLimitW",
        quantity(power.current_power_limit, "W") ??
          quantity(power.enforced_power_limit, "W") ??
          quantity(power.power_limit, "W"),
      ),
      ...(low !== undefined && high !== undefined ? { powerLimitRangeW: [low, high] as const } : {}),
      ...known("utilization", quantity(gpu.utilization?.gpu_util, "%", 0.01)),
      ...known("memoryBytes", quantity(gpu.fb_memory_usage?.used, "MiB", 1_048_576)),
      ...known("smClockMhz", quantity(gpu.clocks?.sm_clock, "MHz")),
      ...known("memoryClockMhz", quantity(gpu.clocks?.mem_clock, "MHz")),
      ...known("temperatureC", quantity(gpu.temperature?.gpu_temp, "C")),
    };
  });
}

/** "60.53 W" in the unit that was asked for; undefined for "N/A", "[Not Supported]" and everything else. */
function quantity(value: string | undefined, unit: string, factor = 1): number | undefined {
  const match = /^(\d{1,9}(?:\.\d{1,6})?)\s*(\S+)$/.exec(value ?? "");
  return match && match[2] === unit ? Number(match[1]) * factor : undefined;
}

function known<K extends string>(key: K, value: number | undefined): { [key in K]?: number } {
  return value === undefined ? {} : ({ [key]: value } as { [key in K]: number });
}
