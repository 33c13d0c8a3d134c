/** One run from its first reading to its last: the folder, the sampler, the user's command, the end. */
import { spawn } from "node:child_process";
import { rm } from "node:fs/promises";
import { basename } from "node:path";
import { WattlineError } from "../model/errors";
import { type Manifest, runSchemaName } from "../model/manifest";
import { bootId, startTicksOf, writeManifest } from "../store/manifest";
import { createRunFolder, runsRoot } from "../store/runFolder";
import { monotonicS } from "./clock";
import { describeHost, describeRepository, describeScript } from "./describe";
import { isUsed } from "./election";
import { childEnvironment } from "./environment";
import { checkCommand } from "./findCommand";
import { idleWaitS, rememberedIdle } from "./idlePower";
import { rememberedCalibration } from "./keptCalibration";
import { type Installation, samplerProgram, tracerSite } from "./paths";
import { redactArguments } from "./redact";
import { openSamples, type SampleSource, type SourceSettings, settleElection } from "./sampleSource";
import { exitCodeOf, forwardSignals, hangupIgnored, ignoringHangup } from "./signals";

export interface RecordOptions {
  /** The user's command, word by word. */
  readonly argv: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** This folder instead of a new one in `.wattline/runs` of `cwd`. */
  readonly out?: string;
  readonly rateHz: number;
  readonly trace: boolean;
  /** Whether to find out what the machine draws at idle first. */
  readonly idle: boolean;
  readonly labels: Readonly<Record<string, string>>;
  readonly loop?: { readonly path: string; readonly line: number };
}

export interface Recorded {
  /** Absent where a signal came before the command was started: then it was not, and there is no run. */
  readonly runPath?: string;
  /** The child's, as a shell would give it. */
  readonly exitCode: number;
}

/**
 * Runs the command and records it.
 * @throws WattlineError when the command cannot be run or the folder cannot be made: nothing is left behind then
 */
export async function record(options: RecordOptions, installation: Installation): Promise<Recorded> {
  await checkCommand(options.argv[0] ?? "", options.env);
  // From here on a signal must not end the recorder without an end in the manifest.
  let running: ReturnType<typeof spawn> | undefined;
  let early: NodeJS.Signals | undefined;
  const stopForwarding = forwardSignals({
    started: () => running !== undefined,
    send: (signal) => {
      if (running === undefined) early ??= signal;
      else running.kill(signal);
    },
  });
  let source: SampleSource | undefined;
  try {
    const startedAt = new Date();
    const startedMonotonicS = monotonicS();
    const described = await describe(options, installation, startedAt, startedMonotonicS);
    const runPath = await createRunFolder(
      options.out !== undefined
        ? { out: options.out }
        : { root: runsRoot(options.cwd), startedAt, argv: described.argv },
      (id) => ({ ...described, id, devices: [], unavailable: [] }),
    );
    const settings: SourceSettings = {
      program: samplerProgram(installation),
      env: options.env,
      config: { runPath, startedMonotonicS, rateHz: options.rateHz },
    };
    const manifestWith = ({ devices, unavailable, samplesFrom }: SampleSource): Manifest => ({
      ...described,
      id: basename(runPath),
      devices: [...devices],
      unavailable: [...unavailable],
      ...(samplesFrom !== undefined && { samplesFrom }),
    });
    source = await openSamples(settings);
    await writeManifest(runPath, manifestWith(source));
    source = await settleElection(source, settings);
    const idlePowerW = await idleBefore(options, source);
    const calibration = await rememberedCalibration(options.env);
    const manifest: Manifest = {
      ...manifestWith(source),
      ...(idlePowerW && { idlePowerW }),
      ...(calibration && { calibration }),
    };
    if (early !== undefined) {
      // Somebody thought better of it while Wattline got ready: the command is not run, and nothing is left behind.
      await source.stop();
      await discard(runPath, { ...manifest, end: notBegun(startedMonotonicS, { signal: early }) });
      return { exitCode: exitCodeOf({ code: null, signal: early }) };
    }
    const startS = monotonicS() - startedMonotonicS;
    const child = startChild(options, installation, runPath);
    running = child.process;
    const started = await child.started;
    if (started instanceof Error) {
      await source.stop();
      await discard(runPath, { ...manifest, end: notBegun(startedMonotonicS, { exitCode: started.exitCode }) });
      throw started;
    }
    await writeManifest(runPath, { ...manifest, child: { pid: started, startS } });
    const exit = await child.exited;
    const endS = monotonicS() - startedMonotonicS;
    const ended = await source.stop();
    await writeManifest(runPath, {
      ...manifest,
      child: { pid: started, startS },
      end: {
        at: new Date().toISOString(),
        timeS: endS,
        ...(exit.code !== null && { exitCode: exit.code }),
        ...(exit.signal !== null && { signal: exit.signal }),
        self: selfCost(ended?.self),
        lost: ended
          ? [...ended.lost]
          : manifest.devices.map(({ id }) => ({ device: id, fromS: 0, toS: endS, reason: "The sampler ended early." })),
      },
    });
    return { runPath, exitCode: exitCodeOf(exit) };
  } catch (error) {
    source?.kill();
    throw error;
  } finally {
    stopForwarding();
  }
}

/** Removes a run that was none, unless its sampler has begun to serve other runs: their samples are in its folder. */
async function discard(runPath: string, ended: Manifest): Promise<void> {
  if (await isUsed(runPath)) await writeManifest(runPath, ended);
  else await rm(runPath, { recursive: true, force: true });
}

function notBegun(startedMonotonicS: number, how: { signal: string } | { exitCode: number }): Manifest["end"] {
  const timeS = monotonicS() - startedMonotonicS;
  return { at: new Date().toISOString(), timeS, ...how, self: selfCost(undefined), lost: [] };
}

/** What a manifest says of a run before anything was read. */
export async function describe(
  options: Pick<RecordOptions, "argv" | "cwd" | "rateHz" | "trace" | "labels" | "loop">,
  installation: Installation,
  startedAt: Date,
  startedMonotonicS: number,
): Promise<Omit<Manifest, "id" | "devices" | "unavailable">> {
  const [git, boot, ticks, script] = await Promise.all([
    describeRepository(options.cwd),
    bootId(),
    startTicksOf(process.pid),
    describeScript(options.argv, options.cwd),
  ]);
  return {
    schema: runSchemaName,
    argv: redactArguments(options.argv),
    cwd: options.cwd,
    ...(Object.keys(options.labels).length > 0 && { labels: { ...options.labels } }),
    ...(git && { git }),
    host: describeHost(),
    ...(boot && { bootId: boot }),
    recorder: {
      pid: process.pid,
      ...(ticks !== undefined && { startTicks: ticks }),
      version: installation.version,
      node: process.version,
    },
    startedAt: startedAt.toISOString(),
    startedMonotonicS,
    settings: { rateHz: options.rateHz, trace: options.trace },
    ...(options.loop && { loop: options.loop }),
    ...(script && { script }),
  };
}

interface Child {
  readonly process: ReturnType<typeof spawn>;
  /** Its pid, or why it could not be started. */
  readonly started: Promise<number | WattlineError>;
  readonly exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
}

function startChild(options: RecordOptions, installation: Installation, runPath: string): Child {
  const tracer = options.trace
    ? { siteDir: tracerSite(installation), runPath, ...(options.loop && { loop: options.loop }) }
    : undefined;
  const [command, ...words] = hangupIgnored() ? ignoringHangup(options.argv) : options.argv;
  const child = spawn(command!, words, {
    cwd: options.cwd,
    env: childEnvironment(options.env, tracer),
    stdio: "inherit",
  });
  return {
    process: child,
    started: new Promise((resolve) => {
      child.once("spawn", () => resolve(child.pid!));
      child.once("error", (error) =>
        resolve(new WattlineError(`${command} could not be started: ${error.message}.`, 126)),
      );
    }),
    exited: new Promise((resolve) => child.once("exit", (code, signal) => resolve({ code, signal }))),
  };
}

/**
 * What the devices draw at idle: remembered, else two seconds of it are read before the command is started. A guess from
 * load needs no wait: its idle is its model's.
 */
async function idleBefore(options: RecordOptions, source: SampleSource): Promise<Record<string, number> | undefined> {
  if (!options.idle) return undefined;
  const remembered = await rememberedIdle(options.env, Date.now());
  const wanted = source.devices.filter((device) => device.counted && device.source !== "estimated");
  if (source.samplesFrom === undefined && wanted.some(({ id }) => !remembered.has(id))) {
    await new Promise((resolve) => setTimeout(resolve, idleWaitS * 1000));
  }
  const known = source.devices.filter(({ id }) => remembered.has(id));
  return known.length > 0 ? Object.fromEntries(known.map(({ id }) => [id, remembered.get(id)!])) : undefined;
}

/** The recorder's own cost and its sampler's. */
function selfCost(sampler: { cpuTimeS: number; residentBytes: number; polls: number } | undefined) {
  const { userCPUTime, systemCPUTime } = process.resourceUsage();
  return {
    cpuTimeS: (userCPUTime + systemCPUTime) / 1e6 + (sampler?.cpuTimeS ?? 0),
    residentBytes: process.memoryUsage.rss() + (sampler?.residentBytes ?? 0),
    polls: sampler?.polls ?? 0,
  };
}
