import type { CurveDevice, IterationChunk, PowerChunk, RunView, SpanChunk, ToRunPanel } from "../../src/messages/run";
import { formatPartOfWhole, formatShare } from "../../src/model/format";
import { type Report, type ReportedDevice, reportSchemaName, type Warning } from "../../src/model/report";

/** Repeatable randomness in 0..1 (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

export interface MadePhase {
  readonly name: string;
  readonly durationS: number;
  readonly line: number;
}

export interface MadeDevice extends CurveDevice {
  readonly kind: ReportedDevice["kind"];
  readonly meter: string;
  readonly updatePeriodS: number;
  readonly partOf?: string;
  /** Watts outside of the loop, and in each phase. */
  readonly idleW: number;
  readonly phaseW: Readonly<Record<string, number>>;
}

/** A run to be made up. What is not said is that of a small training run on a workstation. */
export interface Recipe {
  readonly seed?: number;
  readonly title?: string;
  readonly phases?: readonly MadePhase[];
  readonly devices?: readonly MadeDevice[];
  readonly iterations?: number;
  /** Seconds before the loop: imports, the first batch. */
  readonly startupS?: number;
  readonly samplePeriodS?: number;
  /** A span of time in which the first device could not be read. */
  readonly gap?: { readonly fromS: number; readonly toS: number };
  /** How much longer an iteration is at the end than at the start, as a share. */
  readonly drift?: number;
  readonly state?: RunView["state"];
  readonly warnings?: readonly Warning[];
  readonly path?: string;
  readonly label?: string;
}

export interface MadeRun {
  readonly view: RunView;
  readonly report: Report;
  readonly power: readonly PowerChunk[];
  readonly spans: SpanChunk;
  readonly iterations: IterationChunk;
  /** All of it, in the order in which the extension sends it. */
  readonly messages: readonly ToRunPanel[];
}

export const trainingPhases: readonly MadePhase[] = [
  { name: "data", durationS: 0.036, line: 62 },
  { name: "forward", durationS: 0.049, line: 66 },
  { name: "backward", durationS: 0.062, line: 68 },
  { name: "optimizer", durationS: 0.019, line: 70 },
];

export const workstation: readonly MadeDevice[] = [
  {
    id: "nvml:GPU-5e8f",
    name: "GPU 0",
    kind: "gpu",
    meter: "nvml",
    source: "measured",
    updatePeriodS: 0.1,
    idleW: 24,
    phaseW: { data: 31, forward: 118, backward: 142, optimizer: 96 },
  },
  {
    id: "rapl:intel-rapl:0",
    name: "package-0",
    kind: "cpu",
    meter: "rapl",
    source: "measured",
    updatePeriodS: 0.001,
    idleW: 12,
    phaseW: { data: 38, forward: 21, backward: 20, optimizer: 24 },
  },
  {
    id: "rapl:intel-rapl:0:1",
    name: "dram",
    kind: "dram",
    meter: "rapl",
    source: "measured",
    updatePeriodS: 0.001,
    idleW: 2.1,
    phaseW: { data: 5.2, forward: 3.4, backward: 3.6, optimizer: 4.1 },
  },
];

interface Piece {
  readonly phase: number;
  readonly startS: number;
  readonly durationS: number;
}

/**
 * Makes up a run and the report that a perfect analysis would write of it. Every number of the report is summed up from
 * the same pieces that the curves and spans are drawn from: phases and other are the total, devices are the total.
 */
export function makeRun(recipe: Recipe = {}): MadeRun {
  const phases = recipe.phases ?? trainingPhases;
  const devices = recipe.devices ?? workstation;
  const path = recipe.path ?? "/home/ada/nanogpt/train_char_gpt.py";
  const { pieces, iterations, durationS } = layOut(recipe, phases);
  const power = devices.map((device, i) => sample(device, i, pieces, phases, durationS, recipe));
  const title = recipe.title ?? "train_char_gpt.py";
  const report = reportOf(recipe, devices, phases, pieces, iterations, durationS, path, title);
  const state = recipe.state ?? "finished";
  const data = report.phases.filter((row) => row.phase === "data").reduce((sum, row) => sum + row.energyJ, 0);
  const totalJ = report.energyJ!;
  const view: RunView = {
    title,
    command: `python ${title} --steps ${iterations.iteration.length} --batch-size 64`,
    startedAt: "2026-11-24T12:04:11+00:00",
    durationS,
    state,
    ...(state === "finished" ? { exitCode: 0 } : {}),
    ...(recipe.label === undefined ? {} : { label: recipe.label }),
    ...(state === "running" || data === 0
      ? {}
      : {
          headline: {
            text: `${formatShare(data / totalJ)} of the energy was spent waiting for data: ${formatPartOfWhole(data, totalJ, "J")}.`,
            path,
            line: phases[0]!.line,
          },
        }),
    devices: devices.map(({ id, name, source, counted }) => ({
      id,
      name,
      source,
      ...(counted === undefined ? {} : { counted }),
    })),
    report,
  };
  const spans: SpanChunk = {
    rank: 0,
    phaseNames: phases.map((phase) => phase.name),
    path,
    phase: Uint8Array.from(pieces, (piece) => piece.phase),
    startS: Float64Array.from(pieces, (piece) => piece.startS),
    durationS: Float64Array.from(pieces, (piece) => piece.durationS),
    line: Int32Array.from(pieces, (piece) => phases[piece.phase]!.line),
  };
  const withEnergy = { ...iterations, energyJ: energyOfIterations(devices, phases, pieces, iterations) };
  return {
    view,
    report,
    power,
    spans,
    iterations: withEnergy,
    messages: [
      { type: "show", view },
      { type: "power", reset: true, series: power },
      { type: "spans", reset: true, chunk: spans },
      { type: "iterations", reset: true, chunk: withEnergy },
    ],
  };
}

function layOut(recipe: Recipe, phases: readonly MadePhase[]) {
  const random = seeded(recipe.seed ?? 1);
  const count = recipe.iterations ?? 170;
  const [pieces, starts, durations, excluded]: [Piece[], number[], number[], number[]] = [[], [], [], []];
  let timeS = recipe.startupS ?? 1.8;
  for (let i = 0; i < count; i++) {
    const startS = timeS;
    const outlier = i > 5 && random() < 0.018;
    const slow = (i === 0 ? 3.4 : i < 3 ? 1.5 : outlier ? 2.2 : 1) * (1 + ((recipe.drift ?? 0) * i) / count);
    for (const [phase, { durationS }] of phases.entries()) {
      const length = durationS * slow * (0.94 + 0.12 * random());
      pieces.push({ phase, startS: timeS, durationS: length });
      timeS += length;
    }
    timeS += 0.002; // The rest of the loop's body: logging, the progress bar.
    starts.push(startS);
    durations.push(timeS - startS);
    excluded.push(i < 3 ? 1 : outlier ? 2 : 0);
  }
  const iterations = {
    iteration: Int32Array.from(starts, (_, i) => i),
    startS: Float64Array.from(starts),
    durationS: Float64Array.from(durations),
    excluded: Uint8Array.from(excluded),
  };
  return { pieces, iterations, durationS: timeS + 0.6 };
}

/** Mean power between the sampling times, with a little noise of the meter, zero-mean. */
function sample(
  device: MadeDevice,
  index: number,
  pieces: readonly Piece[],
  phases: readonly MadePhase[],
  durationS: number,
  recipe: Recipe,
): PowerChunk {
  const random = seeded((recipe.seed ?? 1) + 100 + index);
  const period = recipe.samplePeriodS ?? Math.max(0.1, device.updatePeriodS);
  const count = Math.max(2, Math.floor(durationS / period) + 1);
  const timeS = Float64Array.from({ length: count }, (_, i) => Math.min(durationS, i * period));
  const powerW = new Float64Array(count);
  let piece = 0;
  for (let i = 0; i < count; i++) {
    const [from, to] = [i === 0 ? 0 : timeS[i - 1]!, timeS[i]!];
    let joules = 0;
    let covered = 0;
    while (piece < pieces.length && pieces[piece]!.startS + pieces[piece]!.durationS <= from) piece++;
    for (let k = piece; k < pieces.length && pieces[k]!.startS < to; k++) {
      const overlap = Math.min(to, pieces[k]!.startS + pieces[k]!.durationS) - Math.max(from, pieces[k]!.startS);
      if (overlap <= 0) continue;
      joules += overlap * device.phaseW[phases[pieces[k]!.phase]!.name]!;
      covered += overlap;
    }
    const meanW = to > from ? (joules + (to - from - covered) * device.idleW) / (to - from) : device.idleW;
    powerW[i] = meanW * (1 + 0.03 * (random() - 0.5));
    const { gap } = recipe;
    if (index === 0 && gap !== undefined && to > gap.fromS && from < gap.toS) powerW[i] = Number.NaN;
  }
  return { device: device.id, timeS, powerW };
}

function energyOfIterations(
  devices: readonly MadeDevice[],
  phases: readonly MadePhase[],
  pieces: readonly Piece[],
  iterations: Pick<IterationChunk, "startS" | "durationS">,
): Float64Array {
  const perIteration = phases.length;
  return Float64Array.from(iterations.startS, (_, i) => {
    const own = pieces.slice(i * perIteration, (i + 1) * perIteration);
    const inPhases = own.reduce((sum, piece) => sum + piece.durationS * wattsOf(devices, phases[piece.phase]!.name), 0);
    const restS = iterations.durationS[i]! - own.reduce((sum, piece) => sum + piece.durationS, 0);
    return inPhases + restS * idleOf(devices);
  });
}

function isCounted(device: MadeDevice): boolean {
  return device.counted ?? true;
}
function wattsOf(devices: readonly MadeDevice[], phase: string): number {
  return devices.filter(isCounted).reduce((sum, device) => sum + device.phaseW[phase]!, 0);
}
function idleOf(devices: readonly MadeDevice[]): number {
  return devices.filter(isCounted).reduce((sum, device) => sum + device.idleW, 0);
}

function reportOf(
  recipe: Recipe,
  devices: readonly MadeDevice[],
  phases: readonly MadePhase[],
  pieces: readonly Piece[],
  iterations: Omit<IterationChunk, "energyJ">,
  durationS: number,
  path: string,
  title: string,
): Report {
  const timeIn = phases.map((_, phase) =>
    pieces.filter((piece) => piece.phase === phase).reduce((sum, piece) => sum + piece.durationS, 0),
  );
  const otherS = durationS - timeIn.reduce((a, b) => a + b, 0);
  const rows = devices.filter(isCounted).flatMap((device) =>
    phases.map((phase, i) => {
      const energyJ = timeIn[i]! * device.phaseW[phase.name]!;
      return {
        phase: phase.name,
        rank: 0,
        device: device.id,
        energyJ,
        standardErrorJ: energyJ * (device.updatePeriodS > 0.05 ? 0.02 : 0.008),
        durationS: timeIn[i]!,
        averagePowerW: device.phaseW[phase.name]!,
        spans: pieces.length / phases.length,
      };
    }),
  );
  const otherJ = otherS * idleOf(devices);
  const energyJ = rows.reduce((sum, row) => sum + row.energyJ, 0) + otherJ;
  const counts = [0, 1, 2].map((code) => iterations.excluded.filter((one) => one === code).length) as [
    number,
    number,
    number,
  ];
  const energies = energyOfIterations(devices, phases, pieces, iterations);
  const countedJ = energies.filter((_, i) => iterations.excluded[i] === 0);
  const countedS = iterations.durationS.filter((_, i) => iterations.excluded[i] === 0);
  const mean = (column: Float64Array) => column.reduce((a, b) => a + b, 0) / column.length;
  const state = recipe.state ?? "finished";
  const estimated = devices.some((device) => device.source === "estimated");
  return {
    schema: reportSchemaName,
    run: {
      id: `2026-11-24T12-04-11-${title}`,
      path: `/home/ada/nanogpt/.wattline/runs/2026-11-24T12-04-11-${title}`,
      argv: ["python", title],
      startedAt: "2026-11-24T12:04:11+00:00",
      durationS,
      state,
      ...(state === "finished" ? { exitCode: 0 } : {}),
    },
    energyJ,
    // Nobody can say how far an estimate is off.
    ...(estimated ? {} : { standardErrorJ: energyJ * 0.009 }),
    devices: devices.map((device): ReportedDevice => {
      const own = phases.reduce(
        (sum, phase, i) => sum + timeIn[i]! * device.phaseW[phase.name]!,
        otherS * device.idleW,
      );
      return {
        id: device.id,
        kind: device.kind,
        name: device.name,
        meter: device.meter,
        source: device.source,
        counted: isCounted(device),
        ...(device.partOf === undefined ? {} : { partOf: device.partOf }),
        energyJ: own,
        idleEnergyJ: durationS * device.idleW,
        ...(estimated ? {} : { standardErrorJ: own * 0.01 }),
        ...(device.kind === "gpu" ? { gainError: 0.05 } : {}),
        averagePowerW: own / durationS,
        updatePeriodS: device.updatePeriodS,
        ...(device.source === "estimated"
          ? {
              model:
                "idle power plus load times the rest of the processor's thermal design power, 65 W (Fan et al. 2007).",
            }
          : {}),
        ...(recipe.gap !== undefined && device === devices[0]
          ? { lost: [{ ...recipe.gap, reason: "the driver did not answer." }] }
          : {}),
      };
    }),
    phases: rows,
    other: { energyJ: otherJ, durationS: otherS },
    iterations: {
      count: iterations.iteration.length,
      optimizerSteps: iterations.iteration.length,
      excluded: { warmUp: counts[1], outliers: counts[2] },
      energyPerIterationJ: mean(countedJ),
      ...(estimated ? {} : { standardErrorJ: mean(countedJ) * 0.006 }),
      durationPerIterationS: mean(countedS),
      loop: { path, line: 60, endLine: 74 },
    },
    self: {
      cpuTimeS: 0.41,
      residentBytes: 61_200_000,
      addedTimePerIterationS: 1.4e-5,
      polls: Math.round(durationS * 200),
    },
    warnings: recipe.warnings ?? [],
  };
}
