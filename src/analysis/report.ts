/** What a run used, from its folder: the report that every program prints, shows and compares. */
import { formatBound, formatDuration, formatEnergy, formatShare } from "../model/format";
import {
  type Report,
  type ReportedDevice,
  type ReportedIterations,
  reportSchemaName,
  type SelfCost,
  type Warning,
} from "../model/report";
import type { Run } from "../model/run";
import { type DeviceEnergy, deviceEnergies, longEnough, runWindow } from "./deviceEnergy";
import { usersOf } from "./deviceUse";
import { indicatorsOf } from "./indicators";
import { iterationReport, iterationWarnings } from "./iterationReport";
import { phaseReport } from "./phaseReport";

/**
 * Derives the report of a run, finished or not.
 *
 * Devices that are `counted` make the total; phases are attributed per device and added up. Nothing depends on a clock:
 * the same folder gives the same report.
 */
export function report(run: Run): Report {
  const devices = deviceEnergies(run);
  const counted = devices.filter(({ device }) => device.counted);
  const phases = phaseReport(run, counted);
  const total = totalOf(counted);
  const iterations = iterationReport(run, counted);
  const indicators = indicatorsOf(run, iterations);
  const warnings = [
    ...total.warnings,
    ...phases.warnings,
    ...iterationWarnings(run, counted),
    ...runWarnings(run, devices),
  ];
  return {
    schema: reportSchemaName,
    run: reportedRun(run),
    ...total.energy,
    devices: devices.map((one) => reportedDevice(one, run)),
    phases: total.energy.energyJ === undefined ? [] : phases.rows,
    other: total.energy.energyJ === undefined ? { durationS: durationOf(run) } : phases.other,
    iterations,
    ...(indicators && { indicators }),
    self: selfCost(run, iterations),
    warnings,
  };
}

function reportedRun(run: Run): Report["run"] {
  const { manifest, path, state, labels } = run;
  return {
    id: manifest.id,
    path,
    argv: manifest.argv,
    startedAt: manifest.startedAt,
    durationS: durationOf(run),
    state,
    ...(manifest.end?.exitCode !== undefined && { exitCode: manifest.end.exitCode }),
    ...(manifest.end?.signal !== undefined && { signal: manifest.end.signal }),
    ...(Object.keys(labels).length > 0 && { labels }),
  };
}

/** How long the user's command ran. */
function durationOf(run: Run): number {
  const { fromS, toS } = runWindow(run);
  return toS - fromS;
}

interface Total {
  readonly energy: Pick<Report, "energyJ" | "standardErrorJ" | "energyAtMostJ" | "runAtLeastS">;
  readonly warnings: readonly Warning[];
}

/** The counted devices together. One that the run was too short for makes the whole a bound: a sum needs all its parts. */
function totalOf(counted: readonly DeviceEnergy[]): Total {
  if (counted.length === 0) return { energy: {}, warnings: [] };
  const known = counted.filter((one) => one.energyJ !== undefined);
  if (known.length === counted.length) {
    const energyJ = known.reduce((sum, one) => sum + one.energyJ!, 0);
    return {
      energy: { energyJ, standardErrorJ: Math.hypot(...known.map((one) => one.standardErrorJ ?? 0)) },
      warnings: [],
    };
  }
  const bounds = counted.map((one) => one.energyJ ?? one.energyAtMostJ);
  const runAtLeastS = Math.max(...counted.map((one) => one.runAtLeastS ?? 0));
  const energyAtMostJ = bounds.every((bound) => bound !== undefined)
    ? bounds.reduce((sum, bound) => sum + bound, 0)
    : undefined;
  const atMost = energyAtMostJ === undefined ? "" : ` (${formatBound(energyAtMostJ, "J")})`;
  const unsaid = counted.find((one) => one.energyJ === undefined)!;
  const message =
    runAtLeastS > 0
      ? `The run was too short to say what it used${atMost}: ${longEnough(runAtLeastS)}.`
      : `What ${unsaid.device.name} used is not known, so the total is not either. ${unsaid.reason ?? ""}`.trimEnd();
  return {
    energy: { ...(energyAtMostJ !== undefined && { energyAtMostJ }), ...(runAtLeastS > 0 && { runAtLeastS }) },
    warnings: [{ code: runAtLeastS > 0 ? "too-short" : "meter-lost", message }],
  };
}

function reportedDevice(one: DeviceEnergy, run: Run): ReportedDevice {
  const { device } = one;
  const lost = run.manifest.end?.lost.filter((span) => span.device === device.id) ?? [];
  const usedBy = usersOf(run, device.id);
  return {
    id: device.id,
    kind: device.kind,
    name: device.name,
    meter: device.meter,
    source: device.source,
    counted: device.counted,
    ...(device.partOf !== undefined && { partOf: device.partOf }),
    ...(one.energyJ !== undefined && { energyJ: one.energyJ, averagePowerW: one.energyJ / durationOf(run) }),
    ...(one.idlePowerW !== undefined && { idleEnergyJ: one.idlePowerW * durationOf(run) }),
    ...(one.standardErrorJ !== undefined && { standardErrorJ: one.standardErrorJ }),
    ...(device.gainError !== undefined && { gainError: device.gainError }),
    ...(one.updatePeriodS !== undefined && { updatePeriodS: one.updatePeriodS }),
    ...(one.energyIntegratedJ !== undefined && { energyIntegratedJ: one.energyIntegratedJ }),
    ...(device.model !== undefined && { model: device.model }),
    ...(lost.length > 0 && { lost: lost.map(({ fromS, toS, reason }) => ({ fromS, toS, reason })) }),
    ...(usedBy !== undefined && { usedBy }),
  };
}

function selfCost(run: Run, iterations: ReportedIterations): SelfCost {
  const overheads = run.traces.flatMap(({ overhead }) =>
    overhead ? [overhead.secondsACall === undefined ? overhead.seconds : overhead.secondsACall * overhead.calls] : [],
  );
  const self = run.manifest.end?.self ?? { cpuTimeS: 0, residentBytes: 0, polls: 0 };
  return {
    ...self,
    // Ranks work side by side: the slowest of them is what the run waits for.
    ...(overheads.length > 0 &&
      iterations.count > 0 && { addedTimePerIterationS: Math.max(...overheads) / iterations.count }),
  };
}

/** Counter and integrated power differ by more than this and their errors: one of them is wrong. */
const disagreementShare = 0.05;

function disagreement({ device, energyJ, standardErrorJ = 0, energyIntegratedJ }: DeviceEnergy): Warning[] {
  if (energyJ === undefined || energyIntegratedJ === undefined) return [];
  const difference = Math.abs(energyIntegratedJ - energyJ);
  if (difference <= Math.max(disagreementShare * energyJ, 3 * Math.SQRT2 * standardErrorJ)) return [];
  const message =
    `${device.name} says two things: its energy counter ${formatEnergy(energyJ)}, its power over time ` +
    `${formatEnergy(energyIntegratedJ)}. The counter is used; compare runs on this device with care.`;
  return [{ code: "meters-disagree", message }];
}

/** A share of others below this is a desktop's, or a tool's that looks at the GPU. */
const sharedFrom = 0.05;

/** Whose the energy is cannot be known; that it is not the run's alone can. */
function sharing({ device }: DeviceEnergy, run: Run): Warning[] {
  const users = usersOf(run, device.id) ?? [];
  // A program that is not traced may have given its work to processes that are not known: then nobody is blamed.
  if (!users.some(({ ofRun }) => ofRun)) return [];
  const others = users.reduce((sum, user) => sum + (user.ofRun ? 0 : user.share), 0);
  if (others < sharedFrom) return [];
  const message =
    `Other processes used ${formatShare(others)} of the compute time of ${device.name}. The energy shown is all of the ` +
    "device's: a part of it is theirs.";
  return [{ code: "shared-device", message }];
}

function runWarnings(run: Run, devices: readonly DeviceEnergy[]): Warning[] {
  const warnings: Warning[] = [];
  const counted = devices.filter(({ device }) => device.counted);
  if (run.state === "interrupted") {
    const message = "The recorder ended before the run did: what is here goes up to that moment.";
    warnings.push({ code: "interrupted", message });
  }
  if (counted.length > 0 && counted.every(({ device }) => device.source === "estimated")) {
    const message =
      "No meter could be read: the energy is an estimate from CPU load. `wattline meters` says what would help.";
    warnings.push({ code: "estimate-only", message });
  }
  warnings.push(...counted.flatMap(disagreement));
  warnings.push(...counted.flatMap((one) => sharing(one, run)));
  for (const span of run.manifest.end?.lost ?? []) {
    const name = devices.find(({ device }) => device.id === span.device)?.device.name ?? span.device;
    const length = formatDuration(span.toS - span.fromS);
    const message = `${name} could not be read for ${length}, from ${formatDuration(span.fromS)} on: ${span.reason}`;
    warnings.push({ code: "meter-lost", message });
  }
  if (run.manifest.settings.trace && run.traces.length === 0 && run.state !== "running") {
    const message =
      "There is no trace, so phases are not known: the command was no Python program that trains, or Python was " +
      "started with -I, -E or -S.";
    warnings.push({ code: "no-trace", message });
  }
  for (const fault of run.faults) warnings.push({ code: "no-trace", message: fault });
  for (const trace of run.traces) {
    for (const { code, message } of trace.notes) {
      if (code === "tracer-thinned" || code === "tracer-hook-off") warnings.push({ code, message });
    }
  }
  return warnings;
}
