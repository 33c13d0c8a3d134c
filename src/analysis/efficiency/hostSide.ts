/**
 * Where an iteration's time goes besides the model: what the device waited for.
 *
 * Where a device's own clock marked when it worked (CUDA events), the time between its marks is given to what the host did
 * meanwhile. Else the host's phases are all there is: on a CPU they are the device's too. Small kernels are modelled:
 * a device starts a kernel every few microseconds at best, so a layer whose roofline lies below that waits for the host.
 */
import type { GapLayer, HostSide, Wait, WaitCause } from "../../model/gap";
import type { Run } from "../../model/run";
import type { DeviceSpanColumns, Trace } from "../../model/trace";
import { flattenSpans } from "../attribution/flattenSpans";
import { lowerBound } from "../attribution/readings";
import { type LoopIterations, loopIterations } from "../iterationReport";
import { counted } from "../iterations";
import { mainTrace } from "../mainTrace";
import { type LaunchBound, launchBound } from "./launch";
import { waitText } from "./waitText";

/** Phases that prepare data, under the names that programs give them; the rest of `data` is waiting for the loader. */
const preparing =
  /^(decode|decoding|transform|transforms|augment|augmentation|resize|normali[sz]e|preprocess|preprocessing|tokeni[sz]e|collate|transfer|to_device|h2d|copy_to_device)$/i;

export interface Place {
  readonly file: string;
  readonly line: number;
  readonly text: string;
}

/** Seconds an iteration, over the iterations that count. */
interface Seconds {
  readonly iterationS: number;
  readonly byPhase: ReadonlyMap<string, number>;
  /** In no phase. */
  readonly untracedS: number;
  /** The device's, by what the host did: a phase's name, or "" for none. Absent where the device has no clock of its own. */
  readonly idle?: ReadonlyMap<string, number>;
}

/**
 * @param layers of the gap table, for small kernels
 * @param places calls in the loop's source at which the program waits for its device
 * @returns undefined where no loop was traced or none of its iterations counts
 */
export function hostSide(run: Run, layers: readonly GapLayer[], places: readonly Place[] = []): HostSide | undefined {
  const trace = mainTrace(run.traces);
  const loop = loopIterations(run);
  if (trace === undefined || loop === undefined) return undefined;
  const seconds = secondsOf(trace, loop);
  if (seconds === undefined) return undefined;
  const { iterationS, byPhase, idle } = seconds;
  const modelS = (byPhase.get("forward") ?? 0) + (byPhase.get("backward") ?? 0);
  const modelShare = Math.min(1, modelS / iterationS);
  return {
    iterationTimeS: iterationS,
    deviceTimed: idle !== undefined,
    waits: waitsOf(seconds, launchBound(layers), places),
    modelShare,
    amdahl: {
      twice: amdahl(modelShare, 2),
      tenTimes: amdahl(modelShare, 10),
      ...(modelShare < 1 && { limit: amdahl(modelShare, Number.POSITIVE_INFINITY) }),
    },
  };
}

/** Host seconds of each phase in an iteration, the mean of those that count; undefined where no loop was traced. */
export function phaseSeconds(run: Run): ReadonlyMap<string, number> | undefined {
  const trace = mainTrace(run.traces);
  const loop = loopIterations(run);
  return trace && loop && secondsOf(trace, loop)?.byPhase;
}

/** How much faster all becomes when a share of it becomes k times as fast: 1 / ((1 - s) + s / k) (Amdahl 1967). */
export function amdahl(share: number, k: number): number {
  return 1 / (1 - share + share / k);
}

function secondsOf(trace: Trace, loop: LoopIterations): Seconds | undefined {
  const rows = [...loop.classified.kind.keys()].filter((row) => loop.classified.kind[row] === counted);
  const iterationS = rows.reduce((sum, row) => sum + loop.durationS[row]!, 0) / rows.length;
  if (!(iterationS > 0)) return undefined;
  const { phase } = trace.spans;
  const host = flattenSpans({ ...trace.spans, phase });
  const names = (code: number) => (trace.phaseNames[code] === "other" ? "" : (trace.phaseNames[code] ?? ""));
  const device = trace.deviceSpans && idleSegments(trace.deviceSpans, rows, loop);
  const byPhase = new Map<string, number>();
  const idle = device && new Map<string, number>();
  let tracedS = 0;
  let idleS = 0;
  for (const row of rows) {
    const [fromS, toS] = [loop.startS[row]!, loop.startS[row]! + loop.durationS[row]!];
    tracedS += addOverlaps(host, fromS, toS, (code, overlapS) => add(byPhase, names(code), overlapS / rows.length));
  }
  for (const [fromS, toS] of device ?? []) {
    const coveredS = addOverlaps(host, fromS, toS, (code, overlapS) => add(idle!, names(code), overlapS / rows.length));
    idleS += toS - fromS;
    add(idle!, "", (toS - fromS - coveredS) / rows.length);
  }
  const untracedS = Math.max(0, iterationS - tracedS / rows.length) + (byPhase.get("") ?? 0);
  byPhase.delete("");
  return { iterationS, byPhase, untracedS, ...(idle && idleS > 0 && { idle }) };
}

/** Adds up what of each segment lies in a stretch. @returns how much of the stretch is covered */
function addOverlaps(
  { startS, endS, phase }: { startS: Float64Array; endS: Float64Array; phase: Int32Array },
  fromS: number,
  toS: number,
  told: (phase: number, overlapS: number) => void,
): number {
  let coveredS = 0;
  for (let i = lowerBound(endS, fromS); i < startS.length && startS[i]! < toS; i++) {
    const overlapS = Math.min(endS[i]!, toS) - Math.max(startS[i]!, fromS);
    if (overlapS <= 0) continue;
    coveredS += overlapS;
    told(phase[i]!, overlapS);
  }
  return coveredS;
}

/** Stretches of the iterations in which no device of the process worked. */
function idleSegments(spans: DeviceSpanColumns, rows: readonly number[], loop: LoopIterations): [number, number][] {
  const busy = flattenSpans({ ...spans, phase: spans.phase });
  const idle: [number, number][] = [];
  for (const row of rows) {
    let atS = loop.startS[row]!;
    const toS = atS + loop.durationS[row]!;
    for (let i = lowerBound(busy.endS, atS); i < busy.startS.length && busy.startS[i]! < toS; i++) {
      if (busy.startS[i]! > atS) idle.push([atS, busy.startS[i]!]);
      atS = Math.max(atS, busy.endS[i]!);
    }
    if (atS < toS) idle.push([atS, toS]);
  }
  return idle;
}

function waitsOf(seconds: Seconds, launch: LaunchBound, places: readonly Place[]): Wait[] {
  const { iterationS, byPhase, untracedS, idle } = seconds;
  const from = idle ?? byPhase;
  const parts = [...from].flatMap(([name, timeS]) => (preparing.test(name) ? [{ name, timeS }] : []));
  const dataS = (from.get("data") ?? 0) + parts.reduce((sum, { timeS }) => sum + timeS, 0);
  const restS = idle === undefined ? untracedS : (idle.get("") ?? 0);
  const launchS = Math.max(launch.timeS, (idle?.get("forward") ?? 0) + (idle?.get("backward") ?? 0));
  const wait = (cause: WaitCause, timeS: number, more: Partial<Wait> = {}): Wait => {
    const plain = { cause, timeS, share: timeS / iterationS, basis: "measured" as const, ...more };
    return { ...plain, text: waitText(plain, launch) };
  };
  // On a device, what the host does between two phases is mostly waiting for the device's answer, and then it starves.
  const rest: WaitCause = idle !== undefined && places.length > 0 ? "synchronization" : "untraced";
  return [
    wait("data", dataS, parts.length > 0 ? { parts: parts.sort((a, b) => b.timeS - a.timeS) } : {}),
    wait(rest, restS, places.length > 0 ? { places } : {}),
    wait("launch", launchS, { basis: launchS > launch.timeS ? "measured" : "modelled" }),
    wait("communication", from.get("communication") ?? 0),
  ]
    .filter(({ timeS }) => timeS > 1e-3 * iterationS)
    .sort((a, b) => b.timeS - a.timeS);
}

function add(sums: Map<string, number>, name: string, value: number): void {
  sums.set(name, (sums.get(name) ?? 0) + value);
}
